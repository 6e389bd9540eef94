"""Folding and tokenizing: the one place that lowercases text.

Lower case and diacritics are in the way of every comparison of words, and ``str.lower`` changes lengths
(``"İ".lower()`` is two code points), so that offsets taken on lowered text drift. :func:`fold` keeps every
position: what is found at ``start:end`` of the folded text stands at ``start:end`` of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MARK = "\u034f"
"""What :func:`fold` puts in the place of a character that is not seen by itself: a combining mark, a soft hyphen,
a zero-width joiner. U+034F is itself a combining mark that has no effect, so folding twice changes nothing."""

STEM_CHARS = 5
"""Tokens are cut to this many characters for lexical search: BM25 recall@1 .827 -> .911 on Turkish XQuAD."""

# Characters that Unicode does not decompose, or does not decompose as a reader of names would.
_SPECIAL = dict(zip("İıŉßẞæÆœŒøØđĐłŁħĦðÐþÞəƏŋŊ", "iinssaaooooddllhhddtteenn", strict=True))
_SPECIAL |= dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u0060\u02b9\u02bb\u02bc\u02bd\u02c8\uff07", "'")
_SPECIAL |= dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02", '"')
_SPECIAL |= dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d", "-")

_INVISIBLE = ("Mn", "Me", "Cf")


class _FoldTable(dict[int, int]):
    """A ``str.translate`` table that works each character out when it is first met."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        while (folded := _fold_once(character)) != character:
            character = folded
        self[code] = ord(character)
        return self[code]


def _fold_once(character: str) -> str:
    """One step towards the folded form, always one character; repeated until nothing changes."""
    if character in _SPECIAL:
        return _SPECIAL[character]
    category = unicodedata.category(character)
    if category in _INVISIBLE:
        return MARK
    if category == "Zs":
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category[0] != "L":  # "½" stays: as a "1" it would make 6½ the number 61
        return character
    base, *rest = list(unicodedata.normalize("NFKD", character))
    # "é" is a letter and marks, "ǆ" a ligature of Latin letters; a Korean syllable is neither.
    if base.isalpha() and (base.isascii() or all(map(unicodedata.combining, rest))):
        character = base
    lowered = character.casefold()
    return lowered if len(lowered) == 1 else character


_FOLD_TABLE = _FoldTable()


def fold(text: str) -> str:
    """``text`` in lower case and without diacritics, position by position.

    ``len(fold(text)) == len(text)`` for every text, and character ``i`` of the result stands for character ``i``
    of the text. All of i, ı, I and İ become ``i``; a ligature becomes its first letter (``æ`` -> ``a``,
    ``ß`` -> ``s``); any script's digits become ASCII digits; curly quotes, apostrophes and dashes become straight ones,
    other widths of space a space. Combining marks and invisible characters become :data:`MARK`, which :func:`tokens`
    skips. Line breaks stay as they are. Folding is idempotent.
    """
    return text.translate(_FOLD_TABLE)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a number. ``text`` is folded, ``start`` and ``end`` count characters of the tokenized text.

    For a word, ``text`` is ``fold(source)[start:end]`` without marks and apostrophes; for a number it is the canonical
    form. A suffix behind an apostrophe lies outside ``start:end``.
    """

    text: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        """Whether the token is a number."""
        return self.text[0].isdigit()


_LETTER = r"[^\W\d_]"
_WORD_PART = rf"{_LETTER}(?:{_LETTER}|{MARK})*"
_TOKEN = re.compile(
    rf"(?P<number>\d+(?:[.,:]\d+)*)(?:(?P<tail>'?{_LETTER}(?:{_LETTER}|{MARK})*+)(?!\d))?|"
    rf"(?P<word>{_WORD_PART}(?:'{_WORD_PART})*)"
)
# Turkish case, possessive, plural, derivation and copula endings, folded, in any chain: 'de 'nin 'lardan 'ydi 'ki.
# What cannot be parsed so belongs to the word: Kur'an, O'Brien, Xi'an.
_TURKISH_ENDING = (
    r"(?:l[ae]r|n?[iu]n|[dt][ae]n?|nd[ae]n?|n?[aeiu]|y[aeiu]|s[iu]n?|y?l[ae]|n?c[ae]|[iu]?nc[iu]|ki|"
    r"l[iu]k?|s[iu]z|y?[dt][iu]|[dt][iu]r|y?m[iu]s|[iu]m|[iu]m[iu]z|yken)+"
)
_ENGLISH_ENDING = r"s|re|ve|ll|d|m"
_ENDING = re.compile(rf"(?:{_TURKISH_ENDING}|{_ENGLISH_ENDING})")
_NUMBER_ENDING = re.compile(rf"'?(?:{_TURKISH_ENDING}|s|st|nd|rd|th)")


def tokens(text: str) -> list[Token]:
    """The words and numbers of ``text``, in reading order.

    - A suffix behind an apostrophe is split off and dropped: ``Putin'le`` -> putin, ``Russia's`` -> russia,
      ``2025'te`` -> 2025. An apostrophe inside a word is dropped: ``don't`` -> dont, ``Kur'an'ı`` -> kuran.
    - A number is one token, in one form: ``1.500.000``, ``1,500,000`` and ``1500000`` are 1500000 (groups of three
      are thousands, in either language), ``3,5`` and ``3.5`` are 3.5, ``14:30`` and ``14.30`` are 14.3. What is
      neither (``21.12.2025``) is several numbers. A hyphen divides: ``20-21`` is 20 and 21. Signs, ``%`` and
      currencies are no part of it.
    - Endings of numbers are dropped (``20th``, ``1990s``, ``2025te``); other letters beside digits are a token of
      their own, so that ``F16`` and ``F-16``, ``10km`` and ``10 km`` agree.
    - Letters with combining marks are the same word as composed ones.
    """
    folded = fold(text)
    found: list[Token] = []
    for match in _TOKEN.finditer(folded):
        if match["word"] is not None:
            found.append(_word(match["word"], match.start("word")))
            continue
        found.extend(_numbers(match["number"], match.start("number")))
        tail = match["tail"]
        if tail and not _NUMBER_ENDING.fullmatch(tail.replace(MARK, "")):
            start = match.start("tail") + tail.startswith("'")
            found.append(_word(folded[start : match.end("tail")], start))
    return found


def _word(written: str, start: int) -> Token:
    while "'" in written:
        head, _, ending = written.rpartition("'")
        if not _ENDING.fullmatch(ending.replace(MARK, "")):
            break
        written = head
    return Token(written.replace(MARK, "").replace("'", ""), start, start + len(written))


_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*")
_THOUSANDS_AND_DECIMALS = re.compile(r"([1-9]\d{0,2}(?:\.\d{3})+),(\d+)|([1-9]\d{0,2}(?:,\d{3})+)\.(\d+)")
_DECIMALS = re.compile(r"(\d+)[.,](\d+)|(\d{1,2}):(\d\d)")
_SEPARATORS = re.compile(r"[.,]")


def _numbers(written: str, start: int) -> Iterator[Token]:
    """The number that ``written`` is, in canonical form, or the several numbers that its separators keep apart."""
    end = start + len(written)
    if _THOUSANDS.fullmatch(written):
        yield Token(_SEPARATORS.sub("", written), start, end)
    elif match := (_THOUSANDS_AND_DECIMALS.fullmatch(written) or _DECIMALS.fullmatch(written)):
        whole, decimals = (group for group in match.groups() if group is not None)
        yield Token(_canonical(_SEPARATORS.sub("", whole), decimals), start, end)
    else:
        for part in re.finditer(r"\d+", written):
            yield Token(_canonical(part.group()), start + part.start(), start + part.end())


def _canonical(whole: str, decimals: str = "") -> str:
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def stem(token: Token | str) -> str:
    """A key on which a word's inflected forms agree: its first :data:`STEM_CHARS` characters, a number whole."""
    text = token if isinstance(token, str) else token.text
    return text if text[:1].isdigit() else text[:STEM_CHARS]


# How the same name is spelled by Turkish, English and Russian habits, on folded text, applied in this order.
_SPELLINGS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"ph", "f"),
        (r"sch|sh", "s"),  # ş
        (r"t?ch", "c"),  # ç
        (r"zh", "j"),
        (r"kh", "h"),
        (r"gh", "g"),
        (r"th", "t"),
        (r"ck|q", "k"),
        (r"w", "v"),
        (r"x", "ks"),
        (r"ou|oo", "u"),
        (r"ee", "i"),
        (r"(?<=[aeiou])y(?=[aeiou])", ""),  # Tokayev, Tokaev
        (r"(?<=[^aeiouy])y(?=e)|^y(?=e)", ""),  # Medvedyev, Medvedev
        (r"y", "i"),
        (r"(.)\1+", r"\1"),
        (r"(?<=[eo])f$", "v"),  # Gorbaçof
    )
)
_FINAL_DEVOICING = str.maketrans("bdg", "ptk")  # Ahmed, Ahmet
_NEAR_VOWELS = str.maketrans("eo", "au")  # Mohammed, Muhammad; Tehran, Tahran
_MIN_CHARS_FOR_NEAR_VOWELS = 4


def name_key(token: Token | str) -> str:
    """A key on which the usual spellings of a name agree, Turkish, English or transliterated.

    Zelenskyy, Zelensky, Zelenskiy and Zelenski share one, so do Tokayev and Tokaev, Khamenei and Hamaney, Mohammed
    and Muhammad. It is meant for names: ordinary words that differ in a vowel may share a key too. A suffix
    without an apostrophe is kept. The key of a number is the number.
    """
    key = token if isinstance(token, str) else token.text
    if key[:1].isdigit():
        return key
    for pattern, replacement in _SPELLINGS:
        key = pattern.sub(replacement, key)
    key = key[:-1] + key[-1:].translate(_FINAL_DEVOICING)
    return key.translate(_NEAR_VOWELS) if len(key) >= _MIN_CHARS_FOR_NEAR_VOWELS else key
