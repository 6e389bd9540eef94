"""What the invented news is told with: templates of ``bench/stories``, and the names and figures drawn for them.

A template holds ``[this|or that]`` and slots: ``{town}``, ``{town.den}`` with a Turkish ending, ``{person1.last}`` for
a surname. A slot is drawn when it is first met and stays the same for its story, in both languages.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bench.suffixes import CASES, attach, capitalized, number_sound
from index import Language

STORIES = Path(__file__).parent / "stories"
SETTINGS = ("tr", "en")
NAME_KINDS = ("person", "town", "village", "street", "company", "club")
"""Kinds of slots that say whom and where a story is about."""

_SLOT = re.compile(r"\{(\w+)((?:\.\w+)*)\}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_ATOM = re.compile(r"(?P<tr>[^:+=]+?)(?::(?P<sound>\w+))?(?P<possessed>\+)?(?: = (?P<en>.+))?")
_AN = re.compile(r"\b([Aa]) (?=[aeioAEIO]|u(?!ni|se))(?!one|eu)")
_DAYS = {"tr": ("pazartesi", "salı", "çarşamba", "perşembe", "cuma", "cumartesi", "pazar"),
         "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")}  # fmt: skip
_MONTHS = {
    "tr": ("Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım",
           "Aralık"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip


class Chance:
    """Draws that are the same on every machine: of :mod:`random` only ``random()`` is promised to stay."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def share(self) -> float:
        """From 0 up to, never reaching, 1."""
        return self._random.random()

    def below(self, count: int) -> int:
        return int(self.share() * count)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[Any]) -> list[Any]:
        mixed = list(options)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed


@dataclass(frozen=True, slots=True)
class Value:
    """What a slot stands for. ``sound`` and ``possessed``: see :mod:`bench.suffixes`."""

    tr: str
    en: str
    sound: str | None = None
    possessed: bool = False

    def show(self, language: Language, mods: Sequence[str] = ()) -> str:
        shown = self.tr if language == "tr" else self.en
        for mod in mods:
            if mod == "last":
                shown = shown.rpartition(" ")[2]
            elif mod in CASES:
                shown = attach(shown, mod, sound=self.sound, possessed=self.possessed)
            else:
                raise ValueError(f"a slot can be followed by last or a case, not by {mod!r}")
        return shown


def load(name: str) -> dict[str, Any]:
    """One file of ``bench/stories``."""
    loaded: dict[str, Any] = yaml.safe_load((STORIES / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def subjects() -> dict[str, dict[str, Any]]:
    """What there is to report, by subject, without what fits every subject."""
    names = sorted(path.stem for path in STORIES.glob("*.yaml"))
    return {name: load(name) for name in names if name not in ("names", "general")}


@cache
def general() -> dict[str, Any]:
    """What fits every subject."""
    return load("general")


@cache
def _pools() -> dict[str, dict[str, tuple[Value, ...]]]:
    return {
        setting: {kind: tuple(_read_pool(pool)) for kind, pool in pools.items()}
        for setting, pools in load("names").items()
    }


def _read_pool(pool: Sequence[str] | Mapping[str, Any]) -> list[Value]:
    if not isinstance(pool, Mapping):
        return [parse_value(text) for text in pool]
    firsts, lasts = ([parse_value(text) for text in part] for part in pool["parts"])
    return [
        Value(first.tr + last.tr, first.en + last.en, last.sound, last.possessed)
        for first in firsts
        for last in lasts
        if first.tr.lower() != last.tr
    ]


def parse_value(text: str) -> Value:
    """ "Turkish:sound+ = English", of which only the first is needed."""
    found = _ATOM.fullmatch(text)
    if found is None:
        raise ValueError(f"not a name: {text!r}")
    space = " " if text.startswith(" ") else ""  # of the last part of a name
    english = space + found["en"] if found["en"] else found["tr"]
    return Value(found["tr"], english, found["sound"], bool(found["possessed"]))


@dataclass(slots=True)
class Scene:
    """One story's names and figures. ``setting``: "tr" for Turkey, "en" for where English is spoken."""

    chance: Chance
    setting: str
    published: date
    words: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

    def learn(self, source: Mapping[str, Any]) -> None:
        """Take over the words and figures that a subject, a story or a fact brings along."""
        self.words |= {name: tuple(map(parse_value, texts)) for name, texts in source.get("words", {}).items()}
        self.figures |= source.get("figures", {})

    def value(self, slot: str) -> Value:
        if slot not in self.values:
            drawn = self._draw(slot)
            for _ in range(20):  # two mayors of one name would confuse
                if slot in self.figures or drawn not in self.values.values():
                    break
                drawn = self._draw(slot)
            self.values[slot] = drawn
        return self.values[slot]

    def tell(self, text: str, language: Language) -> str:
        """The template with its choices made and its slots filled, capitalized."""
        text = _CHOICE.sub(lambda found: str(self.chance.pick(found[1].split("|"))), text)
        return self.fill(text, language)

    def fill(self, text: str, language: Language) -> str:
        """The template with its slots filled, capitalized."""

        def show(found: re.Match[str]) -> str:
            return self.value(found[1]).show(language, found[2].split(".")[1:])

        filled = _SLOT.sub(show, text)
        if language == "en":
            filled = _AN.sub(r"\1n ", filled)
        quoted = [capitalized(part, turkish=language == "tr") for part in filled.split("“")]
        return "“".join(quoted)

    def is_ready(self, text: str) -> bool:
        """Whether nobody is called by a surname alone who has not been introduced."""
        used = _SLOT.findall(text)
        met = {slot for slot, mods in used if ".last" not in mods} | set(self.values)
        return all(slot in met for slot, mods in used if ".last" in mods)

    def _draw(self, slot: str) -> Value:
        if slot in self.figures:
            return draw_figure(self.figures[slot], self.chance)
        kind = slot.rstrip("0123456789")
        pools = _pools()[self.setting]
        if kind in self.words:
            drawn: Value = self.chance.pick(self.words[kind])
        elif kind in pools:
            drawn = self.chance.pick(pools[kind])
        elif kind in _DRAWN:
            drawn = _DRAWN[kind](self)
        else:
            raise ValueError(f"nothing is known of the slot {slot!r}")
        return drawn


def slots(text: str) -> list[str]:
    """The slots of a template, in the order of their first appearance."""
    return list(dict.fromkeys(slot for slot, _ in _SLOT.findall(text)))


def draw_figure(kind: str, chance: Chance) -> Value:
    """A figure of "40-90", "1.2-9.8", "~40-90000" (as many small as large ones, rounded), "100-900/50" (in steps) or
    "y1950-2015" (a year)."""
    bounds, _, step = kind.lstrip("~y").partition("/")
    low, high = bounds.split("-")
    if "." in bounds:
        tenths = round(10 * float(low))
        shown = f"{(tenths + chance.below(round(10 * float(high)) - tenths + 1)) / 10:.1f}"
        shown = shown.removesuffix(".0")
        return Value(shown.replace(".", ","), shown, number_sound(shown.replace(".", ",")))
    if kind.startswith("~"):
        number = _draw_rounded(int(low), int(high), chance)
    else:
        number = int(low) + chance.below(int(high) - int(low) + 1)
        number -= number % int(step or 1)
    if kind.startswith("y"):
        return Value(str(number), str(number), number_sound(str(number)))
    return Value(f"{number:,}".replace(",", "."), f"{number:,}", number_sound(str(number)))


def _draw_rounded(low: int, high: int, chance: Chance) -> int:
    # Doubling in steps needs no logarithm, whose last digit differs between machines.
    doublings = (high // low).bit_length() - 1
    base = low << chance.below(doublings + 1)
    number = min(high, base + chance.below(base))
    unit: int = 10 ** max(0, len(str(number)) - 3)
    return number - number % unit


def _draw_person(scene: Scene) -> Value:
    pools = _pools()[scene.setting]
    first, last = scene.chance.pick(pools[scene.chance.pick(("woman", "man"))]), scene.chance.pick(pools["surname"])
    return Value(f"{first.tr} {last.tr}", f"{first.en} {last.en}", last.sound, last.tr.endswith("oğlu"))


def _draw_day(scene: Scene) -> Value:
    number = (scene.published - timedelta(days=scene.chance.below(3))).weekday()
    return Value(_DAYS["tr"][number], _DAYS["en"][number])


def _draw_time(scene: Scene) -> Value:
    hour, minute = 6 + scene.chance.below(17), f"{5 + 5 * scene.chance.below(11):02}"
    return Value(f"{hour}.{minute}", f"{hour}:{minute}", number_sound(minute.lstrip("0")))


def show_date(when: date, *, with_year: bool) -> Value:
    """ "9 Eylül" and "9 September", with the year when it matters."""
    turkish, english = (f"{when.day} {_MONTHS[language][when.month - 1]}" for language in SETTINGS)
    if not with_year:
        return Value(turkish, english)
    return Value(f"{turkish} {when.year}", f"{english} {when.year}", number_sound(str(when.year)))


def _draw_date(scene: Scene, sign: int, nearest: int, farthest: int) -> Value:
    when = scene.published + sign * timedelta(days=nearest + scene.chance.below(farthest - nearest))
    return show_date(when, with_year=when.year != scene.published.year)


_DRAWN: dict[str, Callable[[Scene], Value]] = {
    "person": _draw_person,
    "day": _draw_day,
    "time": _draw_time,
    "date": lambda scene: _draw_date(scene, 1, 4, 120),
    "past": lambda scene: _draw_date(scene, -1, 20, 400),
}
