"""Turkish suffixes behind names: which case they are, and how they sound behind another name."""

from __future__ import annotations

import re

from index.text import MARK, fold

_CASES = tuple(
    (case, re.compile(pattern))
    for case, pattern in (
        ("gen", r"n?[iu]n"),
        ("loc", r"n?[dt][ae]"),
        ("abl", r"n?[dt][ae]n"),
        ("locki", r"n?[dt][ae]ki"),
        ("ins", r"y?l[ae]"),
        ("dat", r"[yn]?[ae]"),
        ("acc", r"[yn]?[iu]"),
    )
)
_BACK = {"a": "ı", "ı": "ı", "o": "u", "u": "u", "â": "ı", "û": "u"}
_FRONT = {"e": "i", "i": "i", "ö": "ü", "ü": "ü", "î": "i"}
_VOICELESS = frozenset("fstkçşhpx")
# How names are spoken, where the spelling misleads: the last syllable counts.
_SPOKEN = {
    "trump": "tramp", "biden": "baydın", "musk": "mask", "google": "gugıl", "apple": "epıl", "twitter": "tvitır",
    "times": "taymz", "guardian": "gardiyın", "cnn": "en", "washington": "vaşingtın", "vance": "vens", "rubio": "rubyo",
    "white house": "vayt haus", "youtube": "yutub", "facebook": "feysbuk", "france": "frans", "europe": "yurop",
    "greece": "gris", "ukraine": "yukreyn", "steve": "stiv", "joe": "co", "reuters": "roytırz",
}  # fmt: skip
# The possessive at the end of a title takes an n: Cumhurbaşkanı'nın, Birliği'ne.
_COMPOUND_HEADS = re.compile(
    r"\w*(?:baskani|bakani|birligi|partisi|meclisi|bankasi|orgutu|bakanligi|baskanligi|kurumu|mahkemesi|komisyonu|"
    r"konseyi|ordusu|hukumeti|lideri|sozcusu|sirketi|vakfi|devletleri|emirlikleri|cumhuriyeti)"
)


def case_of(ending: str) -> str:
    """The case of a folded suffix, "?" for what is none: nin -> gen, ye -> dat."""
    return next((case for case, pattern in _CASES if pattern.fullmatch(ending)), "?")


def ending(name: str, case: str, apostrophe: str = "'") -> str:
    """The suffix of ``case`` behind ``name``, with the apostrophe: 'nin behind Zelenskyy, 'a behind Kazakistan."""
    spoken = _as_spoken(name)
    narrow, wide = _harmony(spoken)
    vowel = bool(spoken) and spoken[-1] in "aeıioöuüâîûy"
    compound = " " in name and _COMPOUND_HEADS.fullmatch(fold(name.split()[-1])) is not None
    buffer = "n" if compound else "y"
    dental = "nd" if compound else "t" if spoken[-1:] in _VOICELESS else "d"
    made = {
        "": "",
        "gen": ("n" if vowel else "") + narrow + "n",
        "acc": (buffer if vowel else "") + narrow,
        "dat": (buffer if vowel else "") + wide,
        "loc": dental + wide,
        "abl": dental + wide + "n",
        "locki": dental + wide + "ki",
        "ins": ("y" if vowel else "") + "l" + wide,
    }[case]
    return apostrophe + made if made else ""


def plural(noun: str) -> str:
    """``asker`` -> ``askerler``."""
    return noun + ("lar" if _harmony(_as_spoken(noun))[1] == "a" else "ler")


def with_past_copula(question_words: str) -> str:
    """``nerede`` -> ``neredeydi``, ``ne zaman`` -> ``ne zamandı``."""
    spoken = _as_spoken(question_words)
    narrow = _harmony(spoken)[0]
    link = "yd" if spoken[-1:] in tuple("aeıioöuü") else "t" if spoken[-1:] in _VOICELESS else "d"
    return question_words + link + narrow


def _harmony(spoken: str) -> tuple[str, str]:
    """The narrow and the wide vowel of a suffix behind what is spoken so."""
    for letter in reversed(spoken):
        if letter in _BACK:
            return _BACK[letter], "a"
        if letter in _FRONT or letter == "y":
            return _FRONT.get(letter, "i"), "e"
    return "i", "e"


def _as_spoken(name: str) -> str:
    """The last word of ``name`` in small letters, as it is spoken."""
    last = name.split()[-1] if name.split() else ""
    key = fold(last).replace(MARK, "")
    if key in _SPOKEN:
        return _SPOKEN[key]
    lowered = last.replace("I", "ı").replace("İ", "i").lower()
    if last.isupper() and len(last) > 1:
        return _spelled_out(lowered)
    # A y behind a consonant or another y is a vowel: Zelenskyy, Kennedy.
    return re.sub(r"(?<=[^aeıioöuü])y+$", "i", lowered)


def _spelled_out(abbreviation: str) -> str:
    """NATO and MİT are read as words, ABD and AKP letter by letter."""
    vowels = "aeıioöuü"
    shape = "".join("v" if letter in vowels else "c" for letter in abbreviation)
    if shape == "cvc" or (len(shape) >= 4 and "v" in shape and "ccc" not in shape):
        return abbreviation.replace("ı", "i") if "i" in abbreviation else abbreviation
    return abbreviation if shape[-1] == "v" else abbreviation + "e"
