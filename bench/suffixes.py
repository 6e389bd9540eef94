"""Turkish case endings for names and numbers: Ankara'da, İzmir'den, Ticaret Odası'nı, 47'sinin.

An ending follows the last vowel that is *spoken* (harmony) and the last sound (a consonant between two vowels, a hard d
after a hard consonant), so a name that is not said as it is written brings its sound: Leeds, said "lids", Leeds'te.
"""

from __future__ import annotations

from typing import Literal, get_args

Case = Literal["de", "den", "deki", "e", "i", "in", "le", "li", "si", "sini", "sinin"]
CASES: tuple[Case, ...] = get_args(Case)

_HARD = "fstkçşhp"
_BACK = "aıouâû"
_HIGH = {"a": "ı", "ı": "ı", "e": "i", "i": "i", "o": "u", "u": "u", "ö": "ü", "ü": "ü", "â": "i", "î": "i", "û": "u"}
_ONES = ("sıfır", "bir", "iki", "üç", "dört", "beş", "altı", "yedi", "sekiz", "dokuz")
_TENS = ("", "on", "yirmi", "otuz", "kırk", "elli", "altmış", "yetmiş", "seksen", "doksan")
_POWERS = {2: "yüz", 3: "bin", 4: "bin", 5: "bin", 6: "milyon", 7: "milyon", 8: "milyon", 9: "milyar"}


def attach(name: str, case: Case, *, sound: str | None = None, possessed: bool = False) -> str:
    """``name`` with its ending behind an apostrophe (before "li" stands none: İzmirli).

    ``sound``: how it is said, when that differs; its last vowel and letter count. ``possessed``: the name is a compound
    with a possessive ending (Ticaret Odası, Kuşadası), which keeps an n before most endings. "si" is that ending for
    others, as in 47'si.

    Raises ValueError for a name without a vowel and without a sound.
    """
    spoken = _lower(sound or name)
    vowel = next((letter for letter in reversed(spoken) if letter in _HIGH), None)
    if vowel is None:
        raise ValueError(f"nobody can say {name!r}: give its sound")
    ending = _ending(case, vowel, spoken[-1], possessed=possessed)
    return f"{name}{ending}" if case == "li" else f"{name}'{ending}"


def _ending(case: Case, vowel: str, last: str, *, possessed: bool) -> str:
    low, high = "a" if vowel in _BACK else "e", _HIGH[vowel]
    open_end = last in _HIGH
    between = "n" if possessed else "y" if open_end else ""
    stop = "t" if last in _HARD else "d"
    place = f"{'n' if possessed else ''}{stop}{low}"
    own = f"{'s' if open_end else ''}{high}"
    return {
        "de": place,
        "den": f"{place}n",
        "deki": f"{place}ki",
        "e": f"{between}{low}",
        "i": f"{between}{high}",
        "in": f"{'n' if open_end else ''}{high}n",
        "le": f"{'y' if open_end else ''}l{low}",
        "li": f"l{high}",
        "si": own,
        "sini": f"{own}n{high}",
        "sinin": f"{own}n{high}n",
    }[case]


def number_sound(digits: str) -> str:
    """The last word of a number as it is said: "1.200" -> yüz, "3,5" -> beş, "2026" -> altı."""
    whole, _, part = digits.replace(".", "").partition(",")
    value = part.lstrip("0") or "0" if part else whole
    zeros = len(value) - len(value.rstrip("0"))
    if zeros >= len(value):
        return _ONES[0]
    if zeros == 1:
        return _TENS[int(value[-2])]
    return _POWERS[zeros] if zeros else _ONES[int(value[-1])]


def _lower(text: str) -> str:
    """Only to look at letters: İ stays one letter here, I is said ı."""
    return text.replace("İ", "i").replace("I", "ı").lower()


def capitalized(text: str, *, turkish: bool) -> str:
    """With a capital letter at its beginning."""
    first = "İ" if turkish and text[:1] == "i" else text[:1].upper()
    return first + text[1:]
