"""How Turkish questions are built, as far as follow-up questions need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.grammar import names
from bot.grammar.suffixes import case_of, ending, plural, with_past_copula
from bot.grammar.turkish_clauses import (
    asked_at,
    in_nominative,
    is_actor,
    is_light,
    is_passive,
    is_verb,
    lowered,
    object_of,
    owner_of,
    particle_at,
    predicate_at,
    subject_of,
    verb_start,
)
from bot.grammar.turkish_topics import put_topic
from bot.grammar.turkish_words import (
    AFTER_BU,
    AFTER_O,
    AORIST,
    BELONGING,
    BOT,
    FILLERS,
    HE,
    HIM,
    MARKERS,
    MAYBE_ACCUSATIVE,
    MI,
    OF_THIS,
    OWNER,
    POSTPOSITIONS,
    PREDICATES,
    SAYING,
    SECOND_PERSON,
    THERE,
    THIS,
    THIS_THING,
    TRAILING,
)
from bot.grammar.words import (
    Antecedents,
    Asked,
    Base,
    Mention,
    Topic,
    Word,
    in_the_style_of,
    keys,
    phrase,
    render,
    uncapitalized,
)
from index.text import fold
from index.types import Language


class Turkish:
    """The :class:`~bot.grammar.words.Grammar` of Turkish."""

    language: Language = "tr"

    def prepare(self, words: list[Word]) -> list[Word]:
        return words

    def asked(self, words: Sequence[Word]) -> Asked | None:
        """The last question words: "kim ne dedi" asks for "ne"."""
        found = [asked for i in range(len(words)) if (asked := asked_at(words, i))]
        return max(found, key=lambda asked: (asked.end, -asked.start), default=None)

    def bare(self, words: Sequence[Word]) -> Asked | None:
        asked = self.asked(words)
        if asked is None or len(words) > 7:
            return None
        rest = [word.full for i, word in enumerate(words) if not asked.start <= i < asked.end]
        if any(word.text.startswith(("ö", "Ö")) for word in words):
            return None
        if rest[:1] == ["o"] and asked.wanted != "place" and (asked.role == "adverb" or asked.copula):
            rest = rest[1:]
        if not all(key in FILLERS for key in rest):
            return None
        if asked.role == "noun" and rest:
            return None  # "kaç asker öldü" without its letters
        if asked.role in ("object", "subject") and rest and rest[0] not in ("acaba", "ki", "peki", "ya"):
            return None  # "ne oldu?", "bu kim?"
        if asked.phrase == "ne":
            return None  # "Ne?" is an exclamation
        return asked

    def apart(self, words: Sequence[Word], mentions: Sequence[Mention], asked: Asked | None) -> list[Mention]:
        """Two names side by side, the second with a case, are subject and object: Trump Putin'e ne dedi?"""
        opening = names.groups(words, mentions)[:1]
        if not opening or opening[0][0].start > 0 or (asked and asked.role == "subject"):
            return list(mentions)
        first = opening[0][-1]
        size, last = first.end - first.start, words[first.end - 1]
        is_object = case_of(last.ending) in ("acc", "dat", "loc", "abl", "ins")
        if first.kind != "other" or size not in (2, 4) or not last.suffix or not is_object:
            return list(mentions)
        middle = first.start + size // 2
        i = mentions.index(first)
        parts = [names.mention(words, first.start, middle), names.mention(words, middle, first.end)]
        return [*mentions[:i], *parts, *mentions[i + 1 :]]

    def complete(self, words: list[Word]) -> list[Word]:
        """An owner in small letters at the beginning gets its suffix apart: fenerbahcenin hocasi kim."""
        asked = self.asked(words)
        if not asked or asked.end < len(words) or asked.start < 2 or words[0].suffix:
            return words
        match, owned = OWNER.fullmatch(words[0].full), MAYBE_ACCUSATIVE.fullmatch(words[asked.start - 1].full)
        if not match or not owned or len(words[0].full) != len(words[0].text):
            return words
        cut = match.end("head")
        return [replace(words[0], text=words[0].text[:cut], suffix=words[0].text[cut:]), *words[1:]]

    def is_yes_no(self, words: Sequence[Word]) -> bool:
        return particle_at(words) is not None

    def has_verb(self, words: Sequence[Word]) -> bool:
        return bool(words) and is_verb(words[-1])

    def has_subject(self, words: Sequence[Word]) -> bool:
        """Whether the words before a pronoun name somebody: [Bakan] bunu neden reddetti?"""
        return any(word.full not in FILLERS | set(HE) and not asked_at(words, i) for i, word in enumerate(words))

    def is_verb_only(self, words: Sequence[Word]) -> bool:
        asked, mi = self.asked(words), particle_at(words)
        rest = list(words[asked.end :]) if asked and asked.start == 0 else [] if asked else list(words[:mi])
        if keys(words) in ("sonra ne oldu", "sonra ne olacak", "ne oldu", "sonra"):
            return True
        if asked is None and (mi is None or mi == 0 or mi < len(words) - 1):
            return False
        # An aorist looks like many nouns, but not behind its question words: "ne zaman biter?".
        is_aorist = asked is not None and len(rest) == 1 and AORIST.fullmatch(rest[0].full)
        return bool(is_aorist) or (bool(rest) and is_verb(rest[-1]) and verb_start(rest) == 0)

    def addresses_bot(self, words: Sequence[Word]) -> bool:
        if not words:
            return False
        ends = BOT.fullmatch(words[0].full) or BOT.fullmatch(words[-1].full)
        asks = self.asked(words) is not None or self.is_yes_no(words)
        return bool(ends) or (asks and bool(SECOND_PERSON.fullmatch(words[-1].full)))

    def context(self, base: Base) -> str:
        words = _without_asking(base)
        return phrase(words) or base.text

    def ask_instead(self, base: Base, new: Asked) -> str | None:
        words, old = base.words, base.asked
        text = in_the_style_of(new.phrase, base.text)
        if PREDICATES.fullmatch(new.phrase):
            subject = subject_of(base) or []
            return f"{owner_of(base, subject) or in_nominative(subject)} {text}" if subject else None
        if old is None:
            mi = particle_at(words)
            if mi is None:
                return None if base.is_question else render(_insert(words, len(words), text))
            rest = [*words[:mi], *words[mi + 1 :]]
            return render(_insert(rest, max(0, min(mi, verb_start(rest, default=len(rest) - 1))), text))
        if new.copula and verb_start(words[old.end :]) == 0 and words[old.end :] and is_light(words[-1]):
            # "... ne kadar olacak?" asked with "ne kadardı?"
            words = [*words[: old.end - 1], replace(words[old.end - 1], after=words[-1].after)]
            text = in_the_style_of(with_past_copula(text), base.text)
        at_end = old.end == len(words)
        if at_end and old.copula:
            text = in_the_style_of(with_past_copula(text), base.text)
        if old.role == "subject" and not at_end and new.role == "adverb" and not base.groups and not object_of(base):
            # Who did it is in the answer, if anywhere: "kim istifa etti?", "neden?".
            who = base.answer_names
            rest = [*words[: old.start], *([Word(who)] if who else []), Word(text), *words[old.end :]]
            return render(rest) if who else None
        in_place = _in_place(words, old, text)
        if new.role == "adverb":
            return in_place if (old.noun < 0 and old.role != "possessor") or at_end else _beside_noun(base, old, text)
        if new.role == old.role or (at_end and old.role != "noun"):
            return in_place
        if new.role == "subject":
            return _asking_who(base, old, text)
        if new.role in ("object", "amount") and new.phrase != "ne":
            return in_place if old.role in ("object", "adverb", "amount", "noun") else None
        return None

    def with_verb(self, base: Base, words: Sequence[Word]) -> str | None:
        asked, old = self.asked(words), base.asked
        question = uncapitalized(render(words), "tr")
        if keys(words).startswith("sonra") or keys(words) == "ne oldu":
            return None
        before = base.words[: old.start if old else predicate_at(base.words)]
        if old and not before:
            before = base.words[old.end : old.end + verb_start(base.words[old.end :])]
        is_same = asked is not None and old is not None and fold(asked.phrase) == fold(old.phrase)
        if asked and not is_same and (asked.role in ("noun", "subject") or asked.phrase == "kaç"):
            before = (object_of(base) or []) if asked.role == "subject" else []
        elif asked and not is_same and asked.role == "object":
            before = subject_of(base) or []
        return f"{phrase(before)} {question}" if before and base.is_question else None

    def antecedents(self, base: Base) -> Antecedents:
        subject, thing = subject_of(base), object_of(base)
        if not base.is_question and len(base.words) <= 5:
            subject = base.words
        persons = [group for group in base.groups if not all(m.is_place for m in group)]
        places = [m for group in base.groups for m in group if m.is_place and not is_actor(base, subject, m)]
        chosen = next(iter(persons or base.groups), None)
        subject_words = subject or []
        lone = len(subject_words) == 1 and subject_words[0].is_capital
        is_name = lone or (bool(subject) and any(base.span(group) == subject for group in base.groups))
        own_names = in_nominative(base.span(chosen)) if chosen and (persons or is_name) else ""
        return Antecedents(
            subject=in_nominative(subject_words),
            thing=lowered(thing, base) if thing else "",
            owner=owner_of(base, subject_words),
            names=own_names if base.groups else base.answer_names,
            place=in_nominative(base.words[places[0].start : places[0].end]) if places else "",
            subject_is_name=is_name,
        )

    def dangling(self, words: Sequence[Word], mentions: Sequence[Mention]) -> list[int]:
        named = {i for mention in mentions for i in range(mention.start, mention.end)}
        asked = self.asked(words)
        if asked and asked.end == len(words) and asked.start == 1 and not named and BELONGING.fullmatch(words[0].full):
            return [0]
        return [i for i in range(len(words)) if i not in named and _dangles(words, i, named)]

    def fill(self, words: Sequence[Word], dangling: Sequence[int], found: Antecedents, *, things: bool) -> str | None:
        filled = list(words)
        for i in dangling:
            key = words[i].full
            text = ""
            if key in HE and not things and not _is_determiner(words, i):
                text = found.owner or found.subject or found.names
            elif key in HIM and not things:
                name = found.owner or (found.subject if found.subject_is_name else found.names)
                text = name + ending(name, HIM[key]) if name else ""
            elif key in THERE and found.place and not things:
                text = found.place + ending(found.place, THERE[key])
            elif key in THIS_THING or (key in ("onu", "onlari") and things):
                text = "" if any(SAYING.fullmatch(word.full) for word in words[i + 1 :]) else found.thing
            elif key in ("bu", "bunlar") and not things and not found.subject_is_name and not _is_determiner(words, i):
                text = "" if self.has_verb(words) else found.subject
            if text:
                filled[i] = replace(words[i], text=text, suffix="")
        return None if filled == list(words) else render(filled)

    def topic_words(self, words: Sequence[Word]) -> tuple[list[Word], bool]:
        start, end = 0, len(words)
        while start < end and words[start].full in MARKERS:
            start += 1
        while end > start and words[end - 1].full in TRAILING:
            end -= 1
        marked = start > 0 or any(word.full in MARKERS for word in words[end:])
        return list(words[start:end]), marked

    def case(self, words: Sequence[Word]) -> str:
        if words and words[-1].key in POSTPOSITIONS and len(words) > 1:
            return words[-1].key
        if not words or not words[-1].suffix:
            return ""
        return case_of(words[-1].ending)

    def put_topic(self, base: Base, topic: Topic) -> str | None:
        return put_topic(base, topic)


def _insert(words: Sequence[Word], at: int, text: str) -> list[Word]:
    """``words`` with ``text`` before the word at ``at``; at the end it takes the punctuation."""
    if at < len(words) or not words:
        return [*words[:at], Word(text), *words[at:]]
    last = words[-1]
    return [*words[:-1], replace(last, after=""), Word(text, after=last.after)]


def _without_asking(base: Base) -> list[Word]:
    words, asked = base.words, base.asked
    if asked:
        kept = words[asked.noun : asked.end] if asked.noun >= 0 else []
        return [*words[: asked.start], *kept, *words[asked.end :]]
    mi = particle_at(words)
    return words if mi is None else [*words[:mi], *words[mi + 1 :]]


def _in_place(words: Sequence[Word], old: Asked, text: str) -> str:
    return render([*words[: old.start], Word(text, after=words[old.end - 1].after), *words[old.end :]])


def _beside_noun(base: Base, old: Asked, text: str) -> str:
    """Asked for something else, a noun stays: "Hangi ülkeler katıldı?", "Ülkeler ne zaman katıldı?"."""
    words = base.words
    kept = list(words[old.noun : old.end]) if old.noun >= 0 else []
    if kept and words[old.noun - 1].full == "kac":
        noun = kept[0]
        is_plain = not noun.suffix and (noun.full == "kisi" or not MAYBE_ACCUSATIVE.fullmatch(noun.full))
        kept[0] = replace(noun, text=in_the_style_of(plural(noun.text), base.text)) if is_plain else noun
    rest = [*words[: old.start], *kept, *words[old.end :]]
    return render(_insert(rest, verb_start(rest, default=len(rest)), text))


def _asking_who(base: Base, old: Asked, text: str) -> str | None:
    """The question with "kim": only where nothing else is the subject."""
    if is_passive(base.words) and old.role in ("adverb", "object"):
        return _in_place(base.words, old, in_the_style_of("kim tarafından", base.text))
    if old.role == "adverb" and object_of(base) and not subject_of(base):
        return _in_place(base.words, old, text)
    return None


def _is_determiner(words: Sequence[Word], i: int) -> bool:
    """Whether "bu", "şu" or "o" stands before its noun: bu plan, o şehir."""
    if words[i].full not in ("bu", "su", "o") or i + 1 >= len(words) or words[i].after:
        return False
    following = words[i + 1]
    if following.is_capital or following.suffix:
        return False
    if asked_at(words, i + 1) or MI.fullmatch(following.full) or following.full in HIM or following.full in THIS_THING:
        return False
    rest = words[i + 1 :]
    mi = particle_at(rest)
    if mi is not None and (mi == 1 or verb_start(rest[:mi]) == 0):
        return False  # bu doğru mu, o istifa etti mi
    return verb_start(rest) != 0


def _dangles(words: Sequence[Word], i: int, named: set[int]) -> bool:
    key = words[i].full
    following = words[i + 1].full if i + 1 < len(words) else ""
    if key in HIM or key in THERE or key in THIS_THING or key in OF_THIS or key in ("kendisi", "onlar", "kendileri"):
        return True
    if key in THIS and AFTER_BU.fullmatch(following):
        return False
    if key == "o" and (AFTER_O.fullmatch(following) or not following):
        return False
    if key not in THIS and key != "o":
        return False
    if i + 1 in named:
        return key == "o" and not _is_name_determined(words, i)
    if not _is_determiner(words, i):
        return bool(following)
    own = [word for j, word in enumerate(words) if j != i and not asked_at(words, j) and not MI.fullmatch(word.full)]
    if len(own) > 3:
        return False
    # A noun with a word of its own before it says enough: "bu barış planını kim sundu?".
    nouns = 0
    for j in range(i + 1, len(words)):
        if asked_at(words, j) or MI.fullmatch(words[j].full) or is_verb(words[j]) or j in named:
            break
        nouns += 1
    return nouns <= 1


def _is_name_determined(words: Sequence[Word], i: int) -> bool:
    """Whether "o" belongs to the name behind it: O Ses Türkiye."""
    return words[i].is_capital and i + 2 < len(words) and words[i + 2].is_capital
