"""Questions as people type them: without diacritics or capitals, with a typo, with another spelling of a name."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence

from index import Language

Rewriting = Callable[[str, Language], Sequence[str]]
"""Gives a question's rewritten forms; none when there is nothing in it to rewrite."""

TYPOS = 3
_MOST_TRIES = 50
_MIN_TYPO_LETTERS = 4
_SEED = "haberci"

# One name a line, in spellings that are in use in Turkish, English or transliteration. Translations of a name
# (Venice, Venedik) are other words, not spellings.
SPELLINGS: tuple[tuple[str, ...], ...] = tuple(
    tuple(name.strip() for name in line.split("|"))
    for line in """
        Zelenskyy | Zelenski | Zelensky
        Tokayev | Tokaev
        Medvedev | Medvedyev
        Genghis | Cengiz | Chinggis
        Kublai | Kubilay | Khubilai
        Khan | Han
        Gandhi | Ghandi | Gandi
        Muhammad | Muhammed | Mohammed
        Muwaffaq | Muvaffak
        Baghdad | Bağdat | Bagdad
        Shelley | Shelly
        Priestley | Priestly
        Lavoisier | Lavoazye
        Pachauri | Paçauri
        Hoesung | Hoe-sung
        Ratzel | Ratsel
        Schumpeter | Şumpeter
        Mackinder | McKinder
        Friedrich | Fridrih
        Heinrich | Heinrih
        Wilhelm | Vilhelm
        Johann | Yohan
        Joseph | Josef
        Thomas | Tomas
        Elizabeth | Elisabeth
        Luther | Luter
        Wittenberg | Vittenberg
        Pittsburgh | Pittsburg
        Edinburgh | Edinburg
        Montreal | Montréal
        Kyoto | Kioto
        Kennedy | Kenedi
        Apollo | Apolo
        Peyton | Payton
        Grainger | Granger
        Kearney | Kearny
        Ribault | Ribaut
        Tanaghrisson | Tanacharison
        Loudoun | Loudon
        Dewar | Devar
        Huguenot | Hugenot
        Huguenots | Hugenots
        Mongols | Moguls
        Yuan | Yüan
        Newcastle | New Castle
        Jacksonville | Jackson-ville
        Brooklyn | Bruklin
        Tchaikovsky | Çaykovski
        Dostoevsky | Dostoyevski
        Khrushchev | Kruşçev
        Gorbachev | Gorbaçov
        Khamenei | Hamaney
        Netanyahu | Netanyahou
        Ahmadinejad | Ahmedinejad
    """.strip().splitlines()
)

_KEYBOARDS: dict[Language, tuple[str, ...]] = {
    "tr": ("qwertyuıopğü", "asdfghjklşi", "zxcvbnmöç"),
    "en": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
}


def without_diacritics(question: str, _: Language) -> list[str]:
    """As typed on an English keyboard; capitals stay."""
    decomposed = unicodedata.normalize("NFD", question.replace("ı", "i"))
    return ["".join(character for character in decomposed if not unicodedata.combining(character))]


def in_lower_case(question: str, language: Language) -> list[str]:
    """In the language's own lower case: a Turkish I becomes ı, İ becomes i."""
    if language == "tr":
        question = question.replace("I", "ı").replace("İ", "i")
    return [question.lower()]


def without_question_mark(question: str, _: Language) -> list[str]:
    return [question.rstrip(" ?")]


def careless(question: str, language: Language) -> list[str]:
    """Lower case without diacritics or question mark, as in a search box."""
    for rewrite in (in_lower_case, without_diacritics, without_question_mark):
        (question,) = rewrite(question, language)
    return [question]


def with_typo(question: str, language: Language) -> list[str]:
    """:data:`TYPOS` different forms, each with one typo in one word of four letters or more; every run has the same."""
    words = [match for match in re.finditer(r"[^\W\d_]+", question) if len(match[0]) >= _MIN_TYPO_LETTERS]
    if not words:
        return []
    chance = random.Random(f"{_SEED}:{question}")
    rewritten: dict[str, None] = {}
    for _ in range(_MOST_TRIES):
        word = chance.choice(words)
        form = question[: word.start()] + _mistype(word[0], language, chance) + question[word.end() :]
        if form != question:
            rewritten[form] = None
        if len(rewritten) == TYPOS:
            break
    return list(rewritten)


def _mistype(word: str, language: Language, chance: random.Random) -> str:
    """Two letters swapped, one dropped, one doubled, or one that stands beside the right key."""
    kind = chance.choice(("swap", "drop", "double", "neighbour"))
    if kind == "swap":
        places = [at for at in range(len(word) - 1) if word[at] != word[at + 1]]
        at = chance.choice(places or [0])
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    at = chance.randrange(1, len(word))  # the first letter is seldom mistyped
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    letter = word[at] if kind == "double" else chance.choice(_neighbours(word[at], language) or [word[at]])
    return word[:at] + (word[at] if kind == "double" else "") + letter + word[at + 1 :]


def _neighbours(letter: str, language: Language) -> list[str]:
    for row in _KEYBOARDS[language]:
        at = row.find(letter)
        if at >= 0:
            return [row[near] for near in (at - 1, at + 1) if 0 <= near < len(row)]
    return []


def with_other_spelling(question: str, _: Language) -> list[str]:
    """One form for each other spelling of the first name in it that :data:`SPELLINGS` knows; a suffix stays."""
    found = [
        (match.start(), match.end(), [other for other in names if other != match[0]])
        for names in SPELLINGS
        if (match := re.search(rf"\b(?:{'|'.join(map(re.escape, names))})\b", question))
    ]
    if not found:
        return []
    start, end, others = min(found)
    return [question[:start] + other + question[end:] for other in others]


REWRITINGS: dict[str, Rewriting] = {
    "no diacritics": without_diacritics,
    "all lower case": in_lower_case,
    "no question mark": without_question_mark,
    "all three": careless,
    f"one typo ({TYPOS} tries a question)": with_typo,
    "another spelling of a name": with_other_spelling,
}
