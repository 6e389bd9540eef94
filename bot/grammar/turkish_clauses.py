"""What asks, acts and is acted upon in a Turkish question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.grammar import names
from bot.grammar.suffixes import case_of
from bot.grammar.turkish_words import (
    ACCUSATIVE,
    ADVERBIAL,
    AFTER_NE,
    ASKING,
    BEFORE_ASKING,
    BELONGING,
    COMPOUND,
    COPULA,
    DOING,
    FILLERS,
    HE,
    HIM,
    LIGHT,
    MAYBE_ACCUSATIVE,
    MI,
    NO_PASSIVE,
    NO_VERBS,
    OBLIQUE,
    PASSIVE,
    PERSON,
    PLACE_NOUN,
    POSTPOSITIONS,
    RECIPROCAL,
    TEMPORAL,
    VERB,
)
from bot.grammar.words import Asked, Base, Mention, Word, phrase, uncapitalized


def asked_at(words: Sequence[Word], i: int) -> Asked | None:
    """The question words that begin at ``i``."""
    start = i
    while i < len(words) - 1 and words[i].full in BEFORE_ASKING and (i > start or words[i].full != "olarak"):
        i += 1
    before = "".join(word.text + " " for word in words[start:i])
    key, following = words[i].full, words[i + 1].full if i + 1 < len(words) else ""
    stem, past = _uncopulated(following)
    if key == "ne" and stem in AFTER_NE:
        text, role, wanted = AFTER_NE[stem]
        end = i + 2
        if stem in ("zamandan", "zamana") and end < len(words) and words[end].full in ("beri", "kadar"):
            text, end = f"{text} {words[end].text}", end + 1
        return Asked(start, end, before + text, role, wanted, copula=past)
    if key in ("hangi", "kac") and following and not is_verb(words[i + 1]):
        text = ("hangi" if key == "hangi" else "kaç") + " " + phrase([words[i + 1]])
        adverbial = TEMPORAL.fullmatch(following) or (ADVERBIAL.fullmatch(following) and following != "ulke")
        wanted = "place" if PLACE_NOUN.fullmatch(following) else "time" if TEMPORAL.fullmatch(following) else "other"
        return Asked(start, i + 2, before + text, "adverb" if adverbial else "noun", wanted, -1 if adverbial else i + 1)
    stem, past = _uncopulated(key)
    if stem in ASKING:
        text, role, wanted = ASKING[stem]
        end = i + 1
        if stem == "kim" and following == "tarafindan":
            return Asked(start, i + 2, before + "kim tarafından", "adverb", "person")
        return Asked(start, end, before + text, role, wanted, copula=past)
    return None


def _uncopulated(key: str) -> tuple[str, bool]:
    """A question word without -dir, -ydi, -miş, and whether it was the past one."""
    if key in ASKING or key in AFTER_NE:
        return key, False
    match = COPULA.fullmatch(key)
    if match and (match["stem"] in ASKING or match["stem"] in AFTER_NE):
        return match["stem"], match["past"] is not None
    return key, False


def particle_at(words: Sequence[Word]) -> int | None:
    """Where the question particle stands."""
    return next((i for i, word in enumerate(words) if MI.fullmatch(word.full)), None)


def is_verb(word: Word) -> bool:
    key = word.full
    return bool(len(key) > 3 and not word.suffix and VERB.fullmatch(key) and key not in NO_VERBS)


def is_light(word: Word) -> bool:
    """Whether a verb makes one with its noun: etmek, olmak. Ölmek, to die, is folded to the same as olmak."""
    return bool(LIGHT.fullmatch(word.full)) and not word.text.startswith(("ö", "Ö"))


def verb_start(words: Sequence[Word], default: int | None = None) -> int:
    """Where the verb at the end begins ("istifa etti" is one); ``default``, or the end, when there is none."""
    if not words or not is_verb(words[-1]):
        return len(words) if default is None else default
    if len(words) > 1 and is_light(words[-1]):
        noun = words[-2]
        plain = not noun.suffix and not noun.is_capital and not OBLIQUE.fullmatch(noun.full)
        if plain and not asked_at(words, len(words) - 2) and noun.full not in FILLERS | set(HE) | set(HIM):
            return len(words) - 2
    return len(words) - 1


def is_passive(words: Sequence[Word]) -> bool:
    """Whether the verb at the end is passive."""
    verb = words[-1].full if words and is_verb(words[-1]) else ""
    return bool(PASSIVE.fullmatch(verb)) and not NO_PASSIVE.fullmatch(verb)


def is_reciprocal(words: Sequence[Word]) -> bool:
    """Whether it takes two to do it: buluşmak, görüşmek."""
    return any(RECIPROCAL.fullmatch(word.full) for word in words)


def insertion_point(words: Sequence[Word]) -> int:
    """Where the verb at the end begins; the last word when none is seen."""
    return verb_start(words, default=max(0, len(words) - 1))


def may_be_possessed(word: Word) -> bool:
    """Whether a word looks like the head of a compound: temsilcileri, teklifi."""
    return not word.suffix and not word.is_capital and bool(COMPOUND.fullmatch(word.full))


def is_copular(base: Base) -> bool:
    """Whether the question ends with its question words: "X nerede?"."""
    return base.asked is not None and base.asked.end == len(base.words)


def is_nominative(base: Base, group: Sequence[Mention]) -> bool:
    """Whether a group of names has no case ending and no postposition."""
    end = group[-1].end
    if base.words[end - 1].suffix:
        return False
    return end == len(base.words) or base.words[end].full not in POSTPOSITIONS


def simple_subject(base: Base) -> tuple[int, int] | None:
    """The subject of a question that says nothing else: [Enflasyon] ne kadar?, [tokayev] ne dedi."""
    words, asked = base.words, base.asked
    if asked is None or asked.role in ("subject", "possessor") or not asked.start:
        return None
    span = words[: asked.start]
    rest = words[asked.end :]
    if len(span) > 4 or verb_start(rest) != 0 or any(word.suffix for word in span):
        return None
    start = sum(end - start for start, end in names.times_in(span) if start == 0)
    if start == asked.start or (rest and len(span) > 1 and OBLIQUE.fullmatch(span[-1].full)):
        return None
    if len(span) - start > 2 and BELONGING.fullmatch(span[-1].full):
        return None  # iphone 17 turkiye fiyati: which of it changes is not to be told
    if rest and any(OBLIQUE.fullmatch(word.full) for word in span[start:-1]):
        return None
    return start, asked.start


def acts(base: Base) -> bool:
    """Whether the verb is something that only persons and states do: ne dedi, ne istiyor."""
    return bool(base.words) and bool(DOING.fullmatch(base.words[-1].full))


def subject_of(base: Base) -> list[Word] | None:
    words, asked = base.words, base.asked
    limit = asked.start if asked else predicate_at(words)
    if asked and asked.role == "subject" and not is_copular(base):
        return None
    start = next((end for first, end in names.times_in(words) if first == 0), 0)
    if asked and asked.start == 0:
        return None
    if is_copular(base) and limit > start:
        return words[start:limit] if limit - start <= 6 else None
    group = next((each for each in base.groups if each[0].start == start and each[-1].end <= limit), None)
    if group is None:
        span = simple_subject(base)
        if span:
            return words[span[0] : span[1]]
        if asked is None and limit - start == 1 and not words[start].suffix:
            return words[start:limit]
        return None
    if not is_nominative(base, group):
        # Galatasaray'ın hocası ne zaman geldi?
        owned = MAYBE_ACCUSATIVE.fullmatch(words[limit - 1].full) and not ACCUSATIVE.fullmatch(words[limit - 1].full)
        return words[start:limit] if (owned or is_passive(words)) and limit - start <= 6 else None
    tail = words[group[-1].end : limit]
    is_compound = len(tail) <= 3 and bool(tail) and not any(w.suffix or w.is_capital for w in tail)
    if is_compound and (COMPOUND.fullmatch(key := tail[-1].full) or PERSON.fullmatch(key) or is_passive(words)):
        return words[start:limit]
    return base.span(group)


def predicate_at(words: Sequence[Word]) -> int:
    mi = particle_at(words)
    return verb_start(words[:mi] if mi is not None else words)


def object_of(base: Base) -> list[Word] | None:
    words, asked = base.words, base.asked
    if is_passive(words) or is_copular(base):
        return None
    verb = predicate_at(words)
    end = asked.start if asked and asked.start else verb
    subject = subject_of(base)
    start = next((last for first, last in names.times_in(words) if first == 0), 0)
    if subject and words[start : start + len(subject)] == subject:
        start += len(subject)
    elif asked and asked.start == 0:
        start = asked.end
    span = words[start:end]
    if not span or len(span) > 6:
        return None
    last = span[-1]
    if last.suffix:
        return span if case_of(last.ending) == "acc" else None
    who = asked is not None and asked.role == "subject"
    pattern = MAYBE_ACCUSATIVE if subject or who else ACCUSATIVE
    return span if pattern.fullmatch(last.full) else None


def is_actor(base: Base, subject: Sequence[Word] | None, mention: Mention) -> bool:
    """Whether a place is who acts, not where: [Rusya] ne dedi?"""
    words = base.words[mention.start : mention.end]
    return bool(subject) and subject == words and not is_copular(base) and not words[-1].suffix


def owner_of(base: Base, subject: Sequence[Word]) -> str:
    """Who is meant by "o" when the subject is a thing of somebody: Putin'in teklifi."""
    asks_who = base.asked is not None and base.asked.wanted == "person"
    if len(subject) < 2 or asks_who or PERSON.fullmatch(subject[-1].full):
        return ""
    first = next((group for group in base.groups if base.words[group[0].start] is subject[0]), None)
    if first is None or case_of(base.words[first[-1].end - 1].ending) != "gen":
        return ""
    return in_nominative(base.span(first))


def in_nominative(words: Sequence[Word]) -> str:
    """The text of a group of names in the nominative."""
    return phrase([*words[:-1], replace(words[-1], suffix="")]) if words else ""


def lowered(words: Sequence[Word], base: Base) -> str:
    """The text of words that move away from the beginning of their question."""
    text = phrase(words)
    is_name = any(base.words[group[0].start] is words[0] for group in base.groups)
    return text if is_name else uncapitalized(text, "tr")
