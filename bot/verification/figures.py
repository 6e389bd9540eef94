"""Figures of a text: numbers, amounts, dates. The same one has many spellings, within a language and across.

``20-21 Aralık``, ``December 20 and 21`` and ``20. ve 21. gün ... Aralık`` name the same days; ``1,5 milyon`` is
``1.5 million`` and ``1,500,000``; ``yüzde 45`` is ``45%``. What may be read in two ways keeps both readings: a figure
is supported when one of its readings is found in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from index import Language
from index.text import MARK, fold

# --- words ------------------------------------------------------------------------------------------


def _table(text: str) -> dict[str, int]:
    pairs = (entry.split(":") for entry in text.split())
    return {word: int(value) for words, value in pairs for word in words.split("/")}


# Folded. One is an article as well in both languages, so it is no figure in words.
_UNITS: dict[Language, dict[str, int]] = {
    "tr": _table("sifir:0 bir:1 iki:2 uc:3 dort:4 bes:5 alti:6 yedi:7 sekiz:8 dokuz:9"),
    "en": _table("zero:0 one:1 two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 eleven:11 twelve:12 "
                 "dozen:12 thirteen:13 fourteen:14 fifteen:15 sixteen:16 seventeen:17 eighteen:18 nineteen:19"),
}  # fmt: skip
_TENS: dict[Language, dict[str, int]] = {
    "tr": _table("on:10 yirmi:20 otuz:30 kirk:40 elli:50 altmis:60 yetmis:70 seksen:80 doksan:90"),
    "en": _table("twenty:20 thirty:30 forty:40 fifty:50 sixty:60 seventy:70 eighty:80 ninety:90"),
}
_HUNDRED: dict[Language, str] = {"tr": "yuz", "en": "hundred"}
_SCALES: dict[Language, dict[str, int]] = {
    "tr": {"bin": 10**3, "milyon": 10**6, "milyar": 10**9, "trilyon": 10**12, "mn": 10**6, "mr": 10**9},
    "en": {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "bn": 10**9, "mn": 10**6},
}
_ORDINALS: dict[Language, dict[str, int]] = {
    "tr": _table("ikinci:2 ucuncu:3 dorduncu:4 besinci:5 altinci:6 yedinci:7 sekizinci:8 dokuzuncu:9 onuncu:10 "
                 "yirminci:20 otuzuncu:30 kirkinci:40 ellinci:50 altmisinci:60 yetmisinci:70 sekseninci:80 "
                 "doksaninci:90 yuzuncu:100 bininci:1000"),
    "en": _table("second:2 third:3 fourth:4 fifth:5 sixth:6 seventh:7 eighth:8 ninth:9 tenth:10 eleventh:11 "
                 "twelfth:12 thirteenth:13 fourteenth:14 fifteenth:15 sixteenth:16 seventeenth:17 eighteenth:18 "
                 "nineteenth:19 twentieth:20 thirtieth:30 fortieth:40 fiftieth:50 sixtieth:60 seventieth:70 "
                 "eightieth:80 ninetieth:90 hundredth:100 thousandth:1000"),
}  # fmt: skip
# Case and possessive endings of a number word. Those of a word that is another word with an ending (altı, "six";
# altında, "under") are not taken.
_ENDING = r"(?:s?[iu])?n?(?:[iu]n|[ae]|[dt][ae]n?|[iu]|l[ae])?(?:y?[dt][iu]|[dt][iu]r|y?ken)?"
_TAKES_NO_ENDING = frozenset({"on", "alti", "yedi", "bin", "yuz", "bir"})
_SOFTENED = {"dord": "dort", "kirg": "kirk"}

_HALVES: dict[Language, re.Pattern[str]] = {
    "tr": re.compile(r"yari(?:m|si(?:n[a-z]*|yd[iu])?)?"),
    "en": re.compile("half"),
}
_QUARTERS: dict[Language, re.Pattern[str]] = {"tr": re.compile(r"ceyre(?:k|g[a-z]*)"), "en": re.compile("quarter")}
_TWICE: dict[Language, dict[str, int]] = {"tr": {}, "en": {"twice": 2, "thrice": 3}}
# In the evidence these may stand for a number.
_PERHAPS: dict[Language, dict[str, int]] = {
    "tr": _table("ikili:2 uclu:3 dortlu:4 besli:5 cift:2 ikiz:2"),
    "en": _table("both:2 pair:2 couple:2 double:2 triple:3 duo:2 trio:3 once:1"),
}
_VAGUE: dict[Language, dict[str, int]] = {
    "tr": _table("onlarca:10 yuzlerce:100 binlerce:1000 milyonlarca:1000000 milyarlarca:1000000000"),
    "en": _table("tens/dozens:10 hundreds:100 thousands:1000 millions:1000000 billions:1000000000"),
}

_MONTHS: dict[Language, dict[str, int]] = {
    "tr": _table("ocak/ocag:1 subat:2 mart:3 nisan:4 mayis:5 haziran:6 temmuz:7 agustos:8 eylul:9 ekim:10 kasim:11 "
                 "aralik/aralig:12"),
    "en": _table("january/jan:1 february/feb:2 march/mar:3 april/apr:4 may:5 june/jun:6 july/jul:7 august/aug:8 "
                 "september/sept/sep:9 october/oct:10 november/nov:11 december/dec:12"),
}  # fmt: skip
# Names of months and days that are other words too.
_AMBIGUOUS_MONTHS: dict[Language, re.Pattern[str]] = {
    "tr": re.compile(r"(?:oca[kg]|mart|ekim|kasim|arali[kg])[a-z]*"),
    "en": re.compile(r"may|mar(?:ch)?|jan|jun|sep|dec"),
}
_WEEKDAYS: dict[Language, dict[str, int]] = {
    "tr": _table("pazartesi:1 sali:2 carsamba:3 persembe:4 cuma:5 cumartesi:6 pazar:7"),
    "en": _table("monday:1 tuesday:2 wednesday:3 thursday:4 friday:5 saturday:6 sunday:7"),
}
_AMBIGUOUS_DAYS = re.compile(r"(?:pazar(?!tesi)|sali|cuma(?!rtesi))[a-z]*")
_DAY_SEPARATORS = frozenset({"-", ",", "&", "/", "and", "to", "or", "through", "until", "ve", "ile", "ila", "veya"})
_RANGE = frozenset({"-", "to", "and", "or", "ila", "ile", "ve", "veya"})

# What is counted, where languages have a word each for the same thing. Two known units that differ are two figures.
_PERCENT = "percent"
_CURRENCIES: dict[str, str] = {
    "$": "dollar", "€": "euro", "£": "pound", "₺": "lira", "₽": "ruble", "¥": "yen", "dolar": "dollar",
    "dollar": "dollar", "usd": "dollar", "avro": "euro", "euro": "euro", "eur": "euro", "lira": "lira", "tl": "lira",
    "try": "lira", "sterlin": "pound", "pound": "pound", "gbp": "pound", "ruble": "ruble", "rouble": "ruble",
    "yen": "yen", "yuan": "yuan", "frank": "franc", "franc": "franc", "mark": "mark",
    "riyal": "riyal", "dinar": "dinar",
}  # fmt: skip
_MEASURES: dict[str, str] = {
    "saniye": "second", "second": "second", "dakika": "minute", "minute": "minute", "saat": "hour", "hour": "hour",
    "gun": "day", "day": "day", "hafta": "week", "week": "week", "ay": "month", "month": "month", "yil": "year",
    "yas": "year", "year": "year", "yuzyil": "century", "asir": "century", "century": "century", "centuries": "century",
    "kilometre": "kilometre", "kilometer": "kilometre", "km": "kilometre", "metre": "metre", "meter": "metre",
    "mil": "mile", "mile": "mile", "santimetre": "centimetre", "centimetre": "centimetre", "centimeter": "centimetre",
    "kilogram": "kilogram", "kilo": "kilogram", "kg": "kilogram", "ton": "ton", "tonne": "ton", "derece": "degree",
    "degree": "degree", "kisi": "person", "insan": "person", "people": "person", "person": "person",
    "persons": "person", "hektar": "hectare", "hectare": "hectare", "litre": "litre", "liter": "litre",
}  # fmt: skip
_PERCENT_WORDS = frozenset({"percent", "percentage", "pct"})
# Words that may stand between an amount and its currency.
_BETWEEN = frozenset({"abd", "amerikan", "us", "american", "turk", "turkish", "kanada", "canadian", "british"})
_CURRENCY_REACH = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure at ``start:end`` of its text.

    ``values``: what it may be worth, as exact fractions (several when its spelling leaves it open). ``unit``: what it
    counts, when that is known. A date has ``month``, and as much of ``day`` and ``year`` as is said; ``weekday`` is 1
    for Monday; ``is_vague``: "hundreds", which no number stands for.
    """

    start: int
    end: int
    values: frozenset[Fraction] = frozenset()
    unit: str | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    is_vague: bool = False

    @property
    def is_date(self) -> bool:
        return self.month is not None


def unsupported(claim: Sequence[Figure], evidence: Sequence[Figure]) -> list[Figure]:
    """The figures of ``claim`` that ``evidence`` does not have."""
    return [figure for figure in claim if not _is_supported(figure, evidence)]


def _is_supported(figure: Figure, evidence: Sequence[Figure]) -> bool:
    if figure.weekday is not None:
        return any(figure.weekday == other.weekday for other in evidence)
    if figure.is_date:
        return any(_same_date(figure, other, evidence) for other in evidence)
    return any(_same_amount(figure, other) for other in evidence)


def _same_date(figure: Figure, other: Figure, evidence: Sequence[Figure]) -> bool:
    """Whether all that ``figure`` says of a date is said by ``other``; its year may be said elsewhere."""
    if figure.month != other.month or (figure.day is not None and figure.day != other.day):
        return False
    if figure.year is None or figure.year == other.year:
        return True
    return other.year is None and any(figure.year in (each.year, *each.values) for each in evidence)


def _same_amount(figure: Figure, other: Figure) -> bool:
    if figure.is_vague != other.is_vague:
        return False
    # The day or the year of a date may be named by itself: "the 20th", "in 2025".
    parts = {Fraction(part) for part in (other.day, other.year) if part is not None}
    if not figure.values & (other.values | parts):
        return False
    if figure.unit is None:
        return other.unit != _PERCENT
    if figure.unit == other.unit:
        return True
    must_be_said = figure.unit == _PERCENT or figure.unit in _CURRENCIES.values()
    return other.unit is None and not must_be_said


# --- reading ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of a folded text: digits with their separators, a word, or another character."""

    text: str
    start: int
    end: int
    is_glued: bool
    is_upper: bool

    @property
    def is_digits(self) -> bool:
        return self.text[0].isdecimal()


_ITEM = re.compile(rf"\d+(?:[.,:]\d+)*|[^\W\d_{MARK}]+|[^\s\w]")
_ROMAN = re.compile(r"(?=[IVXL]{2})(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?!\w)")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}


def figures(text: str, language: Language) -> list[Figure]:
    """The figures in ``text``, in reading order. One in words ("a", "bir") is none."""
    return _Reader(text, language).read()


def evidence_figures(texts: Iterable[tuple[str, Language]]) -> list[Figure]:
    """Those of several texts, each with its language. In doubt a word counts as a figure, as it would not in a claim:
    "salı" as Tuesday even in lower case, "both" as two."""
    return [figure for text, language in texts for figure in _Reader(text, language, is_evidence=True).read()]


@dataclass(slots=True)
class _Reader:
    """Goes through a text once, from left to right."""

    text: str
    language: Language
    is_evidence: bool = False
    items: list[_Item] = field(init=False)

    def __post_init__(self) -> None:
        folded = fold(self.text)
        self.items = []
        for found in _ITEM.finditer(folded):
            start, end = found.span()
            written = found.group()
            # "ön" is no "on", which folding makes of it.
            if written == "on" and self.text[start] in "öÖ":
                written = "ön"
            glued = start > 0 and not folded[start - 1].isspace()
            self.items.append(_Item(written, start, end, glued, self.text[start].isupper()))

    def read(self) -> list[Figure]:
        found: list[Figure] = []
        at = 0
        while at < len(self.items):
            for parse in (self._date, self._vague, self._range, self._weekday, self._roman):
                figures, after = parse(at)
                if figures:
                    found += figures
                    at = after
                    break
            else:
                at += 1
        return found

    def _at(self, at: int) -> str:
        return self.items[at].text if 0 <= at < len(self.items) else ""

    def _figure(self, first: int, after: int) -> Figure:
        return Figure(self.items[first].start, self.items[after - 1].end)

    def _after_ending(self, at: int) -> int:
        """Past a suffix behind an apostrophe, or an ordinal's point or letters, of what ends before ``at``."""
        if self._at(at) == "'" and self.items[at].is_glued and at + 1 < len(self.items) and self.items[at + 1].is_glued:
            return at + 2
        if self._at(at) in ("st", "nd", "rd", "th") and self.items[at].is_glued:
            return at + 1
        return at

    # --- dates --------------------------------------------------------------------------------------

    def _date(self, at: int) -> tuple[list[Figure], int]:
        for parse in (self._numeric_date, self._days_then_month, self._month_first, self._year_then_month):
            found, after = parse(at)
            if found:
                return found, after
        return [], at

    def _numeric_date(self, at: int) -> tuple[list[Figure], int]:
        """``2025-12-20``, ``20.12.2025``, ``20/12/2025``: in Turkish the day stands first, in English either may."""
        if not self.items[at].is_digits:
            return [], at
        parts, after = self.items[at].text.split("."), at + 1
        if len(parts) != 3:
            written = [self._at(at + step) for step in range(5)]
            if written[1] not in ("-", "/") or written[1] != written[3] or not all(w.isdecimal() for w in written[::2]):
                return [], at
            parts, after = written[::2], at + 5
        if not all(map(str.isdecimal, parts)):
            return [], at
        if len(parts[0]) == 4:
            readings = [(parts[0], parts[1], parts[2])]
        elif len(parts[2]) == 4:
            readings = [(parts[2], parts[1], parts[0])]
            if self.language == "en":
                readings.append((parts[2], parts[0], parts[1]))
        else:
            return [], at
        whole = self._figure(at, after)
        found = [
            replace(whole, year=int(year), month=int(month), day=int(day))
            for year, month, day in readings
            if 1 <= int(month) <= 12 and 1 <= int(day) <= 31
        ]
        # Of two possible readings the first is taken, with the day before the month.
        return found[:1], after if found else at

    def _day(self, at: int) -> tuple[int | None, int]:
        text = self._at(at)
        if not (text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 31):
            return None, at
        after = self._after_ending(at + 1)
        if self._at(after) == "." and self.items[after].is_glued:
            after += 1
        return int(text), after

    def _days(self, at: int) -> tuple[list[int], int]:
        """``20``, ``20-21``, ``20 and 21``, ``20. ve 21.``"""
        days: list[int] = []
        after = at
        while True:
            day, past = self._day(after)
            if day is None:
                return days, (after - 1 if days and after > at else after)
            days.append(day)
            after = past
            if self._at(after) not in _DAY_SEPARATORS:
                return days, after
            after += 1
            if self._at(after) == "the":
                after += 1

    def _month(self, at: int) -> int | None:
        if at >= len(self.items):
            return None
        text, months = self.items[at].text, _MONTHS[self.language]
        if text in months:
            return months[text]
        if self.language == "tr":
            stem = re.match(rf"({'|'.join(months)}){_ENDING}\Z", text)
            return months[stem[1]] if stem else None
        return None

    def _year(self, at: int) -> tuple[int | None, int]:
        if self._at(at) in (",", "of"):
            at += 1
        text = self._at(at)
        if text.isdecimal() and len(text) == 4:
            return int(text), self._after_ending(at + 1)
        return None, at

    def _days_then_month(self, at: int) -> tuple[list[Figure], int]:
        days, after = self._days(at)
        if not days:
            return [], at
        if self._at(after) in ("of", "gunu", "gunleri"):
            after += 1
        month = self._month(after)
        if month is None:
            return [], at
        after = self._after_ending(after + 1)
        year, past = self._year(after)
        after = past if year is not None else after
        whole = self._figure(at, after)
        return [replace(whole, year=year, month=month, day=day) for day in days], after

    def _month_first(self, at: int) -> tuple[list[Figure], int]:
        """``December 20-21, 2025``, ``Aralık 2025``, ``in December``."""
        month = self._month(at)
        if month is None:
            return [], at
        after = self._after_ending(at + 1)
        days: list[int] = []
        past = after
        if self.language == "en":
            if self._at(past) == "the":
                past += 1
            days, past = self._days(past)
        year, past = self._year(past if days else after)
        if year is not None:
            after = past
        elif days:
            after = self._days(after + (self._at(after) == "the"))[1]
        elif not self._is_month_by_itself(at, after):
            return [], at
        whole = self._figure(at, after)
        return [replace(whole, year=year, month=month, day=day) for day in (*days, *([] if days else [None]))], after

    def _is_month_by_itself(self, at: int, after: int) -> bool:
        """Whether a month's name without a day or a year is one: "may" and "march" are other words too, and so are
        "ocak" and "aralık". A capital tells, but not at the beginning."""
        text = self.items[at].text
        if self.is_evidence or not _AMBIGUOUS_MONTHS[self.language].fullmatch(text):
            return True
        return after > at + 1 or self._at(after).startswith("ay") or (at > 0 and self.items[at].is_upper)

    def _year_then_month(self, at: int) -> tuple[list[Figure], int]:
        """``2025 Aralık``, ``2025 yılının Aralık ayında``: Turkish."""
        text = self._at(at)
        if self.language != "tr" or not (text.isdecimal() and len(text) == 4):
            return [], at
        after = self._after_ending(at + 1)
        if self._at(after).startswith("yil"):
            after += 1
        month = self._month(after)
        if month is None:
            return [], at
        after = self._after_ending(after + 1)
        return [replace(self._figure(at, after), year=int(text), month=month)], after

    def _weekday(self, at: int) -> tuple[list[Figure], int]:
        days, text = _WEEKDAYS[self.language], self.items[at].text
        found = days.get(text) or days.get(text.removesuffix("s"))
        ending = ""
        if found is None and self.language == "tr":
            stem = re.match(
                rf"({'|'.join(sorted(days, key=len, reverse=True))})(y?[iae]|s[iu]|[dt][ae]n?|n[iu]n|l[ae]r[iu]?)\Z",
                text,
            )
            found, ending = (days[stem[1]], stem[2]) if stem else (None, "")
        if found is None:
            return [], at
        # "pazar" is a market and "cuma" a prayer as well, unless they are written like a day or called one.
        is_other = self.language == "tr" and bool(_AMBIGUOUS_DAYS.fullmatch(text))
        is_called = self._at(at + 1).startswith(("gun", "sabah", "aksam", "gece", "ogle"))
        if is_other and not (self.is_evidence or is_called or (self.items[at].is_upper and ending not in ("i", "yi"))):
            return [], at
        return [replace(self._figure(at, at + 1), weekday=found)], at + 1

    # --- numbers ------------------------------------------------------------------------------------

    def _range(self, at: int) -> tuple[list[Figure], int]:
        """One amount, or two that share a scale or a unit: ``5-6 million``, ``%45 ile 50 arası``."""
        first, after, scale = self._amount(at)
        if first is None:
            return [], at
        if self._at(after) in _RANGE and after + 1 < len(self.items):
            second, past, second_scale = self._amount(after + 1)
            if second is not None:
                shared = first.values
                if scale == 1 and second_scale > 1:
                    shared |= {value * second_scale for value in first.values}
                first = replace(first, values=shared, unit=first.unit or second.unit)
                second = replace(second, unit=second.unit or first.unit)
                return [figure for figure in (first, second) if not self._is_one(figure)], past
        return [] if self._is_one(first) else [first], after

    def _is_one(self, figure: Figure) -> bool:
        return figure.values == {Fraction(1)} and not any(
            map(str.isdecimal, fold(self.text[figure.start : figure.end]))
        )

    def _amount(self, at: int) -> tuple[Figure | None, int, int]:
        """The amount that begins with an item, where it ends, and the last scale in it (1 for none)."""
        after, unit = at, None
        text = self._at(after)
        if text == "%" or (self.language == "tr" and text == "yuzde" and self._begins_number(after + 1)):
            unit, after = _PERCENT, after + 1
        elif text in _CURRENCIES and not text.isalpha():
            unit, after = _CURRENCIES[text], after + 1
        values, past, scale = self._magnitude(after)
        if not values:
            return None, at, 1
        if self._at(at) == "second" and self._at(at + 1) == "-":  # second-hand
            return None, at, 1
        if unit is None:
            unit, past = self._unit(past)
        return replace(self._figure(at, past), values=frozenset(values), unit=unit), past, scale

    def _begins_number(self, at: int) -> bool:
        return bool(self._at(at)) and (self.items[at].is_digits or self._number_word(self._at(at)) is not None)

    def _magnitude(self, at: int) -> tuple[set[Fraction], int, int]:
        """``1,5``, ``1,5 milyon``, ``1 milyon 500 bin``, ``yirmi beş``, ``two and a half million``, ``half``."""
        if at >= len(self.items):
            return set(), at, 1
        if share := self._share(at):
            return share
        total, current = {Fraction(0)}, None
        after, last_scale, smallest = at, 1, None
        while after < len(self.items):
            text = self._at(after)
            word = None
            if self.items[after].is_digits:
                if current is not None:
                    break
                current = _readings(text)
                after = self._after_number(after + 1)
            elif text in ("bucuk", "bucugu") and current is not None:
                current = {value + Fraction(1, 2) for value in current}
                after += 1
            elif text == "and" and [self._at(after + 1), self._at(after + 2)] == ["a", "half"]:
                current = {value + Fraction(1, 2) for value in current or {Fraction(0)}}
                after += 3
            elif (scale := self._scale(text)) is not None and (smallest is None or scale < smallest):
                if current is None and smallest is None and after == at and text in ("mn", "mr", "bn"):
                    break
                total = {whole + scale * part for whole in total for part in current or {Fraction(1)}}
                current, last_scale, smallest = None, scale, scale
                after = self._after_ending(after + 1)
            elif (word := self._number_word(text, after_ten=current is not None)) is not None and self._can_follow(
                word, current
            ):
                current = self._with_word(word, current)
                after = self._after_ending(after + 1)
            elif text in ("-", "and") and current is not None and self._continues(after + 1, current, text):
                after += 1
            else:
                break
        if after == at:
            return set(), at, 1
        values = {whole + part for whole in total for part in current or {Fraction(0)}}
        return values, after, last_scale

    def _share(self, at: int) -> tuple[set[Fraction], int, int] | None:
        """``half``, ``a quarter``, ``dörtte bir``, ``two-thirds``; and words that may stand for a number."""
        text, language = self._at(at), self.language
        if _HALVES[language].fullmatch(text):
            return {Fraction(1, 2)}, at + 1, 1
        if _QUARTERS[language].fullmatch(text):
            return {Fraction(1, 4)}, at + 1, 1
        if text in _TWICE[language]:
            return {Fraction(_TWICE[language][text])}, at + 1, 1
        if self.is_evidence and text in _PERHAPS[language]:
            return {Fraction(_PERHAPS[language][text])}, at + 1, 1
        if language == "tr" and re.fullmatch(r"[a-z]+[dt][ae]", text):
            below = self._number_word(text)
            above = self._number_word(self._at(at + 1), after_ten=True)
            if below and above and above < below:
                return {Fraction(above, below)}, at + 2, 1
        if language == "en" and self._number_word(text) is not None:
            below_at = at + 2 if self._at(at + 1) == "-" else at + 1
            below = _ORDINALS["en"].get(self._at(below_at).removesuffix("s"))
            if self._at(below_at) in ("quarters", "quarter"):
                below = 4
            above_word = self._number_word(text) or 0
            if below and above_word < below and (self._at(below_at).endswith("s") or above_word == 1):
                return {Fraction(above_word, below)}, below_at + 1, 1
        return None

    def _after_number(self, at: int) -> int:
        """Past a suffix, or the point of an ordinal, which a word follows."""
        after = self._after_ending(at)
        if after == at and self._at(at) == "." and self.items[at].is_glued and self.language == "tr":
            follows = at + 1 < len(self.items) and not self.items[at + 1].is_glued
            return at + 1 if follows else at
        return after

    def _scale(self, text: str) -> int | None:
        scales = _SCALES[self.language]
        if text in scales:
            return scales[text]
        if self.language == "tr":
            found = re.match(rf"(milyon|milyar|trilyon)(?:{_ENDING}|luk|lik)\Z", text)
            return scales[found[1]] if found else None
        return None

    def _number_word(self, text: str, *, after_ten: bool = False) -> int | None:
        """What a word is worth by itself; 100 for "hundred". ``after_ten``: it follows a number, and so is one."""
        language = self.language
        if text == _HUNDRED[language]:
            return 100
        for words in (_UNITS[language], _TENS[language], _ORDINALS[language]):
            if text in words:
                return words[text]
        if language == "tr":
            stems = {**_UNITS["tr"], **_TENS["tr"], **_ORDINALS["tr"]}
            found = re.match(rf"({'|'.join(sorted({*stems, *_SOFTENED}, key=len, reverse=True))}){_ENDING}\Z", text)
            if found:
                stem = _SOFTENED.get(found[1], found[1])
                return None if stem in _TAKES_NO_ENDING and not after_ten else stems[stem]
        return None

    @staticmethod
    def _can_follow(word: int, current: set[Fraction] | None) -> bool:
        """Twenty may be followed by five, not five by twenty; a hundred may follow two."""
        if current is None:
            return True
        (value,) = current if len(current) == 1 else (Fraction(-1),)
        if word == 100:
            return 1 <= value < 10
        if word < 10:
            return (value >= 20 and value % 10 == 0) or value == 10
        return value >= 100 and value % 100 == 0

    @staticmethod
    def _with_word(word: int, current: set[Fraction] | None) -> set[Fraction]:
        if current is None:
            return {Fraction(word)}
        return {value * 100 if word == 100 else value + word for value in current}

    def _continues(self, at: int, current: set[Fraction], joint: str) -> bool:
        """Whether "twenty-" or "two hundred and" goes on with a number word."""
        word = self._number_word(self._at(at))
        if self.language != "en" or word is None or not self._can_follow(word, current):
            return False
        (value,) = current if len(current) == 1 else (Fraction(-1),)
        return value >= 100 if joint == "and" else value % 100 >= 20

    def _unit(self, at: int) -> tuple[str | None, int]:
        """What the amount before ``at`` counts, and where that ends."""
        past = at + 1 if self._at(at) == "-" else at
        text = self._at(past)
        if text == "%" or text in _PERCENT_WORDS:
            return _PERCENT, past + 1
        if text == "per" and self._at(past + 1) == "cent":
            return _PERCENT, past + 2
        if text in _CURRENCIES and not text.isalpha():
            return _CURRENCIES[text], past + 1
        measure = _measure(text, self.language, _MEASURES)
        if measure:
            return measure, past + 1
        for step in range(_CURRENCY_REACH):
            currency = _measure(self._at(past + step), self.language, _CURRENCIES)
            if currency:
                return currency, past + step + 1
            if self._at(past + step) not in _BETWEEN:
                break
        return None, at

    def _vague(self, at: int) -> tuple[list[Figure], int]:
        """``binlerce``, ``yüz binlerce``, ``thousands``, ``tens of thousands``."""
        words, after = _VAGUE[self.language], at
        value = words.get(self._at(at))
        if value is not None:
            after = at + 1
            if self.language == "en" and self._at(after) == "of" and self._at(after + 1) in words:
                value, after = value * words[self._at(after + 1)], after + 2
        elif self.language == "tr" and self._at(at) in ("on", "yuz") and self._at(at + 1) in words:
            value, after = (10 if self._at(at) == "on" else 100) * words[self._at(at + 1)], at + 2
        if value is None:
            return [], at
        return [replace(self._figure(at, after), values=frozenset({Fraction(value)}), is_vague=True)], after

    def _roman(self, at: int) -> tuple[list[Figure], int]:
        """``II``, ``XIX.``: those of one letter are left out, since they are letters more often."""
        item = self.items[at]
        if not (item.is_upper and _ROMAN.fullmatch(self.text[item.start : item.end])):
            return [], at
        worth = [_ROMAN_VALUES[letter] for letter in self.text[item.start : item.end]]
        value = sum(-one if one < max(worth[place:]) else one for place, one in enumerate(worth))
        unit, after = self._unit(at + 1 + (self._at(at + 1) == "."))
        return [replace(self._figure(at, at + 1), values=frozenset({Fraction(value)}), unit=unit)], max(after, at + 1)


def _measure(text: str, language: Language, names: dict[str, str]) -> str | None:
    """The unit that a word names, in any of its forms."""
    if not text.isalpha():
        return None
    if text in names:
        return names[text]
    if language == "en":
        return names.get(text.removesuffix("s"))
    for length in range(len(text) - 1, 1, -1):
        if text[:length] in names and re.fullmatch(
            r"(?:l[iu]k|l[iu]|l[ae]r|[iu]nc[iu])?(?:y?" + _ENDING + ")?", text[length:]
        ):
            return names[text[:length]]
    return None


def _readings(written: str) -> set[Fraction]:
    """What digits with separators may be worth: ``1.500`` is 1500, in English 1.5 as well; ``14:30`` is 14.3."""
    plain = re.sub(r"[.,:]", "", written)
    if plain == written:
        return {Fraction(int(plain))}
    found: set[Fraction] = set()
    groups = re.split(r"[.,]", written)
    separators = set(re.findall(r"[.,:]", written))
    is_grouped = len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    if is_grouped and len(separators) == 1 and ":" not in separators:
        found.add(Fraction(int(plain)))
    if len(re.findall(r"[.,:]", written)) == 1:
        whole, decimals = re.split(r"[.,:]", written)
        found.add(Fraction(f"{int(whole)}.{decimals}"))
    elif (both := re.fullmatch(r"(\d{1,3}(?:\.\d{3})+),(\d+)|(\d{1,3}(?:,\d{3})+)\.(\d+)", written)) is not None:
        whole, decimals = (group for group in both.groups() if group is not None)
        found.add(Fraction(f"{re.sub(r'[.,]', '', whole)}.{decimals}"))
    return found or {Fraction(int(part)) for part in re.findall(r"\d+", written)}
