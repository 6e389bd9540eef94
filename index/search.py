"""A question to passages: nearest neighbours at two sizes, scored alike in every language."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from index.catalogue import Record
from index.chroma import MAX_NEIGHBOURS
from index.chunking import Span
from index.errors import EmptyQuestionError, LongQuestionError, QuestionTypeError
from index.generation import HEADING
from index.scoring import PlacedQuestion, blend, passage_score
from index.types import LANGUAGES, Language, Passage, Sentence
from index.view import View
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
    """A chunk as it stands in the store. ``sentence_vectors``: float32, shape (sentences, dimension).

    ``words`` is None while the lexical index does not hold the chunk; ``sentence_of`` says for each word which
    sentence it stands in, -1 for the heading.
    """

    article_id: str
    key: str
    text: str
    start: int
    end: int
    heading: str | None
    heading_vector: np.ndarray | None
    language: Language
    vector: np.ndarray
    sentences: tuple[Span, ...]
    sentence_vectors: np.ndarray
    words: Words | None
    sentence_of: np.ndarray


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
            if chunk.article_id in view.live
        ]
        best = {
            language: max((found.get(i, 0.0) for i, chunk in chunks if chunk.language == language), default=0.0)
            for language, found in matches.items()
        }
        seen = []
        for i, chunk in chunks:
            behind = best[chunk.language] - matches[chunk.language].get(i, 0.0)
            seen.append(_by_whole_vectors(chunk, LEXICAL_WEIGHT * behind, question))
        seen.sort(key=lambda each: (-each.score(question), each.chunk.article_id, each.chunk.start))
        # Words are matched only where whole vectors leave a chance.
        seen = _with_words(seen[: max(WORD_CANDIDATES, 2 * k)], question)
        seen.sort(key=lambda each: (-each.score(question), each.chunk.article_id, each.chunk.start))
        return [each.passage(question, view.live[each.chunk.article_id]) for each in seen[:k]]

    def _candidates(
        self, view: View, question: PlacedQuestion, matches: Mapping[Language, Mapping[str, float]], k: int
    ) -> list[str]:
        """Ids of live chunks that are near by themselves, through one of their sentences, or by their words."""
        query = question.vector[None, :]
        found: dict[str, None] = {}
        for hits in matches.values():
            found.update(dict.fromkeys(itertools.islice(hits, LEXICAL_CANDIDATES)))
        for collection, neighbours in ((view.chunks, CHUNK_NEIGHBOURS), (view.sentences, SENTENCE_NEIGHBOURS)):
            limit = min(max(neighbours, k), MAX_NEIGHBOURS, collection.count())
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
            fetched = _fetch(view, missing)
            chunks.update(fetched)
            with self._lock:
                # Without its words (the lexical index was lost) a chunk is not kept: the next write brings them.
                self._met.update((i, chunk) for i, chunk in fetched.items() if chunk.words is not None)
                while len(self._met) > CACHED_CHUNKS:
                    self._met.popitem(last=False)
        return chunks


def _nearest(collection: Any, query: np.ndarray, limit: int, where: Mapping[str, Any] | None = None) -> list[str]:
    if not limit:
        return []
    ids: list[str] = collection.query(query_embeddings=query, n_results=limit, include=[], where=where)["ids"][0]
    return ids


def _key_of(row_id: str) -> str:
    return row_id.split(":")[0]


def _fetch(view: View, ids: Sequence[str]) -> dict[str, IndexedChunk]:
    """Chunks with their vectors from Chroma. One that is being deleted at this moment is left out."""
    got: Any = view.chunks.get(ids=list(ids), include=["metadatas", "documents", "embeddings"])
    rows = {
        i: (metadata, document, vector)
        for i, metadata, document, vector in zip(
            got["ids"], got["metadatas"] or [], got["documents"] or [], _vectors(got["embeddings"]), strict=True
        )
        if metadata and document is not None
    }
    packed = view.words(list(rows))
    parts_of = {i: _parts_of(i, metadata) for i, (metadata, _, _) in rows.items()}
    sentences = _fetch_sentences(view, [part for parts in parts_of.values() for part in parts])
    chunks = {}
    for i, (metadata, document, vector) in rows.items():
        parts = [sentences[part] for part in parts_of[i] if part in sentences]
        if len(parts) < len(parts_of[i]):
            continue
        own = parts[: metadata["sentences"]]
        words = Words.unpack(packed[i]) if i in packed else None
        chunks[i] = IndexedChunk(
            article_id=metadata["article_id"],
            key=metadata["key"],
            text=document,
            start=metadata["start"],
            end=metadata["end"],
            heading=metadata.get("heading"),
            heading_vector=parts[-1][1] if "heading" in metadata else None,
            language=metadata["language"],
            vector=vector,
            sentences=tuple(span for span, _ in own),
            sentence_vectors=np.stack([each for _, each in own]),
            words=words,
            sentence_of=_sentence_of(words, metadata["start"], [span for span, _ in own]),
        )
    return chunks


def _parts_of(chunk_id: str, metadata: Mapping[str, Any]) -> list[str]:
    """Ids of a chunk's sentences in reading order, then its heading's."""
    sentences = [f"{chunk_id}:{n}" for n in range(metadata["sentences"])]
    return [*sentences, f"{chunk_id}:{HEADING}"] if "heading" in metadata else sentences


def _fetch_sentences(view: View, ids: list[str]) -> dict[str, tuple[Span, np.ndarray]]:
    got: Any = view.sentences.get(ids=ids, include=["metadatas", "embeddings"])
    return {
        i: ((metadata["start"], metadata["end"]), vector)
        for i, metadata, vector in zip(got["ids"], got["metadatas"] or [], _vectors(got["embeddings"]), strict=True)
        if metadata
    }


def _vectors(embeddings: object) -> Iterable[np.ndarray]:
    return np.asarray(embeddings, dtype=np.float32) if embeddings is not None else ()


def _sentence_of(words: Words | None, chunk_start: int, sentences: Sequence[Span]) -> np.ndarray:
    """For each word the number of its sentence, -1 for a word of none; shape (words,)."""
    if words is None or not len(words):
        return np.zeros(0, np.int64)
    starts = words.starts.astype(np.int64) + chunk_start
    bounds = np.array(sentences)
    number = np.searchsorted(bounds[:, 0], starts, side="right") - 1
    inside = (number >= 0) & (starts < bounds[np.maximum(number, 0), 1])
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
                for (start, end), score in zip(chunk.sentences, self.sentences, strict=True)
            ),
        )


def _by_whole_vectors(chunk: IndexedChunk, handicap: float, question: PlacedQuestion) -> _Seen:
    """A chunk scored by its own vector and by those of its sentences and heading."""
    of_chunks = question.baselines["chunk", chunk.language]
    of_sentences = question.baselines["sentence", chunk.language]
    heading = chunk.heading_vector
    return _Seen(
        chunk,
        handicap,
        float(of_chunks.normalize(chunk.vector @ question.vector)),
        None if heading is None else float(of_sentences.normalize(heading @ question.vector)),
        of_sentences.normalize(chunk.sentence_vectors @ question.vector),
    )


def _with_words(seen: Sequence[_Seen], question: PlacedQuestion) -> list[_Seen]:
    """The same chunks with their words' matches blended into their scores, all in one multiplication."""
    worded = [each for each in seen if each.chunk.words]
    if not worded or not question.word_baselines:
        return list(seen)
    vectors = np.concatenate([each.chunk.words.vectors for each in worded if each.chunk.words])
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
    blended = [each for each in seen if not each.chunk.words]
    for number, each in enumerate(worded):
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
