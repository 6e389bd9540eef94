"""What asks, acts and is acted upon in an English question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.grammar import names
from bot.grammar.english_words import (
    AUXILIARIES,
    BE,
    DETERMINERS,
    DO,
    FUNCTION,
    HE,
    HOW,
    NOUN_HEADS,
    PARTICIPLES,
    PREPOSITIONS,
    RECIPROCAL,
    THIS,
    WH,
)
from bot.grammar.words import Asked, Base, Mention, Word, phrase


def asked_at(words: Sequence[Word], i: int) -> Asked | None:
    key = words[i].full
    following = words[i + 1].full if i + 1 < len(words) else ""
    if key in PREPOSITIONS and following in ("which", "what", "whom", "when", "where"):
        inner = asked_at(words, i + 1)
        return (
            replace(inner, start=i, phrase=f"{words[i].text} {inner.phrase}", role="adverb", noun=-1) if inner else None
        )
    if key not in WH:
        return None
    role, wanted = WH[key]
    if following in ("exactly", "precisely", "else"):
        inner = asked_at([*words[: i + 1], *words[i + 2 :]], i)
        return replace(inner, end=i + 2, phrase=phrase(words[i : i + 2])) if inner and inner.end == i + 1 else None
    if key == "how" and following in ("many", "much"):
        end = _noun_end(words, i + 2)
        return Asked(
            i, end, phrase(words[i:end]), "noun" if end > i + 2 else "amount", noun=i + 2 if end > i + 2 else -1
        )
    if key == "how" and following in HOW:
        return Asked(i, i + 2, phrase(words[i : i + 2]), "adverb")
    if key in ("which", "what", "whose"):
        end = _noun_end(words, i + 1)
        if end > i + 1:
            noun = words[end - 1].full
            is_time = noun in ("time", "day", "date", "year", "month")
            wanted = "time" if is_time else "place" if noun in ("city", "country", "place", "countries") else wanted
            return Asked(
                i, end, phrase(words[i:end]), "adverb" if is_time else "noun", wanted, -1 if is_time else i + 1
            )
    return Asked(i, i + 1, words[i].text, role, wanted)


def _noun_end(words: Sequence[Word], i: int) -> int:
    """Where the noun ends that begins at ``i``; ``i`` when there is none."""
    for end in range(i, min(i + 4, len(words))):
        if words[end].full in AUXILIARIES:
            return end
    if i < len(words) and words[i].full not in FUNCTION and not past_participle(words[i].full):
        return i + 1 if words[i - 1].full != "what" or i + 1 == len(words) else i
    return i


def is_inverted(words: Sequence[Word]) -> bool:
    return bool(words) and (words[0].full in AUXILIARIES or words[0].full in WH)


def past_participle(verb: str) -> str | None:
    if verb in PARTICIPLES:
        return PARTICIPLES[verb]
    if verb in PARTICIPLES.values() or (
        len(verb) > 4 and verb.endswith("ed") and verb not in ("united", "speed", "indeed")
    ):
        return verb
    return None


def noun_phrase_end(words: Sequence[Word], i: int) -> int:
    """Where the noun phrase ends that begins at ``i``: before a preposition other than "of", or at the end."""
    while i < len(words):
        key = words[i].full
        if (key in PREPOSITIONS and key != "of") or key in ("who", "when", "which", "that", "because", "if", "while"):
            return i
        if names.times_in(words[i : i + 2]):
            return i
        i += 1
    return i


def starts_name(base: Base, i: int) -> bool:
    return any(group[0].start == i for group in base.groups)


def inside(base: Base, group: Sequence[Mention], subject: Sequence[Word]) -> bool:
    """Whether a subject is nothing but a group of names."""
    named = [word for word in subject if word.key not in ("the", "both")]
    return [word.key for word in named] == [word.key for word in base.span(group) if word.key != "the"]


def is_actor(base: Base, word: Word, subject: Sequence[Word]) -> bool:
    """Whether a place is who acts, not where: what did [Russia] say?"""
    at = base.asked.end if base.asked else 0
    is_copular = base.asked is not None and at < len(base.words) and base.words[at].full in BE
    return not is_copular and any(each is word for each in subject[:2])


def after_the(base: Base, mention: Mention) -> bool:
    return mention.start > 0 and base.words[mention.start - 1].full == "the"


def owner_of(base: Base, subject: Sequence[Word]) -> str:
    """Who is meant by "he" when the subject is a thing of somebody: Putin's proposal."""
    if len(subject) < 2 or (base.asked and base.asked.wanted == "person"):
        return ""
    first = next((group for group in base.groups if base.words[group[0].start] is subject[0]), None)
    return name_of(base, first) if first and base.words[first[-1].end - 1].ending == "s" else ""


def name_of(base: Base, group: Sequence[Mention]) -> str:
    span = base.span(group)
    return phrase([*span[:-1], replace(span[-1], suffix="")])


def subject_end(base: Base, start: int, auxiliary: str) -> int:
    """Where the subject ends that begins at ``start``, behind an auxiliary."""
    words = base.words
    i = start
    if i < len(words) and words[i].full in DETERMINERS:
        i += 1
    group = next((each for each in base.groups if each[0].start in (start, i)), None)
    need_noun = i > start
    if group is not None:
        i = group[-1].end
        is_adjective = group[-1].kind == "demonym" or words[i - 1].ending == "s"
        need_noun = is_adjective or (need_noun and _attributive(words, i))
        if not need_noun and not _is_plural_noun(words, i):
            return i
    elif not need_noun:
        i += 1  # a name in small letters, or a bare noun
        while i < len(words) and words[i].full == "and" and i + 1 < len(words):
            i += 2
        return i
    first = True
    while i < len(words):
        key = words[i].full
        if key == "of":
            i = noun_phrase_end(words, i + 1)
            continue
        if key in FUNCTION or names.times_in(words[i : i + 2]):
            return i
        if not first and auxiliary in BE and (past_participle(key) or key.endswith("ing")):
            return i
        if not first and auxiliary not in BE and _is_verb_at(words, i):
            return i
        first = False
        i += 1
    return i


def _is_plural_noun(words: Sequence[Word], i: int) -> bool:
    if i + 1 >= len(words) or words[i].is_capital:
        return False
    key = words[i].full
    return key in NOUN_HEADS or (key.endswith("s") and not key.endswith("ss") and key not in FUNCTION)


def _is_verb_at(words: Sequence[Word], i: int) -> bool:
    """Whether a word behind a noun is the verb: the last word, or one before a preposition, an article or a name."""
    if i + 1 == len(words):
        return True
    following = words[i + 1]
    return following.full in FUNCTION or following.is_capital or words[i].full.endswith("ed")


def _attributive(words: Sequence[Word], i: int) -> bool:
    """Whether a name before ``i`` only describes the noun there: the US [plan]."""
    if i >= len(words) or words[i].full in FUNCTION or words[i].is_capital:
        return False
    return not _is_verb_at(words, i)


def clause_of(base: Base) -> tuple[list[Word], list[Word]]:
    """The words of the subject and of the object, empty when they are not found."""
    words, asked = base.words, base.asked
    at = asked.end if asked else 0
    if at >= len(words):
        return [], []
    if words[at].full not in AUXILIARIES:
        if asked is None or asked.role == "adverb":
            return [], []
        return [], object_at(words, at + 1)  # who submitted [the plan]
    auxiliary, start = words[at].full, at + 1
    is_lone = (
        asked is not None
        and asked.role == "amount"
        and bool(past_participle(words[start].full) if start < len(words) else 1)
    )
    if is_lone or (asked and asked.role == "noun" and auxiliary not in DO and not starts_name(base, start)):
        return [], []
    if asked and asked.role == "amount" and auxiliary in BE:
        return words[start : noun_phrase_end(words, start)], []
    if asked and auxiliary in BE and asked.role in ("subject", "object"):
        subject = words[start : noun_phrase_end(words, start)]
        is_participle = bool(subject) and (past_participle(subject[0].full) or subject[0].full.endswith("ing"))
        return ([], []) if is_participle else (subject, [])
    if asked and asked.role == "subject" and auxiliary not in DO and not starts_name(base, start):
        return [], object_at(words, start + 1)
    if start < len(words) and words[start].full in HE | {"it", "we", "you", "i", *THIS}:
        return [], object_at(words, start + 2)
    end = subject_end(base, start, auxiliary)
    if asked and asked.end == start - 1 and auxiliary in BE:
        return words[start:end], []
    return words[start:end], object_at(words, end + 1)


def object_at(words: Sequence[Word], start: int) -> list[Word]:
    """The object behind the verb: what begins with an article."""
    if start < len(words) and (words[start].full in DETERMINERS or words[start].is_capital):
        if words[start].full in THIS:
            return []
        return list(words[start : noun_phrase_end(words, start)])
    return []


def is_reciprocal(words: Sequence[Word]) -> bool:
    """Whether it takes two to do it: meet, talk."""
    return any(word.full in RECIPROCAL for word in words)


def is_attribute(base: Base, group: Sequence[Mention]) -> bool:
    """Whether names only describe the noun behind them: the US plan."""
    words, i = base.words, group[-1].end
    if i >= len(words) or words[i].full in FUNCTION or words[i].is_capital or words[i - 1].suffix:
        return False
    before = words[group[0].start - 1].full if group[0].start else ""
    if before in PREPOSITIONS:
        return False
    at = base.asked.end if base.asked else 0
    behind_auxiliary = at < len(words) and words[at].full in AUXILIARIES
    start = group[0].start - (words[group[0].start - 1].full == "the")
    if behind_auxiliary and start == at + 1:
        return subject_end(base, start, words[at].full) > i
    return not past_participle(words[i].full)
