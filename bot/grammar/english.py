"""How English questions are built, as far as follow-up questions need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.grammar import names
from bot.grammar.english_clauses import (
    after_the,
    asked_at,
    clause_of,
    inside,
    is_actor,
    is_inverted,
    name_of,
    noun_phrase_end,
    owner_of,
    past_participle,
    starts_name,
    subject_end,
)
from bot.grammar.english_topics import put_topic
from bot.grammar.english_words import (
    AFTER_PRONOUN,
    AFTER_THIS,
    AUXILIARIES,
    BARE,
    BE,
    BOT,
    CLOCK,
    CONTRACTED,
    CONTRACTIONS,
    DETERMINERS,
    DO,
    EMBEDDING,
    EMPTY_IT,
    EVENTS,
    FUNCTION,
    HE,
    HIM,
    HIS,
    HOW,
    LITTLE,
    LONE_VERB,
    MARKER,
    MODAL,
    MUCH,
    NEXT,
    ONE_PERSON,
    PERSON,
    PREPOSITIONS,
    SAYING,
    SHORT,
    TELLING,
    THERE_IS,
    THIS,
    WH,
)
from bot.grammar.words import Antecedents, Asked, Base, Mention, Topic, Word, keys, phrase, render
from index.types import Language


class English:
    """The :class:`~bot.grammar.words.Grammar` of English."""

    language: Language = "en"

    def prepare(self, words: list[Word]) -> list[Word]:
        prepared: list[Word] = []
        for word in words:
            match = CONTRACTED.fullmatch(word.full)
            if match:
                wh = word.text[: len(match["wh"])]
                prepared += [Word(wh, before=word.before), Word(CONTRACTIONS[match["s"]], after=word.after)]
            else:
                prepared.append(word)
        return prepared

    def asked(self, words: Sequence[Word]) -> Asked | None:
        start = 0
        embedding = EMBEDDING.match(keys(words) + " ")
        if embedding and len(embedding.group().split()) < len(words):
            start = len(embedding.group().split())
        for i in range(start, len(words)):
            asked = asked_at(words, i)
            # Further on, "when" and "who" join clauses.
            if asked and (asked.start == start or i == len(words) - 1 or not is_inverted(words)):
                return asked
        return None

    def bare(self, words: Sequence[Word]) -> Asked | None:
        text = keys(self.prepare(list(words)))
        if CLOCK.fullmatch(text):
            return None
        for pattern, template, role, wanted in BARE:
            match = pattern.fullmatch(text)
            if match is None:
                continue
            said = match["phrase"]
            plain = template.split(" ")[0]
            if template and not said.startswith(plain + " "):
                said = template.format(said)
            return Asked(0, len(words), said, role, wanted)
        return None

    def apart(
        self,
        words: Sequence[Word],  # noqa: ARG002
        mentions: Sequence[Mention],
        asked: Asked | None,  # noqa: ARG002
    ) -> list[Mention]:
        return list(mentions)

    def complete(self, words: list[Word]) -> list[Word]:
        return words

    def is_yes_no(self, words: Sequence[Word]) -> bool:
        return bool(words) and words[0].full in AUXILIARIES

    def has_verb(self, words: Sequence[Word]) -> bool:
        return any(word.full in AUXILIARIES for word in words) or any(
            past_participle(word.full) and not word.is_capital for word in words
        )

    def has_subject(self, words: Sequence[Word]) -> bool:
        return _has_noun(words)

    def is_verb_only(self, words: Sequence[Word]) -> bool:
        text = keys(self.prepare(list(words)))
        if NEXT.fullmatch(text):
            return True
        return LONE_VERB.fullmatch(text) is not None and words[-1].full not in FUNCTION - {"so"}

    def addresses_bot(self, words: Sequence[Word]) -> bool:
        text = keys(words)
        return bool(BOT.fullmatch(text)) and not EMBEDDING.match(text + " ") and "the us" not in text

    def context(self, base: Base) -> str:
        words, asked = base.words, base.asked
        if asked is None:
            opening = TELLING.match(keys(words) + " ")
            rest = words[1:] if self.is_yes_no(words) else words[len(opening.group().split()) :] if opening else words
            return phrase(rest) or base.text
        kept = words[asked.noun : asked.end] if asked.noun >= 0 else []
        after = words[asked.end :]
        if after and after[0].full in AUXILIARIES:
            after = after[1:]
        before = [] if EMBEDDING.match(keys(words[: asked.start]) + " ") else words[: asked.start]
        said = [word for word in (*before, *kept, *after) if word.full not in ("be", "been")]
        return phrase(said) or base.text

    def ask_instead(self, base: Base, new: Asked) -> str | None:
        words, old = base.words, base.asked
        if old is None:
            return self._ask_without(base, new)
        after = words[old.end :]
        embedded = old.start > 0
        if new.role != "adverb":
            if new.role == old.role and old.noun < 0 and (new.role != "amount" or not embedded):
                return render([*words[: old.start], Word(new.phrase), *after])
            passive = new.role == "subject" and old.role == "adverb" and after and after[0].full in BE
            if passive and new.phrase == "who" and any(past_participle(word.full) for word in after[1:]):
                return render([Word("by whom"), *after])
            return None
        if old.role == "adverb" or not after:
            return render([*words[: old.start], Word(new.phrase), *after])
        if embedded:
            return None
        if after[0].full not in AUXILIARIES:
            return _passive(base, old, new)
        return _with_auxiliary(base, old, new)

    def _ask_without(self, base: Base, new: Asked) -> str | None:
        words = base.words
        if self.is_yes_no(words) and new.role == "adverb":
            first = replace(words[0], text=words[0].text.lower())
            return render([Word(new.phrase), first, *words[1:]])
        if base.is_question:
            return None
        return f"{phrase(words)} {new.phrase}"

    def with_verb(self, base: Base, words: Sequence[Word]) -> str | None:  # noqa: ARG002
        return None

    def antecedents(self, base: Base) -> Antecedents:
        subject, thing = clause_of(base)
        if not base.is_question and len(base.words) <= 9:
            opening = TELLING.match(keys(base.words) + " ")
            subject = base.words[len(opening.group().split()) :] if opening else base.words
        free = [group for group in base.groups if not all(m.kind == "demonym" for m in group)]
        persons = [group for group in free if not all(m.is_place for m in group)]
        places = [m for g in base.groups for m in g if m.is_place and not is_actor(base, base.words[m.start], subject)]
        is_name = bool(subject) and any(inside(base, group, subject) for group in free)
        start = places[0].start - after_the(base, places[0]) if places else 0
        place = base.words[start : places[0].end] if places else []
        return Antecedents(
            subject=phrase(subject),
            thing=phrase(thing),
            names=name_of(base, persons[0]) if persons else "" if base.groups else base.answer_names,
            place=phrase([*place[:-1], replace(place[-1], suffix="")]) if place else "",
            subject_is_name=is_name,
            owner=owner_of(base, subject),
        )

    def dangling(self, words: Sequence[Word], mentions: Sequence[Mention]) -> list[int]:
        named = {i for mention in mentions for i in range(mention.start, mention.end)}
        first_name = min((m.start for m in mentions if m.kind != "demonym"), default=len(words))
        text = keys(words)
        if not words or words[0].full in ("if", "although", "while", "seeing", "given", "according"):
            return []
        empty_it, there_is = EMPTY_IT.fullmatch(text), THERE_IS.fullmatch(text)
        found: list[int] = []
        says_much = sum(word.full not in FUNCTION for word in words) >= MUCH
        for i, word in enumerate(words):
            key = word.full
            behind_auxiliary = i > 0 and words[i - 1].full in AUXILIARIES
            if says_much and key not in ONE_PERSON - {"his", "her"} and not (key == "it" and behind_auxiliary):
                continue
            if i in named or (
                word.is_capital and i > 0 and not text.isupper() and any(w.text.islower() for w in words)
            ):
                continue
            person = key in HE or key in HIM or key in HIS or key == "her"
            # Behind a noun of the question a pronoun stands for that, but for one at the end of a short question.
            is_free = not _has_noun(words[:i]) or (i == len(words) - 1 and len(words) <= SHORT)
            if key == "it":
                points = is_free and not empty_it
            elif key == "there":
                points = is_free and not there_is and i == len(words) - 1
            elif key in THIS:
                points = is_free and _points(words, i)
            else:
                points = person and i < first_name and not _has_noun(words[:i])
            if points:
                found.append(i)
        return found

    def fill(self, words: Sequence[Word], dangling: Sequence[int], found: Antecedents, *, things: bool) -> str | None:
        filled = list(words)
        # "The peace plan" is not a "he".
        is_person = not found.subject.lower().startswith("the ") or PERSON.search(found.subject.lower())
        if not is_person and any(words[i].full in ONE_PERSON for i in dangling):
            inside = bool(found.names) and found.names in found.subject
            found = replace(found, subject="", subject_is_name=False, names="" if inside else found.names)
        who = found.owner or found.subject or found.names
        name = found.owner or (found.subject if found.subject_is_name else found.names)
        by_him = any(words[i].full in HE for i in dangling)
        saying = any(SAYING.fullmatch(word.full) for word in words)
        for i in dangling:
            key = words[i].full
            text = ""
            possessive = key in HIS or (key == "her" and i + 1 < len(words) and words[i + 1].full not in FUNCTION)
            if things and (possessive or key in HE or key in HIM or key in ("her", "there")):
                continue
            if possessive:
                owner = (found.thing or found.subject) if key == "its" else who
                text = owner + "'s" if owner else ""
            elif key in HE:
                text = who
            elif key in HIM or key == "her":
                # With "he" beside it, "him" is somebody else.
                text = (found.thing if found.thing[:1].isupper() else "") if by_him else name
            elif key == "it" or (key in THIS and not _is_determiner(words, i)):
                acts = i > 0 and words[i - 1].full in AUXILIARIES
                is_thing = not found.subject_is_name or (acts and found.subject.startswith("the "))
                is_event = saying or (i > 0 and words[i - 1].full in EVENTS)
                text = "" if acts and found.thing[:1].isupper() else found.thing
                text = "" if is_event and key != "it" else text or (found.subject if is_thing else "")
            elif key == "there" and found.place:
                text = "in " + found.place
            if text and not any(word.text == text for word in filled):
                filled[i] = replace(words[i], text=text, suffix="")
        return None if filled == list(words) else render(filled)

    def topic_words(self, words: Sequence[Word]) -> tuple[list[Word], bool]:
        for length in (2, 1):
            if MARKER.fullmatch(keys(words[:length])):
                return list(words[length:]), True
        return list(words), False

    def case(self, words: Sequence[Word]) -> str:
        if len(words) > 1 and words[0].full in PREPOSITIONS:
            return words[0].full
        if words and words[-1].ending == "s":
            return "'s"
        return ""

    def put_topic(self, base: Base, topic: Topic) -> str | None:
        return put_topic(base, topic)


def _passive(base: Base, old: Asked, new: Asked) -> str | None:
    """ "Who submitted the plan?" asked for something else: "When was the plan submitted?"."""
    words = base.words
    verb = words[old.end]
    if verb.full in ("happened", "occurred") and old.role == "object":
        rest = [replace(verb, text="happen" if verb.full == "happened" else "occur"), *words[old.end + 1 :]]
        return render([Word(f"{new.phrase} did it"), *rest])
    participle = past_participle(verb.full)
    start = old.end + 1
    end = noun_phrase_end(words, start)
    thing = words[start:end]
    if participle is None or not thing or SAYING.fullmatch(verb.full) or thing[0].full in LITTLE | AUXILIARIES:
        return None
    head = thing[-1].full
    is_plural = " and " in f" {keys(thing)} " or (head.endswith("s") and not head.endswith(("ss", "us", "is")))
    put = [Word(new.phrase), Word("were" if is_plural else "was"), *thing[:-1], replace(thing[-1], after="")]
    return render([*put, Word(participle, after=thing[-1].after), *words[end:]])


def _with_auxiliary(base: Base, old: Asked, new: Asked) -> str | None:
    """ "What did Russia say?" asked for something else: "When did Russia say it?"."""
    words = base.words
    auxiliary, rest = words[old.end], words[old.end + 1 :]
    noun = words[old.noun : old.end] if old.noun >= 0 else []
    article = [] if words[old.start].full == "how" or not noun else [Word("the")]
    if not rest:
        return None
    if noun:
        if auxiliary.full in DO:
            last = rest[-1]
            return render(
                [Word(new.phrase), auxiliary, *rest[:-1], replace(last, after=""), *article, *_ended(noun, last.after)]
            )
        return render([Word(new.phrase), auxiliary, *article, *noun, *rest])
    if auxiliary.full in DO:
        lone = old.role == "object" and subject_end(base, old.end + 1, auxiliary.full) == len(words) - 1
        if rest[-1].full in PREPOSITIONS:
            rest = [*rest[:-2], replace(rest[-2], after=rest[-1].after)] if len(rest) > 1 else rest
        elif lone and old.phrase.lower() == "what":
            rest = [*rest[:-1], replace(rest[-1], after=""), Word("it", after=rest[-1].after)]
        return render([Word(new.phrase), auxiliary, *rest])
    if old.role == "amount":
        return render([Word(new.phrase), auxiliary, *rest])
    if old.role == "subject":
        return None
    starts_subject = rest[0].full in DETERMINERS or starts_name(base, old.end + 1)
    if starts_subject or (auxiliary.full in MODAL and len(rest) > 1 and rest[1].full not in DETERMINERS | PREPOSITIONS):
        return render([Word(new.phrase), auxiliary, *rest])
    return render([Word(new.phrase), auxiliary, Word("it"), *rest]) if rest[0].full.endswith("ing") else None


def _ended(words: Sequence[Word], after: str) -> list[Word]:
    return [*words[:-1], replace(words[-1], after=after)]


def _has_noun(words: Sequence[Word]) -> bool:
    """Whether a pronoun behind ``words`` may stand for one of them."""
    for i, word in enumerate(words):
        key = word.full
        if key in FUNCTION or key in WH or key in HOW or past_participle(key) or names.times_in([word]):
            continue
        before = words[i - 1].full if i else ""
        following = words[i + 1].full if i + 1 < len(words) else ""
        if i == 1 and before in ("who", "what", "when", "where", "why", "how") and following not in AUXILIARIES:
            continue  # the verb, or how strong
        if before in HE | {"it", "that", "this"}:
            continue  # the verb of a pronoun
        return True
    return False


def _points(words: Sequence[Word], i: int) -> bool:
    """Whether "this" or "that" points back, rather than joining clauses or naming a year."""
    following = words[i + 1].full if i + 1 < len(words) else ""
    if following in AFTER_THIS:
        return False
    if words[i].full == "that" and i > 0 and following not in ("", *AFTER_PRONOUN):
        joins = SAYING.fullmatch(words[i - 1].full) or words[i - 1].full not in FUNCTION or words[i - 1].full == "so"
        if joins:
            return False
    if words[i].full == "that" and i > 0 and words[i - 1].full not in FUNCTION and following:
        return False  # who proved that the ...
    if not _is_determiner(words, i):
        return True
    # With more words of its own the question says enough: who rejected this peace plan?
    return sum(word.full not in FUNCTION for word in words) <= 2


def _is_determiner(words: Sequence[Word], i: int) -> bool:
    following = words[i + 1].full if i + 1 < len(words) else ""
    return bool(following) and following not in AFTER_PRONOUN and following not in FUNCTION
