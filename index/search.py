"""A question to passages: nearest neighbours at two sizes, scored alike in every language."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from index.errors import EmptyQuestionError, LongQuestionError, QuestionTypeError
from index.scoring import PlacedQuestion, blend, passage_score
from index.storage.catalogue import Record
from index.storage.chroma import MAX_NEIGHBOURS
from index.storage.chunks import StoredChunk
from index.storage.view import View
from index.types import LANGUAGES, Language, Passage, Sentence
from index.words import Words, best_matches, similarities

T = TypeVar("T")

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
# What stays in memory: of chunks whose vectors were looked at about 15 kB each, of words about 25 kB.
CACHED_CHUNKS = 2048
CACHED_WORDS = 1024


@dataclass(frozen=True, slots=True)
class ChunkWords:
    """The words of a chunk; ``sentence_of``: for each which sentence it stands in, int64, -1 for none."""

    words: Words
    sentence_of: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of(cls, chunk: StoredChunk, packed: bytes) -> ChunkWords:
        words = Words.unpack(packed)
        return cls(words, _sentence_of(words, chunk.start, chunk.spans))


class _Cache(Generic[T]):
    """What was read lately, by row id; safe among threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, ids: Sequence[str], read: Callable[[list[str]], dict[str, T]]) -> dict[str, T]:
        """The values of ``ids``, in any order; ``read`` is asked for those that are not held, and may lack some."""
        with self._lock:
            found = {i: self._held[i] for i in ids if i in self._held}
        missing = [i for i in ids if i not in found]
        if missing:
            fetched = read(missing)
            found.update(fetched)
            with self._lock:
                self._held.update(fetched)
                while len(self._held) > self._limit:
                    self._held.popitem(last=False)
        return found


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
        self._chunks: _Cache[StoredChunk] = _Cache(CACHED_CHUNKS)
        self._words: _Cache[ChunkWords] = _Cache(CACHED_WORDS)

    def search(self, view: View, question: PlacedQuestion, k: int) -> list[Passage]:
        """At most ``k`` passages, best first."""
        matches = {language: view.lexical.search(question.text, language, LEXICAL_HITS) for language in LANGUAGES}
        found = self._chunks.get(self._candidates(view, question, matches, k), view.stored_chunks)
        chunks = [chunk for chunk in found.values() if chunk.article_id in view.live]
        best = {
            language: max((hits.get(c.row_id, 0.0) for c in chunks if c.language == language), default=0.0)
            for language, hits in matches.items()
        }
        seen = []
        for chunk in chunks:
            behind = best[chunk.language] - matches[chunk.language].get(chunk.row_id, 0.0)
            seen.append(_by_whole_vectors(chunk, LEXICAL_WEIGHT * behind, question))
        # Words are matched only where whole vectors leave a chance.
        seen = _best_first(seen, question)[: max(WORD_CANDIDATES, 2 * k)]
        seen = _best_first(_with_words(seen, self._words_of(view, seen), question), question)
        return [each.passage(question, view.live[each.chunk.article_id]) for each in seen[:k]]

    def _words_of(self, view: View, seen: Sequence[_Seen]) -> list[ChunkWords | None]:
        """The words of each; None where they have been deleted since it was read."""
        chunks = {each.chunk.row_id: each.chunk for each in seen}
        words = self._words.get(
            list(chunks),
            lambda ids: {i: ChunkWords.of(chunks[i], packed) for i, packed in view.stored_words(ids).items()},
        )
        return [words.get(each.chunk.row_id) for each in seen]

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

    chunk: StoredChunk
    handicap: float
    whole: float
    heading: float | None
    sentences: np.ndarray

    def score(self, question: PlacedQuestion) -> float:
        return question.gains[self.chunk.language] * passage_score(self.whole, self._best()) - self.handicap

    def _best(self) -> float:
        best = float(self.sentences.max())
        # A heading is no evidence, but it says what the sentences under it are about.
        return best if self.heading is None else max(best, self.heading)

    def passage(self, question: PlacedQuestion, record: Record) -> Passage:
        chunk, gain = self.chunk, question.gains[self.chunk.language]
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


def _best_first(seen: Iterable[_Seen], question: PlacedQuestion) -> list[_Seen]:
    return sorted(seen, key=lambda each: (-each.score(question), each.chunk.article_id, each.chunk.start))


def _by_whole_vectors(chunk: StoredChunk, handicap: float, question: PlacedQuestion) -> _Seen:
    """A chunk scored by its own vector and by those of its sentences and heading."""
    similarity = chunk.vectors @ question.vector
    whole = question.baselines["chunk", chunk.language].normalize(float(similarity[0]))
    sentences = question.baselines["sentence", chunk.language].normalize(similarity[1:])
    heading = None if chunk.heading is None else float(sentences[-1])
    return _Seen(chunk, handicap, whole, heading, sentences[: len(chunk.spans)])


def _with_words(seen: Sequence[_Seen], words: Sequence[ChunkWords | None], question: PlacedQuestion) -> list[_Seen]:
    """The same chunks with their words' matches blended into their scores, all in one multiplication."""
    worded = [(each, own) for each, own in zip(seen, words, strict=True) if own]
    if not worded or not question.word_baselines:
        return list(seen)
    similarity = similarities(question.words, np.concatenate([own.words.vectors for _, own in worded]))
    chunk_of = np.repeat(np.arange(len(worded)), [len(own) for _, own in worded])
    firsts = np.cumsum([0, *(len(each.sentences) for each, _ in worded)])
    sentence_of = np.concatenate(
        [np.where(own.sentence_of < 0, -1, own.sentence_of + first)
         for (_, own), first in zip(worded, firsts, strict=False)]
    )  # fmt: skip
    of_chunks = best_matches(similarity, chunk_of, len(worded))
    of_sentences = best_matches(similarity, sentence_of, int(firsts[-1]))
    # A sentence without words (a row of symbols) has nothing but its whole vector.
    has_words = np.bincount(sentence_of[sentence_of >= 0], minlength=int(firsts[-1])) > 0
    blended = [each for each, own in zip(seen, words, strict=True) if not own]
    for number, (each, _) in enumerate(worded):
        chunk, sentence = (question.word_baselines[kind, each.chunk.language] for kind in ("chunk", "sentence"))
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
