"""Encodings and kinds of documents: found in the content, whatever the name and the sender say."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sources.documents import DocumentError, DocumentReader
from index.sources.documents.decoding import decode
from tests.document_files import archive, column, page, raw_word, typeset

SENTENCES = [
    "İstanbul'da ılık bir gün.",
    "Çağrı yapıldı: şöyle öğütlendi.",
    "Köy yolları açıldı.",
    "Cumhurbaşkanı ağır şartları görüştü; IĞDIR'DA KAR YAĞIŞI BAŞLADI.",
    "Kâğıt, hâlâ rüzgâr; işçi ücretleri %25 arttı.",
    "çağrı",
    "Yağmur yağıyor",
]
ENGLISH = "The naïve café owner’s price rose to £5 – “too much”, he said."
TURKISH_ENCODINGS = ["cp1254", "iso-8859-9", "cp857", "mac-turkish"]
WIDE_ENCODINGS = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
MORE = "Valilik, okulların iki gün boyunca kapalı kalacağını ve yolların açık tutulacağını duyurdu."


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    with DocumentReader() as opened:
        yield opened


def why(reader: DocumentReader, data: bytes, name: str, content_type: str | None = None) -> str:
    with pytest.raises(DocumentError) as caught:
        reader.read_bytes(data, name=name, content_type=content_type)
    return f"{caught.value.reason} / {caught.value.reason_tr}"


# --- encodings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [*TURKISH_ENCODINGS, *WIDE_ENCODINGS, "utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [*SENTENCES, "\r\n".join(SENTENCES)])
def test_turkish_in_any_encoding_is_read_without_being_told_which(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["cp1252", "cp1254", *WIDE_ENCODINGS])
def test_english_with_its_marks_is_read(encoding: str) -> None:
    assert decode(ENGLISH.encode(encoding)) == ENGLISH


@pytest.mark.parametrize(
    "declared", ["iso-8859-1", "latin1", "windows-1252", "iso-8859-9", "utf-8", "iso-8859-2", "koi8-r", "us-ascii",
                 "unicode_escape", "hex", "punycode", "utf-7", "no such", "a\x00b", ""],
)  # fmt: skip
@pytest.mark.parametrize("text", SENTENCES[:5])
def test_a_wrong_declaration_does_not_spoil_turkish(text: str, declared: str) -> None:
    assert decode(text.encode("cp1254"), declared) == text
    assert decode(text.encode("utf-8"), declared) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, это новости из Москвы и Петербурга", "koi8-r"),
        ("Привет, это новости из Москвы и Петербурга", "windows-1251"),
        ("Zażółć gęślą jaźń, powiedział minister", "iso-8859-2"),
        ("日本語のニュースです", "shift_jis"),
        ("L’été dernier, à Orléans, une élève a été blessée près de la forêt", "windows-1252"),
    ],
)
def test_a_right_declaration_is_needed_for_other_languages_and_believed(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert decode(data, encoding) == text
    with pytest.raises(DocumentError, match="is not UTF-8; save the file as UTF-8"):
        decode(data)


@pytest.mark.parametrize(
    "data",
    ["çağrı".encode() + b"\xff", "çağrı açıldı, ".encode() * 3 + b"\xc4", bytes(range(0x80, 0x100)) * 4, b"\xff\xfea",
     b"\xff\xfe\x00\xd8", codecs.BOM_UTF16_LE + "Привет".encode("utf-16-le"), b"text\x00more", b"\x01\x02\x03" * 50],
)  # fmt: skip
def test_what_fits_no_encoding_is_refused_and_not_guessed(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"save the file as UTF-8|not a text file"):
        decode(data)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=200))
def test_utf_8_is_always_utf_8(text: str) -> None:
    try:
        decoded = decode(text.encode())
    except DocumentError:
        assert any(character < " " for character in text)
    else:
        assert decoded == text


@given(st.binary(max_size=400))
def test_any_bytes_are_text_or_a_reason(data: bytes) -> None:
    with suppress(DocumentError):
        text = decode(data)
        assert "\x00" not in text
        assert text.encode().decode() == text


@pytest.mark.parametrize("said", ["iso-8859-9", "windows-1252", "utf-8", None])
@pytest.mark.parametrize("real", ["utf-8", "cp1254", "utf-16"])
def test_pages_are_read_whatever_encoding_they_declare(reader: DocumentReader, said: str | None, real: str) -> None:
    html = page(f"<h1>Iğdır'da kış</h1><p>{MORE}</p>").decode()
    html = html.replace('<meta charset="utf-8">', f'<meta charset="{said}">' if said else "")
    got = reader.read_bytes(html.encode(real, "xmlcharrefreplace"), name="a.html")
    assert got.text == f"# Iğdır'da kış\n\n{MORE}"


@pytest.mark.parametrize("header", [{"charset": "iso-8859-2"}, {"content_type": 'text/html; charset="iso-8859-2"'}])
def test_the_senders_word_on_the_encoding_is_heard(reader: DocumentReader, header: dict[str, str]) -> None:
    text = "Zażółć gęślą jaźń, powiedział minister spraw zagranicznych w Krakowie."
    data = f"<html><body><p>{text}</p></body></html>".encode("iso-8859-2")
    assert reader.read_bytes(data, name="a", **header).text == text  # type: ignore[arg-type]


def test_one_damaged_byte_does_not_cost_a_page(reader: DocumentReader) -> None:
    broken = page(f"<p>{MORE}</p>" * 30).replace(b"<footer>", b"<footer>\xff")
    assert MORE in reader.read_bytes(broken, name="a.html").text


# --- kinds ------------------------------------------------------------------------------------------

KINDS = {
    "pdf": typeset([column([MORE])]),
    "docx": raw_word(f"<w:p><w:r><w:t>{MORE}</w:t></w:r></w:p>"),
    "html": page(f"<p>{MORE}</p>"),
    "text": MORE.encode(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a.docx", "a.html", "a.jpg", "a"])
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/pdf", "image/png"])
def test_the_content_decides_not_the_name(
    reader: DocumentReader, kind: str, name: str, content_type: str | None
) -> None:
    assert reader.read_bytes(KINDS[kind], name=name, content_type=content_type).text == MORE


def test_a_piece_of_html_is_one_by_its_name_or_type_only(reader: DocumentReader) -> None:
    piece = f"<p>{MORE}</p>"
    assert reader.read_bytes(piece.encode(), name="a.html").text == MORE
    assert reader.read_bytes(piece.encode(), name="a", content_type="text/html; charset=utf-8").text == MORE
    assert reader.read_bytes(piece.encode(), name="https://example.org/a.html?b=c.md#d.txt").text == MORE
    assert reader.read_bytes(piece.encode(), name="a.md").text == piece
    assert reader.read_bytes(MORE.encode(), name="a.html").text == MORE, "text without a tag is text"


def test_an_article_about_pdf_is_no_pdf(reader: DocumentReader) -> None:
    text = f"A PDF begins with %PDF-1.7. {MORE}"
    assert reader.read_bytes(text.encode(), name="a.txt").text == text


def test_a_pdf_may_begin_late(reader: DocumentReader) -> None:
    assert reader.read_bytes(b"\r\nHTTP junk\r\n" + KINDS["pdf"], name="a.pdf").text == MORE


OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)
OTHERS = {
    "a PNG picture / bu bir PNG resmi": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "a JPEG picture": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "a WebP picture": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "a program / bu bir program": b"MZ\x90\x00\x03\x00\x00\x00",
    "a gzip archive": b"\x1f\x8b\x08\x00",
    "a RAR archive": b"Rar!\x1a\x07\x00",
    "a video": b"\x00\x00\x00\x18ftypmp42",
    "an old Word file (.doc); save it as DOCX": OLD_OFFICE + "WordDocument".encode("utf-16-le"),
    "an old Office file": OLD_OFFICE,
    "it is encrypted": OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"),
    "an RTF file; save it as DOCX": b"{\\rtf1\\ansi Haber}",
    "a feed, not an article": b'<?xml version="1.0"?>\n<!-- x -->\n<rss version="2.0"><channel/></rss>',
    "an SVG picture": b'<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="a"/>',
    "a web archive (MHTML)": b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n",
    "an Excel workbook; save it as PDF": archive({"xl/workbook.xml": "<x/>"}),
    "a PowerPoint presentation": archive({"ppt/presentation.xml": "<x/>"}),
    "an OpenDocument file": archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}),
    "an e-book (EPUB)": archive({"META-INF/container.xml": "<x/>"}),
    "a ZIP archive; unpack it first": archive({"haber.txt": MORE}),
    "a damaged Word file or archive": b"PK\x03\x04\x14\x00\x00\x00",
    "it is empty, it holds no text / boş": b"",
}


@pytest.mark.parametrize("name", ["a.txt", "a.docx", "a.pdf", "a.html"])
@pytest.mark.parametrize("reason", OTHERS)
def test_other_files_are_refused_as_what_they_are(reader: DocumentReader, reason: str, name: str) -> None:
    assert reason in why(reader, OTHERS[reason], name)


@pytest.mark.parametrize("text", ["MZ harfleriyle başlar.", "BM toplantısı yapıldı.", "GIF dosyaları hakkında."])
def test_texts_that_begin_like_other_files_are_texts(reader: DocumentReader, text: str) -> None:
    assert reader.read_bytes(text.encode(), name="a.txt").text == text


def test_xml_is_no_text_but_may_be_a_page(reader: DocumentReader) -> None:
    data = b'<?xml version="1.0"?><note>Haber</note>'
    assert "it is an XML file" in why(reader, data, "a.txt")
    assert reader.read_bytes(data, name="a.xhtml").text == "Haber"


def test_code_from_a_server_is_no_article(reader: DocumentReader) -> None:
    assert "it is JSON, not an article" in why(reader, b'{"a": 1}', "a", "application/json; charset=utf-8")
    assert reader.read_bytes(b'{"a": "haber"}', name="a.txt").text == '{"a": "haber"}'
