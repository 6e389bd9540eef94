"""What an English "what about Ukraine?" changes in the question before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.grammar import names
from bot.grammar.english_clauses import is_attribute, is_reciprocal, noun_phrase_end, subject_end
from bot.grammar.english_words import AUXILIARIES, FUNCTION
from bot.grammar.words import Base, Kind, Mention, Topic, Word, phrase, render


def put_topic(base: Base, topic: Topic) -> str | None:
    """The earlier question about ``topic``; None when it has no single place for it."""
    if topic.is_time:
        return _at_time(base, topic)
    if topic.case and topic.case != "'s":
        return _with_preposition(base, topic)
    slot = _slot(base, topic)
    if slot is None:
        return None
    start, end = slot
    last = base.words[end - 1]
    suffix = last.suffix if topic.case != "'s" else ""
    name = phrase(topic.words)
    if topic.case == "'s" and last.ending != "s":
        if not start or base.words[start - 1].full != "of":
            return None
        name = name[: -len(topic.words[-1].suffix)]  # the coach of Galatasaray, for "Galatasaray's"
    return _replaced(base, start, end, name + suffix)


def _replaced(base: Base, start: int, end: int, text: str) -> str:
    put = Word(text, before=base.words[start].before, after=base.words[end - 1].after)
    return render([*base.words[:start], put, *base.words[end:]])


def _appended(base: Base, topic: Topic) -> str:
    last = base.words[-1]
    return render([*base.words[:-1], replace(last, after=""), Word(phrase(topic.words), after=last.after)])


def _at_time(base: Base, topic: Topic) -> str | None:
    if base.asked and base.asked.wanted == "time":
        return None
    times = names.times_in(base.words)
    if len(times) == 1:
        return _replaced(base, *times[0], phrase(topic.words))
    return None if times or not base.is_question else _appended(base, topic)


def _with_preposition(base: Base, topic: Topic) -> str | None:
    """ "and in Germany?": what has the same preposition changes, otherwise it is added."""
    same = [group for group in base.groups if _preposition(base, group) == topic.case and not is_attribute(base, group)]
    if len(same) == 1:
        start = next(i for i in range(same[0][0].start - 1, -1, -1) if base.words[i].full == topic.case)
        return _replaced(base, start, same[0][-1].end, phrase(topic.words))
    asks_place = base.asked is not None and base.asked.wanted == "place" and topic.case in ("in", "at", "to")
    return None if same or asks_place or not base.is_question else _appended(base, topic)


def _preposition(base: Base, group: Sequence[Mention]) -> str:
    i = group[0].start - 1
    if i > 0 and base.words[i].full == "the":
        i -= 1
    return base.words[i].full if i >= 0 else ""


def _slot(base: Base, topic: Topic) -> tuple[int, int] | None:
    """Where in the earlier question the name stands whose place the new one takes."""
    words, asked = base.words, base.asked
    kinds = {mention.kind for mention in topic.mentions}
    is_place = bool(kinds) and kinds <= {"country", "city"}
    named = [group for group in base.groups if (group[0].kind == "demonym") == (kinds == {"demonym"})]
    named = [group for group in named if not is_attribute(base, group)]
    behind = words[asked.end].full if asked and asked.end < len(words) else ""
    if not named:
        return None if base.groups else _subject_slot(base, topic)
    copular = behind in ("is", "are", "was", "were") and asked is not None and asked.role in ("subject", "object")
    if asked and asked.wanted == "place" and is_place:
        at_subject = [group for group in named if _is_subject(base, group)]
        lone = behind in ("is", "are", "was", "were") and at_subject and at_subject[0][-1].end == len(words)
        free = kinds == {"country"} and all(m.kind == "country" for group in at_subject for m in group)
        named = at_subject if at_subject and (lone or free) else []
    elif asked and asked.role == "subject" and not copular and len(named) > 1:
        named = []
    chosen = _only_one(base, named, kinds, marked=topic.is_marked)
    if chosen is None or (len(chosen) > 1 and is_reciprocal(words) and len(topic.mentions) < 2):
        return None
    start = chosen[0].start
    if start and words[start - 1].full == "the":
        start -= 1
    return start, chosen[-1].end


def _only_one(base: Base, named: list[list[Mention]], kinds: set[Kind], *, marked: bool) -> list[Mention] | None:
    """The one group of names in the same role: of the same kind, else the subject."""
    same = [group for group in named if {mention.kind for mention in group} & kinds]
    if not same and kinds & {"country", "city"}:
        same = [group for group in named if any(mention.is_place for mention in group)]
    if len(same) > 1 or (not same and len(named) > 1):
        # "What about Poland?" may be put to any of several names; "And Poland?" is not.
        same = [] if marked else [group for group in named if _is_subject(base, group)]
    elif not same:
        same = [
            group for group in named if _is_subject(base, group) or base.words[group[-1].end - 1].suffix or not kinds
        ]
        same = same or (named if base.asked and base.asked.role == "subject" else [])
    return same[0] if len(same) == 1 else None


def _is_subject(base: Base, group: Sequence[Mention]) -> bool:
    """Whether names stand where the subject of a question does: behind the auxiliary."""
    at = base.asked.end if base.asked else 0
    start = group[0].start - (group[0].start > 0 and base.words[group[0].start - 1].full == "the")
    return start == at + 1 and base.words[at].full in AUXILIARIES


def _subject_slot(base: Base, topic: Topic) -> tuple[int, int] | None:
    """The subject of a question without names: what is [the inflation rate], what did [tokayev] say."""
    words, asked = base.words, base.asked
    if asked is None or asked.end + 1 >= len(words) or words[asked.end].full not in AUXILIARIES:
        return None
    start, auxiliary = asked.end + 1, words[asked.end].full
    if any(mention.is_place for mention in topic.mentions) and auxiliary in ("is", "are", "was", "were"):
        return None  # "Germany" is no substitute for "the inflation rate"
    if asked.role == "subject" and auxiliary not in ("do", "does", "did"):
        return None
    if auxiliary in ("is", "are", "was", "were") and asked.role == "object":
        end = noun_phrase_end(words, start)
    else:
        end = subject_end(base, start, auxiliary)
    if end <= start or words[start].full in FUNCTION - {"the", "a", "an"}:
        return None
    return start, end
