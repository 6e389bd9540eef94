"""What is read of text, pages, PDFs and Word files: the text in paragraphs, and what a document says about itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import docx
import pytest

from index.articles import read_article, to_article
from index.blocks import split_blocks
from index.sources.documents import DOCUMENT_SUFFIXES, Document, DocumentError, DocumentReader
from index.sources.documents.cleaning import clean_text, plausible_title
from tests.document_files import column, drawn, packed, page, pdf, raw_word, stream, typeset, word

LETTERS = "İstanbul'da ılık, Iğdır'da ağır kış: çığ, şölen, öğüt, Üsküdar."
MORE = "Valilik, okulların iki gün boyunca kapalı kalacağını ve yolların açık tutulacağını duyurdu."


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    with DocumentReader() as opened:
        yield opened


def refused(reader: DocumentReader, data: bytes, name: str) -> str:
    with pytest.raises(DocumentError) as caught:
        reader.read_bytes(data, name=name)
    for reason in (caught.value.reason, caught.value.reason_tr):
        assert reason
        assert not reason.endswith(".")
    return caught.value.reason


def paragraphs(document: Document) -> list[str]:
    return document.text.split("\n\n")


# --- text and Markdown ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.markdown", "a.news", "a"])
def test_text_is_kept_as_it_stands_in_the_file(reader: DocumentReader, name: str) -> None:
    text = f"{LETTERS}\r\n\r\n  iki  boşluk\tsekme\x0cyeni sayfa i\u0307 \u200d🙂\n"
    assert reader.read_bytes(text.encode(), name=name) == Document(text)


def test_front_matter_is_taken_as_it_is_written(reader: DocumentReader) -> None:
    text = "---\nid: 007\ntitle: No\nlanguage: tr-TR\ndate: 2025-12-23\nsource: 1e3\nurl: null\n---\nMetin."
    got = reader.read_bytes(text.encode(), name="a.md")
    assert got == Document("Metin.", "No", date(2025, 12, 23), "tr", None, "007", "1e3")


@pytest.mark.parametrize(
    ("front_matter", "reason"),
    [
        ("title: [a, b]", "a list as title"),
        ("date: 2025-02-30", "'2025-02-30'; write it as 2025-12-23"),
        ("lang: de", '\'de\'; it must be "tr", "en"'),
        ("a: [" * 3000, "nested too deep"),
        ("title: a: b", "not YAML in line 2"),
        ("a: &a [1]\nid: *b", "not YAML in line 3"),
    ],
)
def test_front_matter_that_cannot_be_used_says_why(reader: DocumentReader, front_matter: str, reason: str) -> None:
    assert reason in refused(reader, f"---\n{front_matter}\n---\nMetin.".encode(), "a.md")


def test_front_matter_is_not_built_into_more_than_it_says(reader: DocumentReader) -> None:
    levels = "".join(f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}]}}\n" for n in range(1, 12))
    text = f"---\nl0: &l0 {{x: 1}}\n{levels}title: Başlık\n---\nMetin."
    assert reader.read_bytes(text.encode(), name="a.md").title == "Başlık"


def test_dashes_far_down_are_no_front_matter(reader: DocumentReader) -> None:
    text = "---\n" + "a: b\n" * 5000 + "---\nMetin."
    assert reader.read_bytes(text.encode(), name="a.md").text == text


# --- pages ------------------------------------------------------------------------------------------

PAGE = page(
    f"""<h1>Kar yağışı</h1><p>{LETTERS} <b>{MORE}</b> <a href="/x">Ayrıntılar</a> burada.</p>
    <h2>Uçuşlar iptal</h2><p>{MORE}<br>Alt satır.<br><br>Yeni paragraf, çünkü iki satır sonu var.</p>
    <ul><li>Birinci madde.</li><li>İkinci madde:<ul><li>iç madde</li></ul></li></ul>
    <table><tr><th>İl</th><th>Kar</th></tr><tr><td>Iğdır</td><td>12 cm</td></tr></table>
    <script>alert("olmaz")</script><p style="display:none">gizli</p>""",
    '<meta property="article:published_time" content="2025-12-23T08:00:00+03:00">'
    '<meta property="og:title" content="Kar yağışı Iğdır\'ı vurdu">'
    '<link rel="canonical" href="https://example.org/kar">',
)


def test_a_page_gives_its_article_without_the_page_around_it(reader: DocumentReader) -> None:
    got = reader.read_bytes(PAGE, name="kar.html")
    assert paragraphs(got) == [
        "# Kar yağışı",
        f"{LETTERS} {MORE} Ayrıntılar burada.",
        "## Uçuşlar iptal",
        f"{MORE}\nAlt satır.",
        "Yeni paragraf, çünkü iki satır sonu var.",
        "- Birinci madde.\n- İkinci madde:\n- iç madde\n- İl | Kar\n- Iğdır | 12 cm",
    ]
    assert (got.title, got.published, got.url) == (
        "Kar yağışı Iğdır'ı vurdu",
        date(2025, 12, 23),
        "https://example.org/kar",
    )
    assert [each.kind for each in split_blocks(got.text)[:3]] == ["heading", "text", "heading"]


@pytest.mark.parametrize(
    ("head", "body", "published"),
    [
        ('<script type="application/ld+json">{"@type": "Article", "datePublished": "2025-12-23"}</script>', "", 1),
        ("", '<time datetime="2025-12-23T08:00">salı</time>', 1),
        ("", '<div class="haber-tarih">23.12.2025 10:30</div>', 1),
        ("", '<span class="date">23 Aralık 2025 Salı</span>', 1),
        ("", "<p>Kurul 23.12.2025 günü, 2025-12-23 tarihli kararla toplandı.</p>", 0),
        ("", '<img src="/resim/2025/12/23/kar.jpg">', 0),
        ('<meta property="article:modified_time" content="2025-12-23">', "", 0),
        ("", '<div class="update-date">23.12.2025 10:30</div>', 0),
        (f'<meta name="date" content="{date.today() + timedelta(days=400)}">', "", 0),  # noqa: DTZ011
        ('<meta name="date" content="geçen salı">', "", 0),
    ],
)  # fmt: skip
def test_only_a_date_of_publication_is_one(reader: DocumentReader, head: str, body: str, published: int) -> None:
    got = reader.read_bytes(page(f"<h1>Kar</h1>{body}<p>{LETTERS} {MORE}</p>", head), name="a.html")
    assert got.published == (date(2025, 12, 23) if published else None)


def test_an_address_may_hold_the_date(reader: DocumentReader) -> None:
    url = "https://example.org/2025/12/23/kar"
    assert reader.read_bytes(page(f"<p>{MORE}</p>"), name="a", url=url).published == date(2025, 12, 23)


@pytest.mark.parametrize(
    ("canonical", "given", "expected"),
    [
        ("https://example.org/a", None, "https://example.org/a"),
        ("javascript:alert(1)", None, None),
        ("/a", None, None),
        ("https://www.example.org/a", "https://m.example.org/a?from=x", "https://www.example.org/a"),
        ("https://bank.example/a", "https://example.org/a", "https://example.org/a"),
        (None, "https://example.org/a", "https://example.org/a"),
    ],
)
def test_a_page_speaks_for_its_own_host_only(
    reader: DocumentReader, canonical: str | None, given: str | None, expected: str | None
) -> None:
    head = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    assert reader.read_bytes(page(f"<p>{MORE}</p>", head), name="a.html", url=given).url == expected


def test_a_language_is_believed_unless_the_words_are_another(reader: DocumentReader) -> None:
    english = "The governor said that schools would be closed for two days because of heavy snow."
    assert reader.read_bytes(page(f"<p>{english}</p>", language="en-GB"), name="a.html").language == "en"
    assert reader.read_bytes(page(f"<p>{english}</p>", language="tr"), name="a.html").language is None
    assert reader.read_bytes(page(f"<p>{MORE}</p>", language="en"), name="a.html").language is None


@pytest.mark.parametrize(
    "html", ["<html></html>", "<html><body><script>x()</script></body></html>", "<html><!-- a -->"]
)
def test_a_page_without_an_article_is_refused(reader: DocumentReader, html: str) -> None:
    assert "no article's text" in refused(reader, html.encode(), "a.html")


def test_characters_of_a_page_are_cleaned(reader: DocumentReader) -> None:
    html = f"<p>{MORE} &#146;tek&#146;&nbsp;i&#x307;ş kar&shy;şı &#xFEFF;&#x202E;ters&#x202C; &#7;&#xD800;\x07son.</p>"
    assert reader.read_bytes(page(html), name="a.html").text == unicodedata.normalize(
        "NFC", f"{MORE} ’tek’ i\u0307ş karşı ters son."
    )


# --- PDF --------------------------------------------------------------------------------------------

LINES = [
    "İstanbul'da ılık hava, Iğdır'da ağır kış var; Ağrı'da ise yolların",
    "çoğu kapandı ve Cumhurbaş-",
    "kanlığı bir açıklama yaptı.",
    "",
    "Öğütler: Şölen ertelendi, Üsküdar'da Türk-",
    "Yunan dostluk toplantısı 20-",
    "21 Aralık günlerine kaldı, yollar açık.",
    "• Birinci madde kısa.",
    "• İkinci madde de kısa, ama bir satıra sığmayacak kadar uzun olan",
    "bir sonu var.",
]


def test_lines_of_a_pdf_become_paragraphs(reader: DocumentReader) -> None:
    rows = [(50, 760, 24, "Kar yağışı Iğdır'ı"), (50, 733, 24, "vurdu"), *column(LINES)]
    got = reader.read_bytes(typeset([rows], title="Iğdır'da kış", language="tr-TR"), name="a.pdf")
    assert paragraphs(got) == [
        "# Kar yağışı Iğdır'ı vurdu",
        f"{LINES[0]} çoğu kapandı ve Cumhurbaşkanlığı bir açıklama yaptı.",
        "Öğütler: Şölen ertelendi, Üsküdar'da Türk-Yunan dostluk toplantısı 20-21 Aralık günlerine kaldı, yollar açık.",
        "• Birinci madde kısa.",
        "• İkinci madde de kısa, ama bir satıra sığmayacak kadar uzun olan bir sonu var.",
    ]
    assert (got.title, got.language) == ("Iğdır'da kış", "tr")
    assert got.published is None, "the day a file was made is not the day of the news"


def test_headers_footers_and_page_numbers_are_no_text_and_sentences_go_on_overleaf(reader: DocumentReader) -> None:
    body = [
        "Birinci sayfanın metni burada başlar ve bir cümle",
        "ikinci sayfada biter. Sonra başka bir cümle daha gelir ve",
    ]
    ends = ["yine bir sonraki sayfaya taşar."]
    pages = [
        [(250, 780, 9, "Günlük Gazete 23.12.2025"), *column(lines), (300, 20, 9, f"Sayfa {number} / 3")]
        for number, lines in enumerate((body[:1], body[1:], ends), start=1)
    ]
    got = reader.read_bytes(typeset(pages), name="a.pdf")
    assert got.text == " ".join([*body, *ends])


def test_two_columns_are_read_one_after_the_other(reader: DocumentReader) -> None:
    left, right = LINES[:3], LINES[4:7]
    got = reader.read_bytes(typeset([[*column(left), *column(right, x=320)]]), name="a.pdf")
    assert len(paragraphs(got)) == 2
    assert paragraphs(got)[1].startswith("Öğütler")


def test_a_first_line_set_in_begins_a_paragraph(reader: DocumentReader) -> None:
    lines = (
        "Valilik okulların kapalı olduğunu duyurdu, yollar ise açık tutuluyor.",
        "Öğrenciler evlerinde kalacak ve dersler bilgisayardan izlenecek, dendi",
        "dünkü açıklamada; yarın da sürmesi beklenen yağışla tatil uzayabilir.",
    )
    rows = [(50, 700, 12, lines[0]), (70, 686, 12, lines[1]), (50, 672, 12, lines[2])]
    assert len(paragraphs(reader.read_bytes(typeset([rows]), name="a.pdf"))) == 2


def test_turkish_letters_are_mended_where_a_font_gives_icelandic_ones(reader: DocumentReader) -> None:
    text = "Aðrý'da aðýr kýþ þartlarý: yollar kapandý, Þýrnak ve Iðdýr'da okullar tatil edildi."
    font = b"<</Type/Font/Subtype/TrueType/BaseFont/Arial/Encoding/WinAnsiEncoding>>"
    content = b"BT /F 12 Tf 50 700 Td <%s> Tj ET" % text.encode("cp1252").hex().encode()
    got = reader.read_bytes(drawn(packed(content), resources=b"/Font<</F 5 0 R>>", more=[font]), name="a.pdf")
    assert got.text == "Ağrı'da ağır kış şartları: yollar kapandı, Şırnak ve Iğdır'da okullar tatil edildi."


@pytest.mark.parametrize(
    "title",
    [
        "Microsoft Word - Belge1",
        "Document1",
        "Adsız",
        "untitled",
        "haber_v2.docx",
        "a.indd",
        "2025-12-23",
        "https://a.b",
    ],
)
def test_titles_that_programs_write_are_none(reader: DocumentReader, title: str) -> None:
    assert reader.read_bytes(typeset([column(LINES)], title=title), name="a.pdf").title is None


@pytest.mark.parametrize("title", ["Document that changed the war", "Belge krizi", "NATO: 2025", "Word oyunu"])
def test_titles_that_people_write_stay(title: str) -> None:
    assert plausible_title(title) == title


def test_pdfs_without_text_say_what_they_are(reader: DocumentReader) -> None:
    picture = stream(b"\x00", b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8")
    scanned = drawn(packed(b"/I Do"), resources=b"/XObject<</I 5 0 R>>", more=[picture])
    assert "pictures without text; run text recognition (OCR)" in refused(reader, scanned, "a.pdf")
    assert "its pages hold no text" in refused(reader, drawn(packed(b"")), "a.pdf")
    assert "damaged PDF" in refused(reader, typeset([column(LINES)])[:400], "a.pdf")
    assert "damaged PDF" in refused(reader, b"%PDF-1.7\n" + bytes(range(1, 256)) * 9, "a.pdf")
    empty = pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"])
    assert "no text" in refused(reader, empty, "a.pdf")


def test_a_font_without_letters_is_refused(reader: DocumentReader) -> None:
    private = "".join(chr(0xE000 + ord(letter)) for letter in "Haber metni burada")
    assert "do not tell which letters" in refused(reader, typeset([column([private] * 3)]), "a.pdf")


def test_encrypted_pdfs_are_read_with_the_empty_password_or_refused(reader: DocumentReader, tmp_path: Path) -> None:
    import pypdf

    for password in ("", "gizli"):
        writer = pypdf.PdfWriter(clone_from=_file(tmp_path, typeset([column(LINES)])))
        writer.encrypt(password, "sahibi", algorithm="RC4-128")
        writer.write(tmp_path / f"{password}.pdf")
    assert reader.read_file(tmp_path / ".pdf").text.startswith("İstanbul'da")
    assert "encrypted; save it without a password" in refused(reader, (tmp_path / "gizli.pdf").read_bytes(), "a.pdf")


def _file(folder: Path, data: bytes) -> Path:
    (folder / "open.pdf").write_bytes(data)
    return folder / "open.pdf"


# --- Word -------------------------------------------------------------------------------------------


def test_a_word_file_gives_its_paragraphs_headings_lists_and_tables(reader: DocumentReader) -> None:
    written = docx.Document()
    written.core_properties.title = "Iğdır'da kış"
    written.add_heading("Kar yağışı", 0)
    written.add_paragraph(LETTERS).add_run(f" {MORE}\nAlt satır.").bold = True
    written.add_heading("Uçuşlar iptal", 1)
    written.add_paragraph("Birinci madde", style="List Bullet")
    written.add_paragraph("İkinci madde", style="List Number")
    table = written.add_table(2, 2)
    for cell, text in zip((*table.row_cells(0), *table.row_cells(1)), ("İl", "Kar", "Iğdır", "12 cm"), strict=True):
        cell.text = text
    written.add_table(1, 1).cell(0, 0).text = "Tek hücreli kutu."
    got = reader.read_bytes(word(written), name="a.docx")
    assert paragraphs(got) == [
        "# Kar yağışı",
        f"{LETTERS} {MORE}\nAlt satır.",
        "# Uçuşlar iptal",
        "- Birinci madde\n- İkinci madde\n- İl | Kar\n- Iğdır | 12 cm",
        "Tek hücreli kutu.",
    ]
    assert (got.title, got.published) == ("Iğdır'da kış", None), "the template was made in 2013"


def test_text_that_word_shows_is_read_and_text_that_it_does_not_is_not(reader: DocumentReader) -> None:
    run = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>".format
    body = f"""<w:p>{run("Açık")}<w:ins>{run(" eklenen")}</w:ins><w:del>{run(" silinen")}</w:del>
        <w:sdt><w:sdtContent>{run(" alan")}</w:sdtContent></w:sdt><w:hyperlink>{run(" bağ")}</w:hyperlink>
        <w:r><w:rPr><w:vanish/></w:rPr><w:t> gizli</w:t></w:r><w:r><w:instrText> PAGE</w:instrText></w:r></w:p>
        <w:sdt><w:sdtContent><w:p>{run("Denetimdeki paragraf.")}</w:p></w:sdtContent></w:sdt>
        <w:p><w:r><w:pict><w:txbxContent><w:p>{run("Kutu.")}</w:p></w:txbxContent></w:pict></w:r>{run("Kutulu.")}</w:p>"""
    got = reader.read_bytes(raw_word(body), name="a.docx")
    assert paragraphs(got) == ["Açık eklenen alan bağ", "Denetimdeki paragraf.", "Kutulu.", "Kutu."]


def test_empty_and_damaged_word_files_are_refused(reader: DocumentReader) -> None:
    assert "it holds no text" in refused(reader, raw_word("<w:p/>"), "a.docx")
    assert "damaged" in refused(reader, raw_word("<w:p/>")[:-30], "a.docx")
    assert "damaged" in refused(reader, raw_word("<w:p>"), "a.docx")


# --- all of them ------------------------------------------------------------------------------------


def test_clean_text_is_clean_once_and_for_all() -> None:
    text = "a\x00b\r\nc\rd\u2028e\u2029f \u00a0 g\t\ud800h\ue000ﬁ\x93q\x94\n\n\n\n i"
    cleaned = clean_text(text)
    assert cleaned == "ab\nc\nd\ne\n\nf g\thfi“q”\n\ni"
    assert clean_text(cleaned) == cleaned


def test_a_document_becomes_an_article_with_what_it_lacks() -> None:
    document = Document(f"date 2025-12-23 {LETTERS}\n\n{MORE}")
    article = to_article(document, article_id="a", source="a.pdf", place="/x/a.pdf")
    assert article.text == f"{LETTERS}\n\n{MORE}"
    assert (article.published, article.language, article.source) == (date(2025, 12, 23), "tr", "a.pdf")
    assert to_article(Document("Metin.", source="AA"), article_id="a", source="b", place="c").source == "AA"


@pytest.mark.parametrize("suffix", DOCUMENT_SUFFIXES)
def test_every_suffix_is_read_as_an_article(tmp_path: Path, reader: DocumentReader, suffix: str) -> None:
    written = docx.Document()
    written.add_paragraph(MORE)
    of_suffix = {".pdf": typeset([column([MORE])]), ".docx": word(written)}
    data = of_suffix.get(suffix, page(f"<p>{MORE}</p>") if "htm" in suffix else MORE.encode())
    path = tmp_path / f"Haber{suffix.upper()}"
    path.write_bytes(data)
    article = read_article(path, reader=reader)
    assert (article.text, article.language, article.source) == (MORE, "tr", path.name)
    assert article.id.startswith("Haber-")
