"""Chunks and sentences: exact spans of the text, nothing lost, headings no evidence, sizes kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from article_texts import article_texts, check_span, uncovered
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index import Article, seed_articles
from index.articles import complete
from index.blocks import content_start, split_blocks
from index.chunking import Chunk, chunk_article
from index.seeds import seed_folder


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def count_letters(texts: Sequence[str]) -> list[int]:
    """A tokenizer at its worst: a token a letter, and five that come with every text."""
    return [5 + len(text) for text in texts]


def chunks_of(text: str, limit: int = 320, language: str = "tr") -> list[Chunk]:
    return chunk_article(Article("a", text, language=language), count_words, limit)  # type: ignore[arg-type]


@given(article_texts(), st.sampled_from(["tr", "en"]), st.sampled_from([32, 60, 320]))
@example("date 2025-12-23", "tr", 320)
@example("Başlık\n\nAlt başlık\n\nMetin.", "tr", 320)
@settings(max_examples=200, deadline=None)
def test_spans_are_exact_and_nothing_is_lost(text: str, language: str, limit: int) -> None:
    article = Article("a", text, language=language)  # type: ignore[arg-type]
    headings = [(block.start, block.end) for block in split_blocks(text) if block.kind == "heading"]
    chunks = chunk_article(article, count_letters, limit)
    assert chunks
    end = 0
    for chunk in chunks:
        check_span(text, chunk.start, chunk.end)
        assert chunk.start >= end, "chunks overlap"
        end = chunk.start
        assert chunk.sentences
        for start, stop in chunk.sentences:
            check_span(text, start, stop)
            assert start >= end, "sentences overlap"
            end = stop
        assert chunk.end == end, "a chunk ends with its last sentence"
        if chunk.heading is not None:
            check_span(text, *chunk.heading)
            assert any(start <= chunk.heading[0] and chunk.heading[1] == stop for start, stop in headings)
    sentences = [span for chunk in chunks for span in chunk.sentences]
    assert not any(start < stop2 and start2 < stop for start, stop in sentences for start2, stop2 in headings), (
        "a heading is a sentence"
    )
    # A text that is nothing but a date keeps it; else the date is the one thing left out.
    date = text[: content_start(text)].strip()
    assert uncovered(text, [*sentences, *headings]) in ("", date)
    assert uncovered(text, [(chunk.start, chunk.end) for chunk in chunks]) in ("", date)


@given(article_texts(), st.sampled_from([32, 48, 320]))
@settings(max_examples=100, deadline=None)
def test_no_part_has_more_tokens_than_allowed(text: str, limit: int) -> None:
    for count in (count_words, count_letters):
        for chunk in chunk_article(Article("a", text, language="en"), count, limit):
            counts = count([text[start:end] for start, end in chunk.sentences])
            # What is no longer than the limit in characters is kept whole without being counted.
            assert sum(counts) <= limit or (len(counts) == 1 and chunk.end - chunk.sentences[0][0] <= limit)


def test_a_table_without_sentence_ends_is_cut_until_it_fits() -> None:
    text = "1 2 " * 3000 + "son"
    chunks = chunk_article(Article("a", text, language="tr"), count_letters, 64)
    assert uncovered(text, [(chunk.start, chunk.end) for chunk in chunks]) == ""
    assert max(chunk.end - chunk.start for chunk in chunks) <= 64
    assert all(text[chunk.start] in "12s" and text[chunk.end - 1] in "12n" for chunk in chunks), "cut inside a word"


def test_one_word_of_enormous_length_is_cut() -> None:
    text = "ş" * 5000
    chunks = chunk_article(Article("a", text, language="tr"), count_letters, 64)
    assert "".join(text[chunk.start : chunk.end] for chunk in chunks) == text


# --- sections ---------------------------------------------------------------------------------------


def test_a_chunk_is_a_section_with_its_heading() -> None:
    text = "Giriş cümlesi.\n\nEkonomi\n\nBütçe kabul edildi. Oy 38'di.\n\nSpor\n\nMaç bitti."
    intro, economy, sport = chunks_of(text)
    assert (text[intro.start : intro.end], intro.heading) == ("Giriş cümlesi.", None)
    assert text[economy.start : economy.end] == "Ekonomi\n\nBütçe kabul edildi. Oy 38'di."
    assert economy.heading is not None
    assert text[slice(*economy.heading)] == "Ekonomi"
    assert [text[a:b] for a, b in economy.sentences] == ["Bütçe kabul edildi.", "Oy 38'di."]
    assert text[sport.start : sport.end] == "Spor\n\nMaç bitti."


def test_of_headings_in_a_row_the_last_counts_and_the_first_is_not_lost() -> None:
    text = "# Gündem\n\n## Ekonomi\n\nBütçe kabul edildi."
    (chunk,) = chunks_of(text)
    assert chunk.heading is not None
    assert text[slice(*chunk.heading)] == "Ekonomi"
    assert text[chunk.start : chunk.end] == text


def test_a_long_section_is_cut_between_sentences_into_parts_of_about_equal_size() -> None:
    sentences = [f"Bu {n}. maddenin metni on bir kelimeden oluşan sıradan bir cümledir." for n in range(40)]
    text = "Maddeler\n\n" + " ".join(sentences)
    chunks = chunks_of(text, limit=150)
    assert [text[a:b] for chunk in chunks for a, b in chunk.sentences] == sentences
    sizes = [len(text[chunk.start : chunk.end].split()) for chunk in chunks]
    assert max(sizes) <= 150 + 1
    assert max(sizes) - min(sizes) <= 30
    assert all(chunk.heading == (0, 8) for chunk in chunks), "every part knows its heading"
    assert [chunk.start == 0 for chunk in chunks] == [True] + [False] * (len(chunks) - 1)


def test_a_smaller_limit_makes_no_fewer_chunks() -> None:
    (article,) = seed_articles()
    counts = [len(chunk_article(article, count_words, limit)) for limit in (500, 100, 60, 32)]
    assert counts == sorted(counts)
    assert counts[0] == 4


# --- the article that the project ships -------------------------------------------------------------


def test_sections_of_the_seed_article() -> None:
    (article,) = seed_articles()
    chunks = chunk_article(article, count_words, 320)
    headings = [article.text[slice(*chunk.heading)] if chunk.heading else None for chunk in chunks]
    assert headings == [
        None,
        "Astana müzakerelerin merkezi olacak mı?",
        "Amerika Birleşik Devleti başkanı Trump'ın barış planı ve yeni adımlar",
        "Putin ve Zelenskyy: Toplantı nerede olacak?",
    ]
    sentences = [article.text[a:b] for chunk in chunks for a, b in chunk.sentences]
    assert "20-21 Aralık: ABD ve Rusya temsilcileri bir araya geldi." in sentences
    assert "19-21 Aralık: Ukrayna heyeti, planı Amerikalı ve Avrupalı ortaklarla görüştü." in sentences
    assert sentences[0].startswith("Amerika Birleşik Devleti")
    assert not set(headings) & set(sentences)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_raw_seed_text_keeps_its_date_out_of_the_sentences(newline: str) -> None:
    (file,) = seed_folder().glob("*.txt")
    raw = newline.join(file.read_bytes().decode("utf-8").splitlines())
    article = complete(Article("raw", raw))
    assert article.text == raw
    assert str(article.published) == "2025-12-23"
    chunks = chunk_article(article, count_words, 320)
    assert [len(chunk.sentences) for chunk in chunks] == [4, 3, 7, 4]
    assert not any("date 2025" in raw[a:b] for chunk in chunks for a, b in chunk.sentences)
    assert not any("2025" in raw[chunk.start : chunk.end] for chunk in chunks)
