"""A question to passages: nearest neighbours at two sizes, scored alike in every language."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from index.errors import EmptyQuestionError, LongQuestionError, QuestionTypeError
from index.scoring import PlacedQuestion, blend, passage_score
from index.storage.catalogue import Record
from index.storage.chroma import MAX_NEIGHBOURS
from index.storage.chunks import StoredChunk
from index.storage.view import View
from index.types import LANGUAGES, Language, Passage, Sentence
from index.words import Words, best_matches, similarities

MAX_QUESTION_CHARS = 2000
MAX_PASSAGES = 100
# Neighbours asked of Chroma. A passage is found by its chunk or by any of its sentences; what both find is
# scored exactly, so these bound only what is looked at.
CHUNK_NEIGHBOURS = 60
SENTENCE_NEIGHBOURS = 200
WORD_CANDIDATES = 40
LEXICAL_CANDIDATES = 20
LEXICAL_HITS = 200
# What a chunk loses for each BM25 point that the lexically best chunk of its language is ahead of it. A
# handicap, not a bonus: a bonus lets the question's own language, where every word can match, outrank
# the right passage in the other one (docs/retrieval.md).
LEXICAL_WEIGHT = 0.1
# Chunks whose vectors stay in memory: about 35 kB each.
CACHED_CHUNKS = 2048


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk as it is scored. ``sentence_of``: for each of its ``words`` which sentence it stands in, -1 for none."""

    stored: StoredChunk
    words: Words
    sentence_of: np.ndarray

    @classmethod
    def of(cls, stored: StoredChunk) -> IndexedChunk:
        words = Words.unpack(stored.words)
        return cls(stored, words, _sentence_of(words, stored.start, stored.spans))

    @property
    def sentence_vectors(self) -> np.ndarray:
        return self.stored.vectors[1 : 1 + len(self.stored.spans)]

    @property
    def heading_vector(self) -> np.ndarray | None:
        return None if self.stored.heading is None else self.stored.vectors[-1]


def check_question(question: object) -> str:
    """The question, or a :class:`~index.errors.QuestionError` (a ValueError) that says why it cannot be asked."""
    if not isinstance(question, str):
        raise QuestionTypeError(kind=type(question).__name__, value=repr(question)[:60])
    if len(question) > MAX_QUESTION_CHARS:
        raise LongQuestionError(length=len(question), limit=MAX_QUESTION_CHARS)
    if not any(character.isalnum() for character in question):
        raise EmptyQuestionError(value=question[:60])
    return question


class Searcher:
    """Finds and scores the chunks of a view. Keeps the vectors of chunks it has met; safe among threads."""

    def __init__(self) -> None:
        self._met: OrderedDict[str, IndexedChunk] = OrderedDict()
        self._lock = threading.Lock()

    def search(self, view: View, question: PlacedQuestion, k: int) -> list[Passage]:
        """At most ``k`` passages, best first."""
        matches = {language: view.lexical.search(question.text, language, LEXICAL_HITS) for language in LANGUAGES}
        chunks = [
            (i, chunk)
            for i, chunk in self._load(view, self._candidates(view, question, matches, k)).items()
            if chunk.stored.article_id in view.live
        ]
        best = {
            language: max((found.get(i, 0.0) for i, chunk in chunks if chunk.stored.language == language), default=0.0)
            for language, found in matches.items()
        }
        seen = []
        for i, chunk in chunks:
            language = chunk.stored.language
            behind = best[language] - matches[language].get(i, 0.0)
            seen.append(_by_whole_vectors(chunk, LEXICAL_WEIGHT * behind, question))
        seen.sort(key=lambda each: (-each.score(question), each.stored.article_id, each.stored.start))
        # Words are matched only where whole vectors leave a chance.
        seen = _with_words(seen[: max(WORD_CANDIDATES, 2 * k)], question)
        seen.sort(key=lambda each: (-each.score(question), each.stored.article_id, each.stored.start))
        return [each.passage(question, view.live[each.stored.article_id]) for each in seen[:k]]

    def _candidates(
        self, view: View, question: PlacedQuestion, matches: Mapping[Language, Mapping[str, float]], k: int
    ) -> list[str]:
        """Ids of live chunks that are near by themselves, through one of their sentences, or by their words."""
        query = question.vector[None, :]
        found: dict[str, None] = {}
        for hits in matches.values():
            found.update(dict.fromkeys(itertools.islice(hits, LEXICAL_CANDIDATES)))
        for collection, neighbours in ((view.chunks, CHUNK_NEIGHBOURS), (view.sentences, SENTENCE_NEIGHBOURS)):
            limit = min(max(neighbours, k), MAX_NEIGHBOURS)
            ids = _nearest(collection, query, limit)
            if any(_key_of(i) not in view.live_keys for i in ids):
                # Versions that do not count, just added or about to be deleted, crowd out those that do.
                ids = _nearest(collection, query, limit, where=view.only_live())
            found.update(dict.fromkeys(":".join(i.split(":")[:2]) for i in ids))
        return [i for i in found if _key_of(i) in view.live_keys]

    def _load(self, view: View, ids: Sequence[str]) -> dict[str, IndexedChunk]:
        with self._lock:
            chunks = {i: self._met[i] for i in ids if i in self._met}
        missing = [i for i in ids if i not in chunks]
        if missing:
            fetched = {i: IndexedChunk.of(stored) for i, stored in view.stored_chunks(missing).items()}
            chunks.update(fetched)
            with self._lock:
                self._met.update(fetched)
                while len(self._met) > CACHED_CHUNKS:
                    self._met.popitem(last=False)
        return chunks


def _nearest(collection: Any, query: np.ndarray, limit: int, where: Mapping[str, Any] | None = None) -> list[str]:
    ids: list[str] = collection.query(query_embeddings=query, n_results=limit, include=[], where=where)["ids"][0]
    return ids


def _key_of(row_id: str) -> str:
    return row_id.split(":")[0]


def _sentence_of(words: Words, chunk_start: int, sentences: np.ndarray) -> np.ndarray:
    """For each word the number of its sentence, -1 for a word of none; shape (words,)."""
    if not len(words):
        return np.zeros(0, np.int64)
    starts = words.starts.astype(np.int64) + chunk_start
    number = np.searchsorted(sentences[:, 0], starts, side="right") - 1
    inside = (number >= 0) & (starts < sentences[np.maximum(number, 0), 1])
    return np.where(inside, number, -1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A chunk with its scores before gain and handicap.

    ``whole`` is that of the chunk as one text, ``heading`` that of its heading (None without one), ``sentences`` those
    of its sentences, shape (sentences,).
    """

    chunk: IndexedChunk
    handicap: float
    whole: float
    heading: float | None
    sentences: np.ndarray

    @property
    def stored(self) -> StoredChunk:
        return self.chunk.stored

    def score(self, question: PlacedQuestion) -> float:
        return question.gains[self.stored.language] * passage_score(self.whole, self._best()) - self.handicap

    def _best(self) -> float:
        best = float(self.sentences.max())
        # A heading is no evidence, but it says what the sentences under it are about.
        return best if self.heading is None else max(best, self.heading)

    def passage(self, question: PlacedQuestion, record: Record) -> Passage:
        chunk, gain = self.stored, question.gains[self.stored.language]
        return Passage(
            article_id=chunk.article_id,
            text=chunk.text,
            start=chunk.start,
            end=chunk.end,
            score=self.score(question),
            language=chunk.language,
            title=record.title,
            published=record.published,
            url=record.url,
            heading=chunk.heading,
            sentences=tuple(
                Sentence(chunk.text[start - chunk.start : end - chunk.start], start, end, gain * float(score))
                for (start, end), score in zip(chunk.spans.tolist(), self.sentences, strict=True)
            ),
        )


def _by_whole_vectors(chunk: IndexedChunk, handicap: float, question: PlacedQuestion) -> _Seen:
    """A chunk scored by its own vector and by those of its sentences and heading."""
    language, vector = chunk.stored.language, chunk.stored.vectors[0]
    of_chunks = question.baselines["chunk", language]
    of_sentences = question.baselines["sentence", language]
    heading = chunk.heading_vector
    return _Seen(
        chunk,
        handicap,
        float(of_chunks.normalize(vector @ question.vector)),
        None if heading is None else float(of_sentences.normalize(heading @ question.vector)),
        of_sentences.normalize(chunk.sentence_vectors @ question.vector),
    )


def _with_words(seen: Sequence[_Seen], question: PlacedQuestion) -> list[_Seen]:
    """The same chunks with their words' matches blended into their scores, all in one multiplication."""
    worded = [each for each in seen if len(each.chunk.words)]
    if not worded or not question.word_baselines:
        return list(seen)
    vectors = np.concatenate([each.chunk.words.vectors for each in worded])
    similarity = similarities(question.words, vectors)
    chunk_of = np.repeat(np.arange(len(worded)), [len(each.chunk.sentence_of) for each in worded])
    firsts = np.cumsum([0, *(len(each.sentences) for each in worded)])
    sentence_of = np.concatenate(
        [np.where(each.chunk.sentence_of < 0, -1, each.chunk.sentence_of + first)
         for each, first in zip(worded, firsts, strict=False)]
    )  # fmt: skip
    of_chunks = best_matches(similarity, chunk_of, len(worded))
    of_sentences = best_matches(similarity, sentence_of, int(firsts[-1]))
    # A sentence without words (a row of symbols) has nothing but its whole vector.
    has_words = np.bincount(sentence_of[sentence_of >= 0], minlength=int(firsts[-1])) > 0
    blended = [each for each in seen if not len(each.chunk.words)]
    for number, each in enumerate(worded):
        chunk, sentence = (question.word_baselines[kind, each.stored.language] for kind in ("chunk", "sentence"))
        rows = slice(firsts[number], firsts[number + 1])
        sentences = blend(each.sentences, sentence.normalize(of_sentences[rows]))
        blended.append(
            replace(
                each,
                whole=float(blend(each.whole, chunk.normalize(float(of_chunks[number])))),
                sentences=np.where(has_words[rows], sentences, each.sentences),
            )
        )
    return blended
