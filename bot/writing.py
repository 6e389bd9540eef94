"""Evidence to an answer in a language model's words, of which only what the quotes support is kept.

question + quotes -> the model's sentences as they come -> each verified against the quotes it cites -> an answer that
grows. What fails is dropped; when nothing is left, the quotes themselves are the answer.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from bot.evidence import Evidence
from bot.generation import GenerationError, generate
from bot.injection import is_injection
from bot.phrases import LLM_NOTES
from bot.prompt import NOT_STATED, build_messages
from bot.quote import citation_of, not_found, quote_answer
from bot.types import Answer
from bot.verification import Verifier
from index import Language
from index.language import detect_language
from index.sentences import split_sentences
from index.text import fold, tokens

MAX_SENTENCES = 5
# From this score on quotes are shown even though the model has found no answer in them.
SURE = 6.5
# "Moskova'da" claims nothing: it is held against the words that the reader has marked.
_MIN_WORDS_OF_A_CLAIM = 3
# A sentence of fewer words may be a name and a figure, which are of no language.
_MIN_WORDS_OF_A_LANGUAGE = 4

_MARK = re.compile(r"[\[【]\s*\d{1,3}(?:\s*[,;-]\s*\d{1,3})*\s*[\]】]")
_LEADING_MARKS = re.compile(rf"(?:\s*{_MARK.pattern})+")
_MARK_BEGUN = re.compile(r"[\s.,;]*(?:[\[【][\s\d,;-]*)?")
_LABEL = re.compile(r"^\s*(?:[-*•]\s+|(?:answer|yanıt|cevap)\s*:\s*)+", re.IGNORECASE)
_SUSPICIOUS = re.compile(r"\ufffd|https?:|www\.|\]\(|<[a-z/!|]|```|javascript:", re.IGNORECASE)
# What speaks of the quotes themselves and denies something of them; "Putin did not say when" is an answer.
_UNSTATED = re.compile(
    r"not[ _]stated|\b(?:quotes?|articles?|texts?|passages?|context|information|sources?)\b[^.]{0,60}"
    r"(?:\bnot\b|n't\b|\bno\b)|\b(?:no|not enough) information\b|\bnot (?:mentioned|specified|provided)\b|"
    r"\b(?:alinti|makale|metin|haber|kaynak|parca)[a-z]*\b[^.]{0,80}(?:\byok|me(?:mis|di|mek)|ma(?:mis|di|mak)|miyor|muyor)|"
    r"\bbilgi (?:yok|verilme|bulunma)|\bbelirtilme(?:mis|di)|\b(?:yanit|cevap) (?:yok|verme|bulunma)"
)

Generate = Callable[[BaseChatModel, Sequence[BaseMessage], float], Generator[str]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence as the model wrote it, without its marks, and the numbers of the quotes that it cites."""

    text: str
    cited: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A verified sentence and the places of its quotes in the evidence."""

    text: str
    quotes: tuple[int, ...]


class Writer:
    """Lets a language model answer from evidence. Safe to share among threads.

    ``timeout_s``: what the model has for an answer, from the question to its last word. ``generate``: what asks it.
    """

    def __init__(
        self, model: BaseChatModel, verifier: Verifier, timeout_s: float, generate: Generate = generate
    ) -> None:
        self._model = model
        self._verifier = verifier
        self._timeout_s = timeout_s
        self._generate = generate

    def write(self, question: str, evidence: Sequence[Evidence], language: Language) -> Iterator[Answer]:
        """The answer as it grows, one verified sentence more each time; the last one is final.

        Never raises for what the model does: the articles' own words are the answer then, with a note.
        """
        if not evidence:
            yield not_found(language)
            return
        whole, evidence = evidence, [item for item in evidence if self._is_for_readers(item)]
        if not evidence:
            yield replace(quote_answer(whole, language), note=LLM_NOTES["withheld"][language])
            return
        kept: list[_Kept] = []
        dropped = refused = 0
        note = None
        messages = build_messages(question, evidence, language)
        try:
            with closing(self._generate(self._model, messages, self._timeout_s)) as pieces:
                for draft in drafts(pieces, language):
                    if is_refusal(draft.text):
                        refused += 1
                        continue
                    sentence = self._verified(draft, evidence, language)
                    if sentence is None:
                        dropped += 1
                    elif sentence.text not in (each.text for each in kept):
                        kept.append(sentence)
                        yield _answer(kept, evidence, language)
                    if len(kept) == MAX_SENTENCES:
                        break
        except GenerationError as error:
            note = LLM_NOTES[error.kind][language]
        if kept:
            # What was cut short is said; the sentences that came through stand.
            yield replace(_answer(kept, evidence, language), note=note)
        elif note is None and refused and not dropped and evidence[0].score < SURE:
            yield not_found(language)
        else:
            kind = "unsupported" if dropped else "unstated" if refused else "failed"
            yield replace(quote_answer(whole, language), note=note or LLM_NOTES[kind][language])

    def _is_for_readers(self, item: Evidence) -> bool:
        return not _is_for_machines(item) and self._verifier.is_legible(item.quote)

    def _verified(self, draft: Draft, evidence: Sequence[Evidence], language: Language) -> _Kept | None:
        """The sentence with quotes that support it: those it cites, or else one that does; None if none does."""
        if _SUSPICIOUS.search(draft.text) or is_injection(draft.text) or not _is_in(draft.text, language):
            _log.debug("A sentence was dropped: it is in another language, or is no answer by its form.")
            return None
        # A quote that says the opposite must not be passed over for one that is silent.
        if self._verifier.is_inverted(draft.text, language, evidence):
            _log.debug("A sentence was dropped: the quotes say the opposite.")
            return None
        cited = tuple(sorted({number - 1 for number in draft.cited if 0 < number <= len(evidence)}))
        # Quotes that are not cited together are not taken together: each says something else.
        for quotes in dict.fromkeys([*([cited] if cited else []), *((each,) for each in range(len(evidence)))]):
            if self._supports(quotes, draft, evidence, language):
                return _Kept(draft.text, quotes)
        return None

    def _supports(self, quotes: Sequence[int], draft: Draft, evidence: Sequence[Evidence], language: Language) -> bool:
        chosen = [evidence[each] for each in quotes]
        check = self._verifier.check if len(tokens(draft.text)) >= _MIN_WORDS_OF_A_CLAIM else self._verifier.check_words
        verdict = check(draft.text, language, chosen)
        if not verdict.is_supported:
            _log.debug("A sentence was not supported by quotes %s: %s.", quotes, verdict.fault)
        return verdict.is_supported


def _is_for_machines(item: Evidence) -> bool:
    """Whether a quote has signs of being written for a machine, or goes on a sentence that has."""
    before = [sentence for sentence in item.passage.sentences if sentence.end <= item.start]
    text = item.passage.text[: item.start - item.passage.start]
    goes_on = bool(before) and "\n" not in text[before[-1].end - item.passage.start :].replace("\r", "\n")
    return is_injection(item.quote) or (goes_on and is_injection(before[-1].text))


def drafts(pieces: Iterable[str], language: Language) -> Iterator[Draft]:
    """The sentences of a text that comes in pieces, each as soon as the next one has begun.

    Marks behind a full stop belong to the sentence before them. A text that was cut off in the middle of a sentence
    gives that sentence nevertheless: the verification decides about it.
    """
    text = ""
    given = 0
    for piece in pieces:
        text += piece
        spans = _sentences(text, language)
        for start, end in spans[given:-1]:
            yield _draft(text[start:end])
        given = max(given, len(spans) - 1)
    for start, end in _sentences(text, language)[given:]:
        yield _draft(text[start:end])


def _sentences(text: str, language: Language) -> list[tuple[int, int]]:
    """Spans of sentences; a line is a block, and marks at the beginning of a sentence belong to the one before."""
    spans: list[tuple[int, int]] = []
    line_start = 0
    for line in text.splitlines(keepends=True):
        for start, end in split_sentences(line, language):
            start, end = start + line_start, end + line_start
            marks = _LEADING_MARKS.match(text, start, end)
            if marks and spans:
                spans[-1] = (spans[-1][0], marks.end())
                start = marks.end()
            # What may become a mark with the next piece is no sentence yet.
            if not _MARK_BEGUN.fullmatch(text, start, end) or not spans:
                spans.append((start, end))
        line_start += len(line)
    return spans


def _draft(written: str) -> Draft:
    numbers = [int(number) for mark in _MARK.findall(written) for number in re.findall(r"\d+", mark)]
    text = _LABEL.sub("", _MARK.sub("", written))
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))
    return Draft(text.strip(' "“”') if text.count('"') == 1 else text, tuple(numbers))


def is_refusal(sentence: str) -> bool:
    """Whether a model says with it that the quotes do not answer."""
    return NOT_STATED in sentence.upper() or bool(_UNSTATED.search(fold(sentence)))


def _is_in(sentence: str, language: Language) -> bool:
    words = [token for token in tokens(sentence) if not token.is_number]
    return bool(words) and (len(words) < _MIN_WORDS_OF_A_LANGUAGE or detect_language(sentence) == language)


def _answer(kept: Sequence[_Kept], evidence: Sequence[Evidence], language: Language) -> Answer:
    """The sentences with their marks, numbered as the citations are: those that are cited, best first."""
    cited = sorted({quote for sentence in kept for quote in sentence.quotes})
    number_of = {quote: number for number, quote in enumerate(cited, start=1)}
    text = " ".join(
        f"{sentence.text} {''.join(f'[{number_of[quote]}]' for quote in sentence.quotes)}" for sentence in kept
    )
    return Answer(text, language, True, tuple(citation_of(evidence[quote]) for quote in cited), "llm")
