"""Questions as words, and what the rules of both languages find in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from index.text import MARK, fold
from index.types import Language

Role = Literal["adverb", "subject", "object", "possessor", "amount", "noun"]
Wanted = Literal["place", "person", "time", "other"]
Kind = Literal["country", "city", "demonym", "other"]

_APOSTROPHE_ENDING = re.compile(r"(?P<head>..+)(?P<ending>'[^\W\d_]{1,9})")
_TURKISH_LETTERS = re.compile(r"[çğıöşüÇĞİÖŞÜâîû]")
_PLAIN = str.maketrans("çğıöşüÇĞİÖŞÜâîû", "cgiosuCGIOSUaiu")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question: ``suffix`` is what stands behind its apostrophe, with it; ``before`` and ``after`` are
    the punctuation around it."""

    text: str
    suffix: str = ""
    before: str = ""
    after: str = ""

    @property
    def key(self) -> str:
        """The word folded, without its suffix."""
        return _key(self.text)

    @property
    def full(self) -> str:
        """The word folded, with its suffix and without the apostrophe."""
        return _key(self.text + self.suffix)

    @property
    def ending(self) -> str:
        """The suffix folded, without the apostrophe."""
        return _key(self.suffix)

    @property
    def is_capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[:1].isupper()


def _key(text: str) -> str:
    return fold(text).replace(MARK, "").replace("'", "")


def parse(text: str) -> list[Word]:
    """The words of ``text``; punctuation that stands alone goes with the word before it."""
    words: list[Word] = []
    pending = ""
    for chunk in text.split():
        letters = [i for i, character in enumerate(chunk) if character.isalnum()]
        if not letters:
            if words:
                space = "" if chunk[0] in "?!.,;:…" else " "
                words[-1] = replace(words[-1], after=words[-1].after + space + chunk)
            else:
                pending += chunk + " "
            continue
        start, end = letters[0], letters[-1] + 1
        core = chunk[start:end]
        match = _APOSTROPHE_ENDING.fullmatch(fold(core))
        cut = match.end("head") if match else len(core)
        words.append(Word(core[:cut], core[cut:], pending + chunk[:start], chunk[end:]))
        pending = ""
    return words


def render(words: Sequence[Word]) -> str:
    """The text of ``words``."""
    return " ".join(word.before + word.text + word.suffix + word.after for word in words)


def phrase(words: Sequence[Word]) -> str:
    """The text of ``words`` without punctuation at either end."""
    if not words:
        return ""
    trimmed = list(words)
    trimmed[0] = replace(trimmed[0], before="")
    trimmed[-1] = replace(trimmed[-1], after="")
    return render(trimmed)


def keys(words: Sequence[Word]) -> str:
    """The words folded and with their suffixes, a space between them."""
    return " ".join(word.full for word in words)


def word_set(words: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(words.split())


def capitalized(text: str, language: Language) -> str:
    """``text`` with a capital at its beginning."""
    first = text[:1]
    return ("İ" if first == "i" and language == "tr" else first.upper()) + text[1:]


def uncapitalized(text: str, language: Language) -> str:
    """``text`` with a small letter at its beginning; abbreviations stay."""
    if len(text) > 1 and text[1].isupper():
        return text
    first = {"I": "ı", "İ": "i"}.get(text[:1]) if language == "tr" else None
    return (first or text[:1].lower()) + text[1:]


def in_the_style_of(text: str, around: str) -> str:
    """``text`` without Turkish letters when it goes into a question that was typed without them: one such letter
    would keep the search from restoring the others."""
    if not around or _TURKISH_LETTERS.search(around) or any(character.isupper() for character in around):
        return text
    return text.translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Asked:
    """The question words at ``words[start:end]``. ``phrase``: how they are written; ``noun``: where the noun stands
    that they ask about (which *city*), -1 for none; ``copula``: whether a past copula hangs on them (neredeydi)."""

    start: int
    end: int
    phrase: str
    role: Role
    wanted: Wanted = "other"
    noun: int = -1
    copula: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A name at ``words[start:end]``."""

    start: int
    end: int
    kind: Kind

    @property
    def is_place(self) -> bool:
        """Whether it is known to be a country or a city."""
        return self.kind in ("country", "city")


@dataclass(frozen=True, slots=True)
class Base:
    """The earlier question that a follow-up hangs on. ``prefix``: what stands before the question proper and is kept
    as it is ("Moskova? "); ``prefix_names``: the first names in that, when the question is joined to it; ``groups``:
    its names, those joined by "and" together; ``answer_names``: the first names of its answer."""

    language: Language
    prefix: str
    words: list[Word]
    groups: list[list[Mention]]
    asked: Asked | None
    is_question: bool
    answer_names: str
    prefix_names: str = ""

    @property
    def text(self) -> str:
        """The question without what stands before it."""
        return render(self.words)

    @property
    def starts_capital(self) -> bool:
        """Whether it begins with a capital."""
        return bool(self.words) and self.words[0].is_capital

    def span(self, group: Sequence[Mention]) -> list[Word]:
        """The words of a group of names."""
        return self.words[group[0].start : group[-1].end]


@dataclass(frozen=True, slots=True)
class Antecedents:
    """What pronouns can stand for, "" where the earlier question has none: its subject, its object, its names (of
    persons first), a place in it. ``subject_is_name``: whether a case ending can be put behind the subject.
    ``owner``: whose thing the subject is (Putin's proposal)."""

    subject: str = ""
    thing: str = ""
    names: str = ""
    place: str = ""
    subject_is_name: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A follow-up that only names something else: "and Moscow?"; ``case``: its case or preposition, "" for none."""

    words: list[Word]
    mentions: list[Mention]
    case: str
    is_time: bool
    is_marked: bool


class Grammar(Protocol):
    """What the rules need to know of a language."""

    language: Language

    def prepare(self, words: list[Word]) -> list[Word]:
        """The words with contractions written out."""

    def asked(self, words: Sequence[Word]) -> Asked | None:
        """The question words of a whole question."""

    def bare(self, words: Sequence[Word]) -> Asked | None:
        """The question words of a follow-up that has hardly anything else."""

    def apart(self, words: Sequence[Word], mentions: Sequence[Mention], asked: Asked | None) -> list[Mention]:
        """The names, with those taken apart that only stand side by side."""

    def complete(self, words: list[Word]) -> list[Word]:
        """The words of an earlier question, with what they are made of where it was typed without care."""

    def is_yes_no(self, words: Sequence[Word]) -> bool:
        """Whether it is a question without question words."""

    def has_verb(self, words: Sequence[Word]) -> bool:
        """Whether a finite verb is in ``words``."""

    def has_subject(self, words: Sequence[Word]) -> bool:
        """Whether the words before a pronoun name somebody who does something with what it stands for."""

    def is_verb_only(self, words: Sequence[Word]) -> bool:
        """Whether a follow-up says only what happened, not to whom: "neden reddetti?", "who won?"."""

    def addresses_bot(self, words: Sequence[Word]) -> bool:
        """Whether the question is about the chatbot or its user."""

    def context(self, base: Base) -> str:
        """What the earlier question says when it does not ask."""

    def ask_instead(self, base: Base, new: Asked) -> str | None:
        """The earlier question with other question words; None when that cannot be said."""

    def with_verb(self, base: Base, words: Sequence[Word]) -> str | None:
        """A verb-only follow-up with subject or object of the earlier question; None when that cannot be said."""

    def antecedents(self, base: Base) -> Antecedents:
        """What pronouns can stand for."""

    def dangling(self, words: Sequence[Word], mentions: Sequence[Mention]) -> list[int]:
        """Where pronouns stand that point outside the question."""

    def fill(self, words: Sequence[Word], dangling: Sequence[int], found: Antecedents, *, things: bool) -> str | None:
        """The question with names in the place of pronouns; None when nothing fits. ``things``: only pronouns for
        things may be replaced, because the question has names of its own."""

    def topic_words(self, words: Sequence[Word]) -> tuple[list[Word], bool]:
        """The words of a follow-up that only names something, and whether "what about" or the like stood there."""

    def case(self, words: Sequence[Word]) -> str:
        """Case or preposition of such a name, "" for none, "?" for one that cannot be given to another word."""

    def put_topic(self, base: Base, topic: Topic) -> str | None:
        """The earlier question about something else; None when it has no single place for it."""
