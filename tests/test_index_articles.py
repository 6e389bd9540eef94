"""Article files: encodings, front matter, dates, folders, and errors that say what is wrong."""

from __future__ import annotations

import errno
import os
from datetime import date
from pathlib import Path

import pytest

from index import Article, read_article, read_articles, seed_articles
from index.articles import article_id_of, complete, find_article_files, leading_date, scan_folder, shorten
from index.errors import ArticleFileError, HaberciError
from index.seeds import seed_folder

TEXT = "İstanbul'da ılık bir gün. Çağrı yapıldı: “Şöyle öğütlendi.” 🙂\n\nİkinci paragraf."


def write(folder: Path, content: str | bytes, name: str = "haber.txt") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def refused(path: Path) -> str:
    """The English message of the error that reading ``path`` raises; both languages name the file."""
    with pytest.raises(ArticleFileError) as caught:
        read_article(path)
    for language in ("en", "tr"):
        assert str(path) in caught.value.message(language)
    return str(caught.value)


# --- encodings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_unicode_files_read_alike_and_keep_their_line_breaks(tmp_path: Path, encoding: str, newline: str) -> None:
    text = TEXT.replace("\n", newline)
    article = read_article(write(tmp_path, text.encode(encoding)))
    assert article.text == text
    assert article.language == "tr"
    assert article.title == "İstanbul'da ılık bir gün."


def test_big_endian_utf_16_with_its_mark_is_read(tmp_path: Path) -> None:
    assert read_article(write(tmp_path, b"\xfe\xff" + TEXT.encode("utf-16-be"))).text == TEXT


@pytest.mark.parametrize("encoding", ["windows-1254", "iso-8859-9", "utf-16-le", "utf-32"])
def test_encodings_of_turkish_are_found(tmp_path: Path, encoding: str) -> None:
    article = read_article(write(tmp_path, "Köy yolları açıldı.".encode(encoding)))
    assert (article.text, article.language) == ("Köy yolları açıldı.", "tr")


def test_an_encoding_that_is_not_found_is_refused_with_the_mend(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "В село пришла зима.".encode("windows-1251")))
    assert "byte 0 is not UTF-8; save the file as UTF-8" in message


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfea",
        b"\xff\xfe\x00\xd8",
        b"text\x00more",
    ],
    ids=["half a unit", "half a character", "nul"],
)
def test_files_that_are_no_text_are_refused(tmp_path: Path, data: bytes) -> None:
    message = refused(write(tmp_path, data))
    assert "save the file as UTF-8" in message or "not a text file" in message


def test_files_of_other_kinds_are_refused_as_what_they_are(tmp_path: Path) -> None:
    assert "it is a PNG picture" in refused(write(tmp_path, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"))
    assert "damaged Word file or archive" in refused(write(tmp_path, b"PK\x03\x04\x14\x00\x00\x00"))


@pytest.mark.parametrize("content", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"---\ntitle: Bos\n---\n", b"date 2025-12-23\n"])
def test_files_without_text_are_refused(tmp_path: Path, content: bytes) -> None:
    assert "it holds no text" in refused(write(tmp_path, content))


def test_files_that_cannot_be_opened_are_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "yok.txt")
    assert "directory" in refused(tmp_path)


# --- front matter -----------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_front_matter_gives_the_fields_and_is_no_text(tmp_path: Path, newline: str, mark: str) -> None:
    lines = ["---", "id: tokayev-1", "Title: 'Tokayev: barış'", "lang: en", "date: 2025-12-23", "url: https://example.org/a",
             "source: AA", "author: kimse", "tags: [a, b]", "---", "Ankara bugün karar verdi."]  # fmt: skip
    article = read_article(write(tmp_path, mark + newline.join(lines)))
    assert article == Article(
        "tokayev-1",
        "Ankara bugün karar verdi.",
        "Tokayev: barış",
        "en",
        date(2025, 12, 23),
        "https://example.org/a",
        "AA",
    )


@pytest.mark.parametrize(
    "value",
    ["2025-12-23", "'2025-12-23'", "2025-12-23 18:30:00", "2025-12-23T18:30:00+03:00", '"2025-12-23T18:30:00Z"'],
)
def test_dates_of_front_matter_may_be_yaml_or_text(tmp_path: Path, value: str) -> None:
    assert read_article(write(tmp_path, f"---\npublished: {value}\n---\n{TEXT}")).published == date(2025, 12, 23)


@pytest.mark.parametrize("value", ["2025-02-30", "23 Aralık 2025", "20251", "[2025, 12, 23]"])
def test_impossible_dates_of_front_matter_are_refused(tmp_path: Path, value: str) -> None:
    assert "haber.txt cannot be read as an article" in refused(write(tmp_path, f"---\ndate: {value}\n---\n{TEXT}"))


def test_numbers_in_front_matter_are_texts(tmp_path: Path) -> None:
    article = read_article(write(tmp_path, f"---\nid: 17\ntitle: 2025\nurl:\n---\n{TEXT}"))
    assert (article.id, article.title, article.url) == ("17", "2025", None)


def test_broken_front_matter_names_its_line(tmp_path: Path) -> None:
    message = refused(write(tmp_path, f"---\nsource: AA\ntitle: Tokayev: barış\n---\n{TEXT}"))
    assert "not YAML in line 3" in message
    assert "quotes" in message
    with pytest.raises(ArticleFileError) as caught:
        read_article(tmp_path / "haber.txt")
    assert "3. satır" in caught.value.message("tr")


def test_deeply_nested_front_matter_is_refused(tmp_path: Path) -> None:
    assert "front matter" in refused(write(tmp_path, f"---\nid: {'[' * 5000}\n---\n{TEXT}"))


@pytest.mark.parametrize("inside", ["yalnız bir satır", "- a\n- b", ""])
def test_rules_around_plain_text_are_no_front_matter(tmp_path: Path, inside: str) -> None:
    content = f"---\n{inside}\n---\n{TEXT}"
    assert read_article(write(tmp_path, content)).text == content


def test_a_rule_that_is_never_closed_is_text(tmp_path: Path) -> None:
    assert read_article(write(tmp_path, f"---\n{TEXT}")).text == f"---\n{TEXT}"


def test_an_unknown_language_is_refused_and_shown(tmp_path: Path) -> None:
    message = refused(write(tmp_path, f"---\nlanguage: de\n---\n{TEXT}"))
    assert "'de'" in message
    assert '"tr", "en"' in message


# --- the leading date -------------------------------------------------------------------------------


def test_a_leading_date_is_found_and_taken_out_of_a_file(tmp_path: Path) -> None:
    article = read_article(write(tmp_path, f" date 2025-12-23 {TEXT}"))
    assert (article.published, article.text) == (date(2025, 12, 23), TEXT)


def test_front_matter_overrules_the_leading_date_which_is_no_text_either(tmp_path: Path) -> None:
    article = read_article(write(tmp_path, f"---\ndate: 2024-01-01\n---\ndate 2025-12-23 {TEXT}"))
    assert (article.published, article.text) == (date(2024, 1, 1), TEXT)


def test_impossible_leading_dates_are_text() -> None:
    assert leading_date("date 2025-02-30 Ankara") is None
    assert leading_date("date 2024-02-29 Ankara") == date(2024, 2, 29)
    assert leading_date("Ankara, 2024-02-29") is None


def test_the_seed_article_is_read_without_its_date() -> None:
    (article,) = seed_articles()
    (file,) = seed_folder().glob("*.txt")
    assert article.id == file.stem
    assert (article.published, article.language, article.source) == (date(2025, 12, 23), "tr", file.name)
    assert "2025" not in article.text
    assert article.text.startswith("Amerika Birleşik Devleti başkanı")
    assert file.read_text(encoding="utf-8").endswith(article.text)


# --- what an article does not say about itself ------------------------------------------------------


def test_completing_never_changes_the_text_nor_what_is_given() -> None:
    raw = f"\ufeffdate 2025-12-23 {TEXT}\r\n"
    found = complete(Article("a", raw))
    assert (found.text, found.published, found.language) == (raw, date(2025, 12, 23), "tr")
    assert found.title == "İstanbul'da ılık bir gün."
    given = Article("a", raw, "T", "en", date(2020, 1, 1), "u", "s")
    assert complete(given) == given
    assert complete(found) == found


def test_a_heading_is_the_title() -> None:
    assert complete(Article("a", "#  Yeni   bütçe\nKabul edildi.")).title == "Yeni bütçe"
    assert complete(Article("a", "Yeni bütçe\n\nKabul edildi.")).title == "Yeni bütçe"


@pytest.mark.parametrize("text", ["uzun " * 300, "x" * 900, "# " + "uzun " * 300 + "\nMetin."])
def test_titles_are_short(text: str) -> None:
    title = complete(Article("a", text)).title
    assert title is not None
    assert len(title) <= 120
    assert title.endswith("…")


@pytest.mark.parametrize("text", ["date 2025-12-23", "?", "🙂", "12", "\u200b"])
def test_texts_with_hardly_anything_in_them_get_language_and_title(text: str) -> None:
    article = complete(Article("a", text))
    assert article.language in ("tr", "en")
    assert article.title


def test_shortening_cuts_between_words_and_keeps_the_limit() -> None:
    assert shorten("kısa", 4) == "kısa"
    assert shorten("bir iki üç dört", 12) == "bir iki üç…"
    assert shorten("bir iki, üç dört", 11) == "bir iki…"
    assert shorten("x" * 50, 10) == "x" * 9 + "…"
    assert all(len(shorten("ab cd, ef gh ij kl", limit)) <= limit for limit in range(2, 20))


# --- folders ----------------------------------------------------------------------------------------


def test_a_folder_is_read_to_the_bottom_without_what_is_hidden(tmp_path: Path) -> None:
    for name in (
        "b.txt",
        "Çağrı haberleri/a.MD",
        "alt/derin/c.markdown",
        ".gizli.txt",
        ".git/d.txt",
        "alt/.not/e.md",
        "~$f.docx",
        "f.PDF",
        "g.docx",
        "h.xhtml",
        "i.jpg",
        "j",
    ):
        write(tmp_path, TEXT, name)
    (tmp_path / "klasör.txt").mkdir()
    found = [file.relative_to(tmp_path).as_posix() for file in find_article_files(tmp_path)]
    assert found == ["alt/derin/c.markdown", "b.txt", "f.PDF", "g.docx", "h.xhtml", "Çağrı haberleri/a.MD"]


def test_a_folder_inside_a_hidden_one_can_still_be_named(tmp_path: Path) -> None:
    write(tmp_path, TEXT, ".local/haber.txt")
    assert [file.name for file in find_article_files(tmp_path / ".local")] == ["haber.txt"]


def test_a_file_that_is_named_is_read_whatever_its_ending(tmp_path: Path) -> None:
    (article,) = read_articles(write(tmp_path, TEXT, "haber.news"))
    assert isinstance(article, Article)
    assert article.source == "haber.news"


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArticleFileError, match="no such file or folder"):
        find_article_files(tmp_path / "yok")
    assert find_article_files(tmp_path) == []


def test_a_link_to_a_file_counts_once_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path, TEXT, "outside/haber.txt")
    folder = tmp_path / "folder"
    file = write(folder, TEXT, "z.txt")
    (folder / "a.txt").symlink_to(file)
    (folder / "b.txt").symlink_to(outside)
    (folder / "c.txt").symlink_to(folder / "b.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "other").symlink_to(outside.parent)
    assert find_article_files(folder) == [folder / "b.txt", file]
    assert find_article_files(folder / "other") == [folder / "other" / "haber.txt"], "a link that is named is followed"


def test_what_cannot_be_looked_at_is_told_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, TEXT, "a.txt")
    closed = write(tmp_path, TEXT, "closed/b.txt").parent
    (tmp_path / "circle.txt").symlink_to(tmp_path / "circle.txt")
    (tmp_path / "nowhere.pdf").symlink_to(tmp_path / "gone.pdf")
    (tmp_path / "nowhere.jpg").symlink_to(tmp_path / "gone.jpg")
    scandir = os.scandir

    def denying(path: Path) -> object:  # tests may run as root, whom no folder is closed to
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denying)
    files, unreadable = scan_folder(tmp_path)
    assert files == [file]
    assert [path.name for path, _ in unreadable] == ["circle.txt", "closed", "nowhere.pdf"]
    assert "okuma izni yok" in unreadable[1][1].message("tr")
    assert "a link that leads nowhere" in str(unreadable[2][1])
    assert find_article_files(tmp_path) == [file]
    assert [type(each) for each in read_articles(tmp_path)] == [ArticleFileError] * 3 + [Article]
    with pytest.raises(ArticleFileError, match="Permission denied"):
        find_article_files(closed)


def test_scanning_says_what_a_path_stands_for(tmp_path: Path) -> None:
    file = write(tmp_path, TEXT, "haber.news")
    assert scan_folder(file) == ([file], [])
    assert scan_folder(tmp_path) == ([], [])
    files, [(path, error)] = scan_folder(tmp_path / "yok")
    assert (files, path) == ([], tmp_path / "yok")
    assert "böyle bir dosya ya da klasör yok" in error.message("tr")
    files, [(_, error)] = scan_folder(tmp_path / ("x" * 300))
    assert "adı çok uzun" in error.message("tr")


def test_one_unreadable_file_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path, TEXT, "a.txt")
    write(tmp_path, b"\xe7a\xf0r\xfd\x00", "b.txt")
    write(tmp_path, TEXT, "c.txt")
    got = list(read_articles(tmp_path))
    assert [type(each) for each in got] == [Article, ArticleFileError, Article]
    assert isinstance(got[1], HaberciError)


def test_one_name_in_two_folders_is_two_articles_and_reading_again_is_the_same(tmp_path: Path) -> None:
    paths = [write(tmp_path, TEXT, f"{folder}/haber.txt") for folder in ("bir", "iki")]
    first, second = (read_article(path).id for path in paths)
    assert first != second
    assert first == article_id_of(paths[0])
    write(tmp_path, "Değişti.", "bir/haber.txt")
    assert read_article(paths[0]).id == first
    assert read_article(tmp_path / "iki" / ".." / "bir" / "haber.txt").id == first
    assert read_article(paths[0], article_id="verilen").id == "verilen"


def test_very_long_file_names_make_usable_ids(tmp_path: Path) -> None:
    assert len(read_article(write(tmp_path, TEXT, "ğ" * 120 + ".txt")).id) <= 512
