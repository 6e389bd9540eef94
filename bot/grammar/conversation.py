"""The earlier question that a follow-up hangs on, and the small words that hold a conversation together."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.grammar import names
from bot.grammar.english import English
from bot.grammar.turkish import Turkish
from bot.grammar.words import Base, Grammar, Word, parse, phrase, render, uncapitalized, word_set
from bot.phrases import EMPTY_LIBRARY, FRAME_OF_SEVERAL, FRAMES, NOT_FOUND, OTHER_LANGUAGE
from index.language import detect_question_language
from index.types import Language

MAX_CONTEXT_CHARS = 300
"""What is taken over of an earlier question."""

GRAMMARS: dict[Language, Grammar] = {"tr": Turkish(), "en": English()}
MAX_TOPIC_WORDS = 5
_MAX_PHRASE_WORDS = 3

WRAPPINGS: dict[Language, str] = {"tr": "Bu soru şununla ilgili: ", "en": "This is about the following: "}
"""What makes a question's language plain when what it is about is in the other one."""


_SMALL_TALK = word_set(
    """
    tesekkur tesekkurler ederim ederiz sagol sagolun sag ol eyvallah tamam tamamdir peki pekala ok okay okey oke
    evet hayir yok iyi guzel super harika cok anladim merhaba merhabalar selam selamlar gunaydin gunler aksamlar
    geceler gorusuruz hosca kal hoscakal kolay gelsin gercekten mi ciddi misin emin misiniz hmm hm haha ya vay
    canina oldu bitti thanks thank you thx ty cheers great cool nice good perfect awesome yes no yeah yep yup
    nope sure fine hi hello hey bye goodbye morning evening night see later got it right lol wow really are very
    much so a lot alright and or for the answer help is that true understood
    """
)
# What opens a reply and adds nothing; the second list needs a comma, since parties and ballots are called so.
_OPENERS = word_set(
    """
    peki pekala tamam tamamdir ok okay okey hmm hm anladim tesekkurler sagol eyvallah ee eee and so but then
    also thanks alright ama fakat ve bide
    """
)
_OPENERS_WITH_COMMA = word_set(
    """
    evet hayir iyi guzel harika super yani aslinda merhaba selam da de ya yes no yeah right well great good cool
    nice hi hello hey actually now sure fine sey
    """
)
_ENGLISH_OPENERS = word_set("and so but then also thanks alright")
_OPENS_QUESTION = re.compile(
    r"(?:what|who|when|where|why|how|which|whose|whom)(?:s|re|d|ll)?|is|are|was|were|do|does|did|has|have|had|can|could|"
    r"will|would|should|may|might|in|at|on|to|by|for|from|since|so|but|then|ok|okay|the|about|tell"
)
_NOTHING_SAID = frozenset((*NOT_FOUND.values(), *EMPTY_LIBRARY.values(), OTHER_LANGUAGE))
_QUOTED = re.compile(r"“([^”]+)”")
_DASH = re.compile(r" [—–-] ")


def without_openers(words: Sequence[Word]) -> list[Word]:
    """The words without those that open a reply, as far as they can be nothing else."""
    i = 0
    while i < len(words) - 1:
        key = words[i].full
        comma = words[i].after.endswith((",", "!", ".", "…", "?"))
        if words[i].before or words[i].suffix:
            break
        if key == "thanks" and words[i + 1].full == "to":
            break
        if key in _ENGLISH_OPENERS and not (comma or _OPENS_QUESTION.fullmatch(words[i + 1].full)):
            break
        if not (key in _OPENERS or (key in _OPENERS_WITH_COMMA and (comma or (i > 0 and key in ("da", "de", "ya"))))):
            break
        if i > 0 and key == "ya":
            break
        i += 1
    return list(words[i:])


def without_any_opener(words: Sequence[Word]) -> list[Word]:
    """The words of a fragment: "and" before a name opens it too."""
    kept = list(words)
    while kept and kept[0].full in _OPENERS | {"ya"} and not (kept[0].full == "ya" and _repeats(kept)):
        kept = kept[1:]
    return kept


def _repeats(words: Sequence[Word]) -> bool:
    """Ya ... ya: either ... or."""
    return sum(word.full == "ya" for word in words) > 1


def is_small_talk(words: Sequence[Word]) -> bool:
    """Whether nothing is asked: thanks, greetings, "ok"."""
    return all(word.full in _SMALL_TALK for word in words)


def earlier_question(history: Sequence[tuple[str, str]], known: frozenset[str]) -> Base | None:
    """The last whole question of the conversation."""
    spare = None
    small = {word.full for question, _ in history for word in parse(question) if not word.is_capital}
    for question, answer in reversed(history):
        words = parse(question)
        if words and not is_small_talk(words):
            base = read_base(question, answer, known)
            if base and not _is_fragment(base, opened=words[0].full in _OPENERS | {"ya"}):
                base = replace(base, prefix_names=_names_before(base, small))
                if base.groups or base.prefix or not _says_little(base, answer):
                    return base
                spare = spare or base
    return spare


def read_base(question: str, answer: str, known: frozenset[str]) -> Base | None:
    """What is in an earlier question, None for nothing."""
    for wrapping in WRAPPINGS.values():
        question = question.partition(wrapping)[2] or question
    prefix, text = _divided(" ".join(question.split()))
    language = detect_question_language(question)
    if language is None:
        return None
    grammar = GRAMMARS[language]
    words = _cut(without_any_opener(without_openers(parse(text))) or parse(text), language)
    words = grammar.complete(grammar.prepare(names.with_endings_apart(words, known)))
    if not words:
        return None
    words[-1] = replace(words[-1], after=words[-1].after.rstrip(" "))
    asked = grammar.asked(words)
    mentions = grammar.apart(words, names.mentions(words, known), asked)
    return Base(
        language=language,
        prefix=prefix,
        words=words,
        groups=names.groups(words, mentions),
        asked=asked,
        is_question=asked is not None or grammar.is_yes_no(words),
        answer_names=_names_of_answer(answer),
    )


def _divided(question: str) -> tuple[str, str]:
    """What stands before the last question ("Moskova? ", "Putin: "), when it belongs there, and that question."""
    head, mark, tail = question.rpartition(": ")
    if (
        mark
        and tail
        and len(head) <= MAX_CONTEXT_CHARS
        and any(c.isalnum() for c in head)
        and any(c.isalnum() for c in tail)
    ):
        return head + mark, tail
    parts = [part for part in re.split(r"(?<=[?!])\s+", question) if any(c.isalnum() for c in part)]
    if len(parts) < 2:
        return "", question
    before = parse(parts[-2])
    asks = any(GRAMMARS[each].asked(before) for each in GRAMMARS)
    is_topic = parts[-2].endswith("?") and len(before) <= MAX_TOPIC_WORDS and not asks
    return (parts[-2] + " " if is_topic else ""), parts[-1]


def _cut(words: list[Word], language: Language) -> list[Word]:
    """Words of at most :data:`MAX_CONTEXT_CHARS` characters: Turkish asks at the end, English at the beginning."""
    while words and len(render(words)) > MAX_CONTEXT_CHARS:
        too_many = max(1, (len(render(words)) - MAX_CONTEXT_CHARS) // (MAX_CONTEXT_CHARS // 2))
        words = words[too_many:] if language == "tr" else words[:-too_many]
    return words


def _is_fragment(base: Base, *, opened: bool) -> bool:
    """Whether an earlier question was itself a follow-up that nobody resolved."""
    if base.prefix:
        return False
    grammar, words = GRAMMARS[base.language], base.words
    mentions = [mention for group in base.groups for mention in group]
    if grammar.bare(words) or (not mentions and grammar.dangling(words, mentions)):
        return True
    return opened and not base.is_question and not grammar.has_verb(words)


def _says_little(base: Base, answer: str) -> bool:
    """Whether a question without names hardly says what it is about: "Kim kazandı?", or "Ne kadar süreyle?" that not
    even the search could make sense of."""
    grammar, words = GRAMMARS[base.language], base.words
    says_who = base.asked.start > 0 if base.asked else base.is_question
    is_phrase = len(words) <= _MAX_PHRASE_WORDS and not says_who and not grammar.has_verb(words)
    return grammar.is_verb_only(words) or (is_phrase and answer.strip() in _NOTHING_SAID)


def _names_before(base: Base, small: Collection[str]) -> str:
    """The first names in what a joined question is about. Its capital makes no name of a word that was typed ``small``
    in the question it comes from: "Won the prize: how much?"."""
    if not base.prefix.endswith(": "):
        return ""
    words = parse(base.prefix[:-2])
    if words and words[0].full in small:
        words[0] = replace(words[0], text=uncapitalized(words[0].text, base.language))
    group = next(iter(names.groups(words, names.mentions(words, inside=True))), None)
    return phrase(words[group[0].start : group[-1].end]) if group else ""


def _names_of_answer(answer: str) -> str:
    """The first names that an answer gives, "" when it gives none."""
    text = answer.strip()
    if not text or text in _NOTHING_SAID:
        return ""
    quoted = _QUOTED.search(text)
    if quoted:
        text = quoted.group(1)
    for frame in (*FRAME_OF_SEVERAL.values(), *(each for frames in FRAMES.values() for each in frames.values())):
        text = text.removeprefix(frame).strip()
    place, *report = _DASH.split(text, maxsplit=1)
    if report and place.isupper():  # an agency's dateline: NAIROBI —
        text = report[0]
    words = parse(text[:MAX_CONTEXT_CHARS])
    found = names.groups(words, names.mentions(words))
    if not found:
        return ""
    # A person is likelier to be asked about than a place.
    chosen = next((group for group in found if not all(mention.is_place for mention in group)), found[0])
    span = words[chosen[0].start : chosen[-1].end]
    return phrase([*span[:-1], replace(span[-1], suffix="")])
