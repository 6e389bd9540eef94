"""What a Turkish "peki ya Ukrayna?" changes in the question before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.grammar import names
from bot.grammar.suffixes import case_of, ending
from bot.grammar.turkish_clauses import (
    acts,
    insertion_point,
    is_copular,
    is_nominative,
    is_passive,
    is_reciprocal,
    may_be_possessed,
    simple_subject,
)
from bot.grammar.words import Base, Kind, Mention, Topic, Word, in_the_style_of, phrase, render

_LOCAL = frozenset(("loc", "locki", "abl", "dat"))


def put_topic(base: Base, topic: Topic) -> str | None:
    """The earlier question about ``topic``; None when it has no single place for it."""
    if topic.case == "?":
        return None
    if topic.is_time:
        return _at_time(base, topic)
    if topic.case:
        return _in_case(base, topic)
    slot = _slot(base, topic)
    if slot is None:
        return None
    start, end = slot
    last = base.words[end - 1]
    case = case_of(last.ending) if last.suffix else ""
    if case == "?":
        return None
    name = phrase(topic.words)
    apostrophe = last.suffix[:1] if not last.suffix[:1].isalpha() else "" if name.islower() else "'"
    written = name + in_the_style_of(ending(name, case, apostrophe), base.text)
    return _replaced(base, start, end, written)


def _replaced(base: Base, start: int, end: int, text: str) -> str:
    put = Word(text, before=base.words[start].before, after=base.words[end - 1].after)
    return render([*base.words[:start], put, *base.words[end:]])


def _inserted(base: Base, topic: Topic) -> str:
    at = base.asked.start if base.asked else insertion_point(base.words)
    words = [replace(word, before="", after="") for word in topic.words]
    return render([*base.words[:at], *words, *base.words[at:]])


def _at_time(base: Base, topic: Topic) -> str | None:
    if base.asked and base.asked.wanted == "time":
        return None
    times = names.times_in(base.words)
    if len(times) == 1:
        return _replaced(base, *times[0], phrase(topic.words))
    return None if times or not base.is_question else _inserted(base, topic)


def _in_case(base: Base, topic: Topic) -> str | None:
    """ "Almanya'da?", "Ukrayna hakkında?": what is in the same case changes, otherwise it is added."""
    name, size = topic.words, 1
    same = [each for each in base.groups if _case(base, each) == topic.case]
    if topic.case == topic.words[-1].key and not topic.words[-1].suffix:  # a postposition
        name, size = topic.words[:-1], 0
        same = [
            e for e in base.groups if base.words[e[-1].end : e[-1].end + 1] and base.words[e[-1].end].key == topic.case
        ]
    if len(same) == 1:
        return _replaced(base, same[0][0].start, same[0][-1].end, phrase(name))
    if same or (size and topic.case in ("gen", "acc")) or not base.is_question:
        return None
    if base.asked and base.asked.wanted == "place" and topic.case == "loc":
        return None  # it may be the answer
    return _inserted(base, topic)


def _case(base: Base, group: Sequence[Mention]) -> str:
    last = base.words[group[-1].end - 1]
    return case_of(last.ending) if last.suffix else ""


def _slot(base: Base, topic: Topic) -> tuple[int, int] | None:
    """Where in the earlier question the name stands whose place the new one takes."""
    named = [group for group in base.groups if not all(mention.kind == "demonym" for mention in group)]
    asked, kinds = base.asked, {mention.kind for mention in topic.mentions}
    is_place = bool(kinds) and kinds <= {"country", "city"}
    if not named:
        return _subject_slot(base, topic, is_place)
    if not kinds and not _may_be_name(base, topic):
        return simple_subject(base)
    copular = is_copular(base)
    if asked and asked.wanted == "person" and asked.role == "subject" and not copular:
        named = [group for group in named if not is_nominative(base, group)]  # the new one may be the answer
    elif asked and asked.wanted == "place" and is_place and not copular:
        named = [group for group in named if _is_free_country(base, group)] if kinds == {"country"} else []
    chosen = _only_one(base, named, kinds)
    if chosen is None or (len(chosen) > 1 and is_reciprocal(base.words) and len(topic.mentions) < 2):
        return None
    return chosen[0].start, chosen[-1].end


def _only_one(base: Base, named: list[list[Mention]], kinds: set[Kind]) -> list[Mention] | None:
    """The one group of names in the same role: of the same kind, else in the nominative."""
    if kinds:
        same = [group for group in named if {mention.kind for mention in group} & kinds]
        if not same and kinds <= {"country", "city"}:
            same = [group for group in named if any(mention.is_place for mention in group)]
        named = same or named
        if (not same and len(named) > 1) or len(same) > 1:
            named = [group for group in named if is_nominative(base, group)]
        elif not same:
            named = [group for group in named if is_nominative(base, group) or is_copular(base)]
    else:
        # What may be a common noun is never where something happened: İzmir'de ne oldu? Peki okullar?
        named = [each for each in named if not (any(m.is_place for m in each) or _case(base, each) in _LOCAL)]
        if len(named) > 1:
            named = [group for group in named if is_nominative(base, group)]
    return named[0] if len(named) == 1 else None


def _is_free_country(base: Base, group: Sequence[Mention]) -> bool:
    """Whether a country acts in the question, rather than describing a noun: "ABD temsilcileri"."""
    end = group[-1].end
    at_noun = base.asked is not None and end != base.asked.start and is_passive(base.words)
    followed = end < len(base.words) and may_be_possessed(base.words[end])
    return (
        all(mention.kind == "country" for mention in group) and is_nominative(base, group) and not (at_noun or followed)
    )


def _subject_slot(base: Base, topic: Topic, is_place: bool) -> tuple[int, int] | None:
    span = simple_subject(base)
    if span is None or not topic.mentions or acts(base):
        return span
    # "Almanya" is no substitute for "enflasyon"; "Putin" may well be one for "Tokayev".
    return span if not is_place and span[1] - span[0] == 1 else None


def _may_be_name(base: Base, topic: Topic) -> bool:
    """Whether a word in small letters may be a name all the same."""
    return len(topic.words) == 1 and not may_be_possessed(topic.words[0]) and simple_subject(base) is None
