"""The blocks of a text: what is a heading, what is a paragraph, and that nothing is lost between them."""

from __future__ import annotations

import pytest
from article_texts import article_texts, check_span, uncovered
from hypothesis import given, settings

from index.blocks import Block, content_start, first_heading, is_heading, split_blocks, unmarked
from index.seeds import seed_articles

PARAGRAPH = "Toplantı dün sona erdi."


def told(text: str) -> list[tuple[str, str]]:
    return [(block.kind, text[block.start : block.end]) for block in split_blocks(text)]


@given(article_texts())
@settings(max_examples=150, deadline=None)
def test_blocks_are_trimmed_in_order_and_hold_every_character(text: str) -> None:
    blocks = split_blocks(text)
    end = 0
    for block in blocks:
        check_span(text, block.start, block.end)
        assert block.start >= end, "blocks overlap"
        end = block.end
    assert uncovered(text, [(b.start, b.end) for b in blocks]) in ("", text[: content_start(text)].strip())
    assert blocks[-1].kind == "text", "a heading stands over nothing"


# --- paragraphs and lines ---------------------------------------------------------------------------


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\r\r", "\n \t\n", "\n\n\n\n", "\r\n\u00a0\r\n", "\u2029\u2029"])
def test_a_blank_line_ends_a_paragraph(gap: str) -> None:
    assert told(f"Bir haber geldi.{gap}İkinci haber geldi.") == [
        ("text", "Bir haber geldi."),
        ("text", "İkinci haber geldi."),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
def test_a_wrapped_line_goes_on_whatever_its_line_break(newline: str) -> None:
    text = newline.join(["Bakanlar Kurulu dün Ankara'da", "toplandı ve yeni bütçeyi", "kabul etti."])
    assert told(text) == [("text", text)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_long_lines_are_paragraphs_of_their_own(newline: str) -> None:
    long = "Kurul uzun süren görüşmelerin ardından yeni bütçeyi kabul etti ve tasarıyı meclise gönderdi. " * 2
    text = newline.join(["Yeni bütçe", long, "Kısa bir son."])
    assert told(text) == [("heading", "Yeni bütçe"), ("text", long.strip()), ("text", "Kısa bir son.")]


@pytest.mark.parametrize(
    "item",
    ["- ekmek", "– ekmek", "• ekmek", "* ekmek", "1. ekmek", "2) ekmek", "(3) ekmek", "a) ekmek", "20-21 Aralık: kar"],
)
def test_a_list_line_is_a_block_of_its_own_and_no_heading(item: str) -> None:
    text = f"Şunlar pahalandı:\n{item}\n{item}\n\n{PARAGRAPH}"
    assert told(text) == [("text", "Şunlar pahalandı:"), ("text", item), ("text", item), ("text", PARAGRAPH)]


# --- headings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Astana müzakerelerin merkezi olacak mı?",
        "Putin ve Zelenskyy: Toplantı nerede olacak?",
        "Ekonomi",
        "Will it go to the U.S.?",
        "İSTANBUL (AA)",
        "## Spor haberleri",
        "# " + "çok uzun bir başlık " * 20,
    ],
)
def test_headings(line: str) -> None:
    assert is_heading(line)
    assert told(f"{line}\n\n{PARAGRAPH}") == [("heading", line.strip()), ("text", PARAGRAPH)]


@pytest.mark.parametrize(
    "line",
    [
        PARAGRAPH,
        "“Geldik, gördük.”",
        "Şunlar görüşüldü:",
        "- ekmek",
        "2025",
        "***",
        "kelime " * 17,
        "ve " + "uzunkelime" * 12,
        "bir satır\nve öteki",
        "#etiket paylaşıldı.",
        "Ve sonra…",
        "Kar yağdı! 🙂👍",
    ],
)
def test_no_headings(line: str) -> None:
    assert not is_heading(line)
    assert ("heading", line.strip()) not in told(f"{line}\n\n{PARAGRAPH}")


def test_the_last_line_is_never_a_heading() -> None:
    assert told("Ekonomi") == [("text", "Ekonomi")]
    assert told(f"{PARAGRAPH}\n\nEkonomi") == [("text", PARAGRAPH), ("text", "Ekonomi")]


def test_many_short_lines_in_a_row_are_a_list_and_only_the_last_is_a_heading() -> None:
    names = ["Ali Veli", "Ayşe Işık", "Can Öz", "Ekonomi"]
    for count in (1, 2, 3):
        kinds = [kind for kind, _ in told("\n\n".join([*names[-count:], PARAGRAPH]))]
        assert kinds == ["heading"] * count + ["text"]
    kinds = [kind for kind, _ in told("\n\n".join([*names, PARAGRAPH]))]
    assert kinds == ["text", "text", "text", "heading", "text"]


def test_a_markdown_heading_needs_no_blank_line_below() -> None:
    assert told(f"# Bütçe\n{PARAGRAPH}\n## Spor\n{PARAGRAPH}") == [
        ("heading", "# Bütçe"), ("text", PARAGRAPH), ("heading", "## Spor"), ("text", PARAGRAPH),
    ]  # fmt: skip


def test_a_lone_number_sign_makes_no_heading_of_the_line_below() -> None:
    text = f"#\n{PARAGRAPH}\n\n{PARAGRAPH}"
    assert told(text) == [("text", f"#\n{PARAGRAPH}"), ("text", PARAGRAPH)]


def test_marks_of_markdown_are_left_out_of_a_heading() -> None:
    text = f"##  Spor\n{PARAGRAPH}"
    heading = first_heading(text, split_blocks(text))
    assert heading == Block("heading", 4, 8)
    assert text[heading.start : heading.end] == "Spor"
    assert unmarked("Spor", Block("heading", 0, 4)) == Block("heading", 0, 4)
    assert first_heading(PARAGRAPH, split_blocks(PARAGRAPH)) is None
    assert first_heading("", []) is None


def test_the_seed_article_has_exactly_three_headings() -> None:
    (article,) = seed_articles()
    assert [piece for kind, piece in told(article.text) if kind == "heading"] == [
        "Astana müzakerelerin merkezi olacak mı?",
        "Amerika Birleşik Devleti başkanı Trump'ın barış planı ve yeni adımlar",
        "Putin ve Zelenskyy: Toplantı nerede olacak?",
    ]


# --- the leading date -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    ["date 2025-12-23 ", " date 2025-12-23\n\n", "Date: 2025-12-23 - ", "TARİH 2025-12-23: ", "tarih 2025-12-23 — ",
     "\ufeffdate 2025-12-23 ", "date 2025-12-23.\n"],
)  # fmt: skip
def test_the_article_begins_after_a_leading_date(start: str) -> None:
    assert content_start(start + PARAGRAPH) == len(start)
    assert told(start + PARAGRAPH) == [("text", PARAGRAPH)]


@pytest.mark.parametrize(
    "text",
    ["date 2025-13-45 Ankara.", "date 2025-02-30 Ankara.", "2025-12-23 Ankara.", "date 2025-12-231 Ankara.",
     "dated 2025-12-23", "date ٢٠٢٥-١٢-٢٣ Ankara.", "The date 2025-12-23 is set."],
)  # fmt: skip
def test_what_is_no_leading_date_stays(text: str) -> None:
    assert content_start(text) == 0


def test_what_follows_the_date_keeps_its_own_marks() -> None:
    assert told("date 2025-12-23\n- ekmek\n- süt") == [("text", "- ekmek"), ("text", "- süt")]
    assert told("date 2025-12-23 -5 derece ölçüldü.") == [("text", "-5 derece ölçüldü.")]


def test_a_text_that_is_only_a_date_is_one_block() -> None:
    assert told("date 2025-12-23\n") == [("text", "date 2025-12-23")]


def test_blank_text_has_no_blocks() -> None:
    assert split_blocks("") == split_blocks(" \r\n\u00a0\n") == []
