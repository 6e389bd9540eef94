"""Follow-up questions made whole, by rule: "And when?" becomes the earlier question with "when" in it.

People answer back in fragments: a question word, a name, a pronoun. A search needs the whole question, so what is
missing is taken from the last whole question of the conversation. A question with content of its own is never touched,
since a wrong addition costs more than a missing one. How the languages are built is in :mod:`bot.grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.grammar import names
from bot.grammar.conversation import (
    GRAMMARS,
    MAX_TOPIC_WORDS,
    WRAPPINGS,
    earlier_question,
    is_small_talk,
    read_base,
    without_any_opener,
    without_openers,
)
from bot.grammar.words import (
    Antecedents,
    Asked,
    Base,
    Mention,
    Topic,
    Word,
    capitalized,
    in_the_style_of,
    keys,
    parse,
    phrase,
    render,
    uncapitalized,
    word_set,
)
from index.language import detect_question_language
from index.text import fold
from index.types import Language

MAX_FOLLOW_UP_CHARS = 200
"""A longer question says what it means."""

_MAX_TURNS = 20
_LINKING = word_set(
    "ve ile icin bir bu da de ki the a an of and or to in on at for with by is are was were be been that"
)
_ONE_PERSON = word_set("o onu ona onun ondan onunla he she him his her")


def resolve(question: str, history: Sequence[tuple[str, str]]) -> str:
    """The question as it can be asked by itself; ``question`` unchanged when it already can.

    ``history``: earlier (question, answer text) pairs, oldest first, the questions as they were resolved. Only the last
    whole question among them counts; of an answer only names are used, and only when that question has none.

    The result is at most 2 * :data:`~bot.grammar.conversation.MAX_CONTEXT_CHARS` characters longer than the question,
    and resolving it again changes nothing.
    """
    if len(question) > MAX_FOLLOW_UP_CHARS or not history:
        return question
    known = names.names_known_from([text[:1000] for turn in history[-_MAX_TURNS:] for text in turn])
    base = earlier_question(history[-_MAX_TURNS:], known)
    if base is None:
        return question
    resolved = _resolve_once(question, base, known)
    # What a rule would change once more is joined instead, which none touches.
    if _resolve_once(resolved, base, known) != resolved:
        resolved = _joined(question, base)
        return resolved if _resolve_once(resolved, base, known) == resolved else question
    return resolved


@dataclass(frozen=True, slots=True)
class _FollowUp:
    """A follow-up question without its opening words; ``opened`` says whether it had any."""

    words: list[Word]
    mentions: list[Mention]
    language: Language
    opened: bool
    asks: bool


def _resolve_once(question: str, base: Base, known: frozenset[str]) -> str:
    words = parse(question)
    if not words or is_small_talk(words) or _is_joined(question, base):
        return question
    language = _language(question, words, base)
    if language is None:
        return question
    grammar = GRAMMARS[language]
    asked = grammar.asked(words)
    if asked and language == base.language and _asked_instead(base, asked, question) == question:
        return question
    kept = without_openers(words)
    bare = without_any_opener(kept)
    if not bare:
        return question
    prepared = grammar.prepare(names.with_endings_apart(bare, known))
    mentions = names.mentions(prepared, known, inside=len(bare) < len(words))
    follow_up = _FollowUp(prepared, mentions, language, len(bare) < len(words), question.rstrip().endswith("?"))
    return _fragment(question, follow_up, base) or (_tidied(question, words, kept, language))


def _asked_instead(base: Base, asked: Asked, question: str) -> str | None:
    changed = GRAMMARS[base.language].ask_instead(base, asked)
    return _finished(changed, base, question) if changed else None


def _fragment(question: str, follow_up: _FollowUp, base: Base) -> str | None:
    """The whole question when the follow-up is a fragment; None when it stands by itself."""
    words, mentions = follow_up.words, follow_up.mentions
    grammar = GRAMMARS[follow_up.language]
    same = follow_up.language == base.language
    at_another = _at_another_time(question, follow_up, base) if same else None
    if at_another:
        return at_another
    new = grammar.bare(words)
    if new is not None:
        changed = _asked_instead(base, new, question) if same else None
        if changed and base.prefix and detect_question_language(changed, undecided=base.language) != base.language:
            changed = None  # what stands before it is in the other language
        return changed or _join(question, words, base, follow_up.language)
    if grammar.addresses_bot(words):
        return None
    dangling = grammar.dangling(words, mentions)
    if dangling:
        return _with_antecedents(question, follow_up, dangling, base)
    if not mentions and grammar.is_verb_only(words):
        changed = grammar.with_verb(base, words) if same else None
        return _finished(changed, base, question) if changed else _join(question, words, base, follow_up.language)
    topic = _topic(follow_up)
    return _about(question, follow_up, topic, base) if topic else None


def _at_another_time(question: str, follow_up: _FollowUp, base: Base) -> str | None:
    """A question word with a time or a place: "peki 2025'te ne kadardı?"."""
    words, grammar = follow_up.words, GRAMMARS[follow_up.language]
    places = [(m.start, m.end) for m in follow_up.mentions if m.is_place and grammar.case(words[m.start : m.end])]
    spans = names.times_in(words) or places
    if len(spans) != 1:
        return None
    start, end = spans[0]
    new = grammar.bare([*words[:start], *words[end:]])
    if new is None:
        return None
    span = words[start:end]
    topic = Topic(span, [], grammar.case(span), is_time=not places, is_marked=False)
    moved = grammar.put_topic(base, topic)
    moved_base = read_base(moved, "", frozenset()) if moved else None
    return _asked_instead(replace(moved_base, prefix=base.prefix), new, question) if moved_base else None


def _with_antecedents(question: str, follow_up: _FollowUp, dangling: Sequence[int], base: Base) -> str | None:
    grammar, words = GRAMMARS[follow_up.language], follow_up.words
    found = _antecedents(base)
    if follow_up.language != base.language:
        # Other words of the earlier question would not fit into this one.
        subject = found.subject if found.subject_is_name else found.names
        found = replace(found, subject=subject, subject_is_name=bool(subject), thing="")
        found = replace(
            found,
            subject=_names_in(found.subject, follow_up.language),
            names=_names_in(found.names, follow_up.language),
            place=_names_in(found.place, follow_up.language),
        )
    first = min(dangling)
    if base.prefix.endswith("? ") and words[first].full in _ONE_PERSON:
        title = parse(base.prefix[:-2])
        if any(mention.kind == "other" for mention in names.mentions(title, inside=True)):
            found = replace(found, subject=base.prefix[:-2], subject_is_name=True, owner="")
    own = [mention for mention in follow_up.mentions if mention.kind != "demonym"]
    named_before = any(mention.end <= first for mention in own) or grammar.has_subject(words[:first])
    if named_before and not (len(own) <= 1 and len(words) <= 7 and first == max(dangling)):
        return None
    filled = grammar.fill(words, dangling, found, things=named_before)
    if filled and (own or not grammar.dangling(left := parse(filled), names.mentions(left))):
        return _finished(filled, replace(base, prefix=""), question)
    may_be_name = named_before and follow_up.language == "tr"
    return None if own or may_be_name else _join(question, words, base, follow_up.language)


def _antecedents(base: Base) -> Antecedents:
    """What pronouns can stand for; in a question that was joined already, also what stands before it."""
    found = GRAMMARS[base.language].antecedents(base)
    return found if found.subject or found.names else replace(found, names=base.prefix_names)


def _names_in(text: str, language: Language) -> str:
    """Names with the other language's "and" and its names of countries."""
    parts = re.split(r" (?:ve|ile|and) ", text)
    return f" {'ve' if language == 'tr' else 'and'} ".join(names.in_language(part, language) for part in parts)


def _topic(follow_up: _FollowUp) -> Topic | None:
    """The follow-up as something that is only named, None when it is more than that or may be a search of its own."""
    grammar = GRAMMARS[follow_up.language]
    words, marked = grammar.topic_words(follow_up.words)
    offset = next((i for i, word in enumerate(follow_up.words) if words and word is words[0]), 0)
    if not words or len(words) > MAX_TOPIC_WORDS or grammar.asked(words):
        return None
    if grammar.has_verb(words) or grammar.is_yes_no(words) or any("?" in word.after for word in words[:-1]):
        return None
    mentions = [
        Mention(mention.start - offset, mention.end - offset, mention.kind)
        for mention in follow_up.mentions
        if offset <= mention.start and mention.end <= offset + len(words)
    ]
    times = names.times_in(words)
    is_time = bool(times) and times[0] == (0, len(words))
    case = grammar.case(words)
    covered = (
        sum(mention.end - mention.start for mention in mentions) + (case == words[0].full) + (case == words[-1].key)
    )
    only_names = covered >= len(words) - (words[0].full == "the")
    opened = marked or follow_up.opened or (follow_up.asks and len(words) == 1)
    if not (opened or is_time or only_names):
        return None
    return Topic(words, mentions, case, is_time, marked and follow_up.language == "en" and _says_about(follow_up.words))


def _says_about(words: Sequence[Word]) -> bool:
    return keys(words[:2]) in ("what about", "how about")


def _about(question: str, follow_up: _FollowUp, topic: Topic, base: Base) -> str | None:
    grammar, language = GRAMMARS[follow_up.language], follow_up.language
    bare_name = not follow_up.opened and len(grammar.topic_words(follow_up.words)[0]) == len(follow_up.words)
    if base.prefix.endswith("? ") and not topic.is_time:
        # The earlier question was joined to a topic already: the new one takes its place.
        return _finished(f"{_title(topic, base)}? {base.text}", base, question, prefixed=True)
    if language != base.language:
        return _about_in_other_language(question, topic, base, language)
    changed = grammar.put_topic(base, topic)
    if changed and (topic.mentions or topic.is_time or follow_up.opened or not base.groups):
        return _finished(changed, base, question)
    if bare_name and not (topic.mentions or topic.is_time):
        return None
    if bare_name and not follow_up.asks:
        return None
    return _finished(f"{_title(topic, base)}? {base.prefix}{base.text}", base, question, prefixed=True)


def _title(topic: Topic, base: Base) -> str:
    text = in_the_style_of(phrase(topic.words), base.text)
    return capitalized(text, base.language) if base.starts_capital else text


def _about_in_other_language(question: str, topic: Topic, base: Base, language: Language) -> str | None:
    changed = GRAMMARS[base.language].put_topic(base, replace(topic, case="")) if not topic.case else None
    asked = question.strip().rstrip("?!. ") + "?"
    return _first_in(language, (f"{asked} {text}" for text in filter(None, (changed, base.text)))) or _join(
        asked, topic.words, base, language
    )


def _join(question: str, words: Sequence[Word], base: Base, language: Language) -> str:
    """The follow-up behind what the earlier question says, in a form that is taken for the follow-up's language."""
    asked = uncapitalized(phrase(words), language) + "?"
    context = _context(base)
    forms = [f"{context}: {asked}"]
    if language != base.language or base.prefix:
        typed = uncapitalized(question.strip().rstrip("?!. "), language) + "?"
        content = " ".join(word for word in context.split() if fold(word) not in _LINKING)
        named = ", ".join(phrase(base.span(group)) for group in base.groups)
        wrapped = [f"{capitalized(asked, language)} {WRAPPINGS[language]}{text}" for text in (content, named)]
        forms += [f"{context}: {typed}", f"{content}: {typed}", *wrapped]
        if named:
            forms.append(f"{named}: {typed}")
    return _first_in(language, forms) or forms[0]


def _first_in(language: Language, forms: Sequence[str] | Iterator[str]) -> str | None:
    return next((form for form in forms if detect_question_language(form, undecided=language) == language), None)


def _joined(question: str, base: Base) -> str:
    return f"{_context(base)}: {question.strip()}"


def _is_joined(question: str, base: Base) -> bool:
    """Whether ``question`` is a result already: it holds the earlier question, or what that says."""
    return any(part and part in question for part in (base.prefix + base.text, base.text, _context(base) + ": "))


def _context(base: Base) -> str:
    """What the earlier question says, without asking."""
    said = GRAMMARS[base.language].context(base)
    if base.prefix.endswith(": "):
        return base.prefix.removesuffix(": ")
    if base.prefix:
        return f"{base.prefix.removesuffix('? ')}, {said}"
    return capitalized(said, base.language) if base.starts_capital else said


def _finished(text: str, base: Base, question: str, *, prefixed: bool = False) -> str:
    """``text`` with the capital and the question mark of the questions it comes from."""
    text = text.rstrip("?!., ;:")
    if base.text.rstrip().endswith("?") or question.rstrip().endswith("?"):
        text += "?"
    if prefixed:
        return text
    return base.prefix + (capitalized(text, base.language) if base.starts_capital else text)


def _tidied(question: str, words: Sequence[Word], kept: Sequence[Word], language: Language) -> str:
    """A whole question without its opening words."""
    if len(kept) == len(words) or not kept:
        return question
    text = render(kept)
    return capitalized(text, language) if words[0].is_capital else text


def _language(question: str, words: Sequence[Word], base: Base) -> Language | None:
    """The language of a follow-up; names alone are taken for the language of the conversation."""
    bare = without_any_opener(without_openers(words))
    for language, grammar in GRAMMARS.items():
        if bare and grammar.bare(grammar.prepare(bare)):
            return language
    first = words[0].full
    if first in ("ya", "peki") or words[-1].full in ("peki", "ya"):
        return "tr"
    if first in ("and", "but") or keys(words[:2]) in ("what about", "how about"):
        return "en"
    if len(bare) <= 2 and (not bare or all(word.is_capital or len(bare) == 1 for word in bare)):
        detected = detect_question_language(question, undecided=base.language)
        return detected and base.language
    return detect_question_language(question, undecided=base.language)
