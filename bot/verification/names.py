"""Names of a text: whether a claim has one that its evidence does not have.

The same name is written in many ways, most of all in two languages: ``Zelenskiy'nin`` is ``Zelenskyy``, ``Moskova`` is
``Moscow``, ``BM`` is ``the United Nations``. A name is supported when the evidence has the word itself, with an ending
or without, another spelling of it, or another form of the same name from a table: countries and languages come from
Babel's CLDR, what it does not have from ``bot/data/names.txt``.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

from bot.verification.figures import figures
from index import Language
from index.text import fold, name_key, tokens

_CACHED_TEXTS, _CACHED_WORDS = 256, 1 << 14
_LONGEST_WORD = 40

# --- endings ----------------------------------------------------------------------------------------

# Turkish endings, folded, in the order in which they follow each other. What follows a vowel differs from what
# follows a consonant, and a possessive ("Sarayı") takes endings of its own ("Sarayının").
_AFTER_CONSONANT = r"(?:[iu]n|[dt][ae](?:n|ki)?|l[ae]|[iuae])"
_AFTER_VOWEL = r"(?:n[iu]n|d[ae](?:n|ki)?|yl[ae]|y[iuae])"
_AFTER_POSSESSIVE = r"(?:n[iu]n|nd[ae](?:n|ki)?|yl[ae]|nc[ae]|n[iuae])"
_COPULA = r"(?:y?[dt][iu](?:r|l[ae]r)?)"
_PLURAL = rf"(?:l[ae]r{_AFTER_CONSONANT}?)"
_DERIVED = (
    rf"(?:c[ae]{_AFTER_VOWEL}?|l[iu](?:{_PLURAL}|{_AFTER_VOWEL})?|"
    rf"(?:[cs][iu]z?)?l[iu][kg]{_AFTER_CONSONANT}?|c[iu]{_PLURAL}?)"
)
_NAME_ENDING = {
    False: re.compile(rf"(?:{_DERIVED}|{_PLURAL}|{_AFTER_CONSONANT}){_COPULA}?|{_COPULA}"),
    True: re.compile(rf"(?:{_DERIVED}|{_PLURAL}|{_AFTER_VOWEL}|s?[iu]?{_AFTER_POSSESSIVE}|s[iu]){_COPULA}?|{_COPULA}"),
}
_OWNED = rf"(?:l[ae]r[iu]{_AFTER_POSSESSIVE}?)"
_NOUN_ENDING = {
    False: re.compile(rf"(?:{_DERIVED}|{_PLURAL}|{_OWNED}|[iu]{_AFTER_POSSESSIVE}?|{_AFTER_CONSONANT}){_COPULA}?"),
    True: re.compile(rf"(?:{_DERIVED}|{_PLURAL}|{_OWNED}|s[iu]{_AFTER_POSSESSIVE}?|{_AFTER_VOWEL}){_COPULA}?"),
}
_VOWELS = frozenset("aeiou")
# An ending of one vowel makes another name of many: Martin, Martina; Mali, Maliye.
_BARE_CASE = re.compile(r"[syn]?[iuae]|s?[iu]n.*")
_MIN_CHARS_BEFORE_CASE = 5
_MIN_STEM = 3
_SHORT_CASE = re.compile(r"[iu]n|l[ae]|[dt][ae]n?")  # Selin and Şahin are no "of the flood" and "of the shah".
_SOFTENED = str.maketrans("bdg", "ptk")  # Bakanlığı, Bakanlık
_MAN = re.compile(r"(?:wo)?m[ae]n\Z")


@lru_cache(maxsize=_CACHED_WORDS)
def _stems(word: str) -> tuple[str, ...]:
    """A folded word, and what a name may be of which it is a Turkish form, longest first."""
    found = [word]
    for length in range(len(word) - 1, _MIN_STEM - 1, -1):
        start, ending = word[:length], word[length:]
        if _BARE_CASE.fullmatch(ending) and (
            length < _MIN_CHARS_BEFORE_CASE or (ending[0] in _VOWELS and not _is_listed(start))
        ):
            continue
        if _NAME_ENDING[start[-1] in _VOWELS].fullmatch(ending):
            found.append(start)
    return tuple(found)


def _form_stems(word: str) -> Iterator[str]:
    """Those of a word that may be found in the table, where an English ending makes no other name of it."""
    yield from _stems(word)
    if word.endswith("s") and len(word) > _MIN_STEM:
        yield word[:-1]
    if _MAN.search(word):
        yield _MAN.sub("man", word)


def _noun_stems(word: str) -> Iterator[str]:
    """A folded word, and what a common noun may be of which it is a form."""
    yield word
    for length in range(len(word) - 1, _MIN_STEM - 1, -1):
        start = word[:length]
        if length == _MIN_STEM and _SHORT_CASE.fullmatch(word, length):
            continue
        if _NOUN_ENDING[start[-1] in _VOWELS].fullmatch(word, length):
            yield start
            yield start[:-1] + start[-1].translate(_SOFTENED)


# --- the table --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write a name. ``words``: folded; ``capitals``: which of them have one. ``group``: what all forms of
    the same name share. ``is_caps``: it is one in capitals only. ``is_word``: where a sentence begins, it is a word."""

    words: tuple[str, ...]
    capitals: tuple[bool, ...]
    group: int
    is_caps: bool
    is_word: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """``forms``: by their first words, longest first. ``names`` would pass for words, ``nouns`` name nothing."""

    forms: Mapping[str, tuple[_Form, ...]]
    names: frozenset[str]
    nouns: frozenset[str]


_DATA = "data/names.txt"
_MARKS = "*~"


@lru_cache(maxsize=1)
def _table() -> _Table:
    lines: list[list[str]] = [*_cldr()]
    names: set[str] = set()
    nouns: set[str] = set()
    for line in resources.files("bot").joinpath(_DATA).read_text(encoding="utf-8").splitlines():
        forms = [form.strip() for form in line.lstrip("+-").split(",")]
        if line.startswith("+"):
            names.update(map(fold, forms))
        elif line.startswith("-"):
            nouns.update(map(fold, forms))
        elif line.strip() and not line.startswith("#"):
            lines.append(forms)
    found = defaultdict(list)
    for form in dict.fromkeys(_grouped(lines)):
        found[form.words[0]].append(form)
    longest_first = {word: tuple(sorted(forms, key=lambda form: -len(form.words))) for word, forms in found.items()}
    return _Table(longest_first, frozenset(names), frozenset(nouns))


def _grouped(lines: Sequence[Sequence[str]]) -> Iterator[_Form]:
    """Lines that share a form that is not marked are one group."""
    parents = list(range(len(lines)))

    def group(line: int) -> int:
        while parents[line] != line:
            line = parents[line]
        return line

    first: dict[tuple[str, ...], int] = {}
    for number, forms in enumerate(lines):
        for form in forms:
            words = tuple(token.text for token in tokens(form.lstrip(_MARKS)))
            if not form.startswith("*") and first.setdefault(words, number) != number:
                parents[group(number)] = group(first[words])
    for number, forms in enumerate(lines):
        for form in forms:
            bare = form.lstrip(_MARKS)
            found = tokens(bare)
            if found:
                capitals = tuple(bare[token.start].isupper() for token in found)
                words = tuple(token.text for token in found)
                yield _Form(words, capitals, group(number), bare.isupper(), form.startswith("~"))


@lru_cache(maxsize=_CACHED_WORDS)
def _single(word: str) -> tuple[_Form, ...]:
    """The forms of one word that ``word`` is, or is derived from."""
    for stem in _form_stems(word):
        found = tuple(form for form in _table().forms.get(stem, ()) if len(form.words) == 1)
        if found:
            return found
    return ()


_MIN_LANGUAGE = 4


def _cldr() -> Iterator[list[str]]:
    """Countries, continents and languages in Turkish and English. Babel takes a tenth of a second to read them."""
    from babel import Locale

    turkish, english = Locale("tr"), Locale("en")
    for code in sorted(turkish.territories.keys() & english.territories.keys() - {"001", "XA", "XB", "ZZ"}):
        yield [*_alternatives(turkish.territories[code]), *_alternatives(english.territories[code])]
    for code in sorted(turkish.languages.keys() & english.languages.keys()):
        forms = [turkish.languages[code].removesuffix(" dili"), english.languages[code]]
        if len(code) == 2 and all(len(form) >= _MIN_LANGUAGE for form in forms):
            yield forms


def _alternatives(name: str) -> Iterator[str]:
    """What a name of CLDR holds: "Myanmar (Burma)" two names, "Çin Makao ÖİB" none that is used."""
    plain, _, other = name.partition("(")
    for part in (plain, other.rstrip(")")) if name.endswith(")") else (name,):
        if part.strip() and "(" not in part and not part.endswith(("ÖİB", "SAR China")):
            yield part.strip()


# --- reading ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Word:
    """A word at ``start:end`` of its text. ``text``: folded. ``is_first``: a capital is no sign of a name, since a
    sentence or a quotation begins here. ``has_ending``: an apostrophe parts it from an ending, as in Turkish it does
    with names only. ``is_next``: it follows the word before with nothing but a space or a hyphen between.
    ``is_figure``: it is part of a number or a date."""

    text: str
    written: str
    start: int
    end: int
    is_upper: bool
    is_caps: bool
    is_first: bool
    has_ending: bool
    is_next: bool
    is_figure: bool


_MIN_SHARED_STEM = 4
_MIN_INITIALS = 3
_OPENING = '"“”„«‘([{'
_OPENS = _OPENING + "'’»)]}-–—*•_# \t\u00a0\ufeff\u034f"
_ENDS = ".!?…:;\n\r"
_LOOK_BACK = 12
# A point behind one of these ends no sentence.
_BEFORE_POINT = re.compile(r"\b(?:\w|\d\d?|[IVXL]+|Dr|Mr|Mrs|Ms|St|Prof|Doç|Av|Yrd|Gen|Sen|Rep|Gov|Hz|Sn|Lt|Col|No)\Z")
_JOINT = re.compile(r"[ \u00a0.\-–&/'’]{1,3}")
_LINKS = frozenset({"of", "and", "the", "for", "in", "on", "de", "la", "ve", "ile", "icin"})


@dataclass(frozen=True)
class _Text:
    """The words of a text. What is asked of evidence is worked out when it is first asked for."""

    words: tuple[_Word, ...]

    @cached_property
    def by_text(self) -> Mapping[str, tuple[_Word, ...]]:
        return _indexed((word.text, word) for word in self.words)

    @cached_property
    def by_stem(self) -> Mapping[str, tuple[_Word, ...]]:
        return _indexed((stem, word) for word in self.words for stem in _shared_stems(word.text))

    @cached_property
    def by_key(self) -> Mapping[str, tuple[_Word, ...]]:
        """By :func:`name_key`, those with a capital."""
        return _indexed(
            (name_key(stem), word) for word in self.words if word.is_upper for stem in _shared_stems(word.text)
        )

    @cached_property
    def forms(self) -> tuple[tuple[_Word, bool, frozenset[int]], ...]:
        """The names of the table in the text, each with its first word, whether it is its only one, and its groups.

        Of overlapping names the longest counts: New England is not in England.
        """
        found = []
        at = 0
        while at < len(self.words):
            after, groups = self.form(at, is_strict=False)
            if groups:
                found.append((self.words[at], after == at + 1, groups))
            at = max(after, at + 1)
        return tuple(found)

    @cached_property
    def capitals(self) -> frozenset[str]:
        """The abbreviations."""
        return frozenset(word.text for word in self.words if word.is_caps)

    @cached_property
    def runs(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Words with a capital that follow each other: their first letters, and which they are."""
        found: list[list[int]] = [[]]
        for at, word in enumerate(self.words):
            if found[-1] and not (word.is_next and (word.is_upper or word.text in _LINKS)):
                found.append([])
            if word.is_upper:
                found[-1].append(at)
        return tuple(
            ("".join(self.words[at].text[0] for at in run), tuple(run)) for run in found if len(run) >= _MIN_INITIALS
        )

    def form(self, at: int, *, is_strict: bool = True) -> tuple[int, frozenset[int]]:
        """The longest name of the table that begins with a word: where it ends, and its groups; ``at`` and none when
        there is none. ``is_strict``: only if it has the capitals of the name."""
        word = self.words[at].text
        longer = (form for form in _table().forms.get(word, ()) if len(form.words) > 1)
        length, groups = 0, set[int]()
        for form in itertools.chain(longer, _single(word)):
            if len(form.words) < length:
                break
            if self._has(form, at, is_strict):
                length = len(form.words)
                groups.add(form.group)
        return at + length, frozenset(groups)

    def _has(self, form: _Form, at: int, is_strict: bool) -> bool:
        words = self.words[at : at + len(form.words)]
        if len(words) < len(form.words) or (form.is_caps and not all(word.written.isupper() for word in words)):
            return False
        if is_strict and not all(word.is_upper for word, has in zip(words, form.capitals, strict=True) if has):
            return False
        if len(words) == 1:
            return True
        return (
            all(word.is_next for word in words[1:])
            and all(word.text == text for word, text in zip(words[:-1], form.words[:-1], strict=True))
            and (words[-1].text == form.words[-1] or form.words[-1] in _last_stems(words[-1].text))
        )


def _indexed(pairs: Iterator[tuple[str, _Word]]) -> Mapping[str, tuple[_Word, ...]]:
    found = defaultdict(list)
    for key, word in pairs:
        found[key].append(word)
    return {key: tuple(words) for key, words in found.items()}


@lru_cache(maxsize=_CACHED_WORDS)
def _shared_stems(word: str) -> tuple[str, ...]:
    """Those of its stems that may be compared. A name that the table has is not taken apart: Osmanlı is not Osman."""
    found = []
    for stem in _stems(word):
        if len(stem) >= _MIN_SHARED_STEM:
            found.append(stem)
        if _is_listed(stem):
            break
    return tuple(found)


def _is_listed(word: str) -> bool:
    return any(len(form.words) == 1 for form in _table().forms.get(word, ()))


@lru_cache(maxsize=_CACHED_WORDS)
def _last_stems(word: str) -> frozenset[str]:
    """What the last word of a name of several may be: "Sarayının" is Sarayı, "Adaları" is Ada."""
    return frozenset(itertools.chain(_form_stems(word), _noun_stems(word)))


@lru_cache(maxsize=_CACHED_TEXTS)
def _read(text: str, language: Language) -> _Text:
    is_all_caps = text.isupper() and " " in text.strip()
    spans = [(figure.start, figure.end) for figure in figures(text, language)]
    folded = fold(text)
    words: list[_Word] = []
    before = 0
    for token in tokens(text):
        written = text[token.start : token.end]
        words.append(
            _Word(
                token.text,
                written,
                token.start,
                token.end,
                is_upper=any(map(str.isupper, written)),
                is_caps=not is_all_caps and len(token.text) > 1 and written.isupper(),
                is_first=is_all_caps or _is_first(text, token.start),
                has_ending=folded[token.end : token.end + 1] == "'" and folded[token.end + 1 : token.end + 2].isalpha(),
                is_next=bool(words) and _JOINT.fullmatch(text, before, token.start) is not None,
                is_figure=token.is_number or any(start <= token.start < end for start, end in spans),
            )
        )
        before = token.end
    return _Text(tuple(words))


def _is_first(text: str, at: int) -> bool:
    """Whether a sentence or a quotation begins at a character."""
    before = text[max(0, at - _LOOK_BACK) : at]
    bare = before.rstrip(_OPENS)
    if not bare:
        return at <= _LOOK_BACK
    if bare[-1] in _ENDS:
        return not (bare[-1] == "." and _BEFORE_POINT.search(bare[:-1]))
    return any(mark in before[len(bare) :] for mark in _OPENING)


# --- spelling ---------------------------------------------------------------------------------------

# On lower case, one letter for each sound: C for ch, S for sh.
_SHARED_SOUNDS = (
    ("ph", "f"), ("zh", "j"), ("kh", "h"), ("gh", "g"), ("th", "t"), ("ck|q", "k"), ("x", "ks"), ("w", "v"),
    ("ou|oo", "u"), ("ee", "i"), ("y", "i"), (r"(.)\1+", r"\1"),
)  # fmt: skip
_OWN_SOUNDS: dict[Language, tuple[tuple[str, str], ...]] = {
    "tr": (("ç|tch|ch", "C"), ("ş|sch|sh", "S"), ("c", "j")),
    "en": (("ç|tsch|tch|ch", "C"), ("ş|sch|sh", "S"), ("c(?=[eiy])", "s"), ("c(?!k)", "k")),
}
_SOUNDS = {
    language: [(re.compile(spelled), sound) for spelled, sound in (*own, *_SHARED_SOUNDS)]
    for language, own in _OWN_SOUNDS.items()
}
_COSTS: dict[frozenset[str], float] = {
    frozenset(pair): cost
    for cost, pairs in ((0.2, "sS sz jg vf CS"), (0.3, "ae ou ei Ch Ck kh jz jC iu"), (0.5, "bp dt gk oa oe gh Sz"))
    for pair in pairs.split()
}
_OTHER_VOWEL, _LOST_VOWEL, _LOST_H, _OTHER = 0.7, 0.4, 0.4, 1.5
# What two spellings may differ in: so much for each sound beyond the third.
_TOLERANCE, _FREE_SOUNDS = 0.1, 3
# Of a name whose other spellings are in the table, half as much: James is not Games, Belgian not Belgin.
_LISTED_TOLERANCE = 0.05
_MIN_SPOKEN = 5
# Greek and Latin names have their own endings in each language: Justinian, Justinianus; Procopius, Prokopios.
_CLASSICAL_ENDING = re.compile(r"(?<=\w{5})(?:[uo]s|is|es)\Z")
# "Micronesian" is the adjective of a country that may be in no table.
_ADJECTIVE = re.compile(r"(?<=\w{4}ia)ns?\Z")


@lru_cache(maxsize=_CACHED_WORDS)
def _spoken(word: str, written: str, language: Language) -> frozenset[str]:
    """How a folded word and its stems sound, roughly."""
    found = set()
    for stem in {word, *_shared_stems(word)}:
        text = "".join(each if each in "çş" else fold(each) for each in written[: len(stem)].replace("İ", "i").lower())
        bases = {text, _CLASSICAL_ENDING.sub("", text)} | ({_ADJECTIVE.sub("", text)} if language == "en" else set())
        for base in bases:
            for pattern, sound in _SOUNDS[language]:
                base = pattern.sub(sound, base)
            if len(base) >= _MIN_SPOKEN:
                found.add(base)
    return frozenset(found)


@lru_cache(maxsize=_CACHED_WORDS)
def _sound_alike(one: str, other: str, tolerance: float = _TOLERANCE) -> bool:
    """Whether two names differ in their sounds by little: a weighted edit distance."""
    longest = max(len(one), len(other))
    if longest > _LONGEST_WORD or abs(len(one) - len(other)) > longest - _FREE_SOUNDS:
        return False
    # Martin is not Martina, Maria not Mario, and Barış not Paris.
    if (one[-1] != other[-1] and (one[-1] in _VOWELS or other[-1] in _VOWELS)) or _changed(one[0], other[0]) > 0.3:
        return False
    row = list(itertools.accumulate((_lost(sound) for sound in other), initial=0.0))
    for sound in one:
        above, row = row, [row[0] + _lost(sound)]
        for at, theirs in enumerate(other):
            row.append(min(above[at] + _changed(sound, theirs), above[at + 1] + _lost(sound), row[at] + _lost(theirs)))
    return row[-1] <= tolerance * (longest - _FREE_SOUNDS) + 1e-9


def _lost(sound: str) -> float:
    return _LOST_VOWEL if sound in _VOWELS else _LOST_H if sound == "h" else 1.0


def _changed(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return _COSTS.get(frozenset((one, other)), _OTHER_VOWEL if {one, other} <= _VOWELS else _OTHER)


# --- names ------------------------------------------------------------------------------------------

_WORD_START = "▁"
# In natural-log units: how much less likely than with a capital a word may be that is still an ordinary one.
_MARGIN = -1.0
_MIN_PIECE = 4
_ENGLISH_FORMS = tuple(
    (re.compile(rf"{ending}\Z"), base)
    for ending, base in (
        ("s", ""), ("es", ""), ("ies", "y"), ("ing", ""), ("ed", ""), ("ed", "e"), ("ing", "e"), ("ly", ""),
        ("er", ""), ("ers", ""), ("ers", "e"),
    )
)  # fmt: skip
_PLURALS = 4  # Of a word inside a sentence no more than these are taken off: Parker, Fisher.
# Endings that make a word an ordinary one, if the model does not know it.
_ABSTRACT = r"i[sz]ms?|ments?|[st]ions?|ness|[it]ty|ities|ics|ology|ships?|hoods?|ical"
_ENGLISH_WORD = re.compile(rf".{{4,}}(?:{_ABSTRACT})")
_ENGLISH_FIRST_WORD = re.compile(
    rf".{{3,}}(?:{_ABSTRACT}|ists?|ians|[eo]rs|less|ful|wards?|wise|ings?|ed|ly|able|ible|ous|ive|als?|[ae]nce|ures?|"
    r"[ae]nts|ries|ages?|cies|men|ware)"
)
_CONSONANT = "[bcçdfgğhjklmnprsştvyz]"
# Letters, and runs of them, that Turkish words do not have.
_NOT_TURKISH = re.compile(
    rf"[wqx]|[^a-zçğıöşüâîû]|{_CONSONANT}{{4}}|^(?!tr|kr|pr|gr|fr|pl|bl|st|sp|kl|ps|dr|br|fl|gl|sk)"
    rf"{_CONSONANT}{{2}}|(?:ff|ss|nn|tt|ll|rr|kk)$|sh|ch|th|kh|zh|ck|ph|ey$|..[oe]v[ai]?$|oo|ee|ou|ie|ae"
)
_TURKISH_TITLE = re.compile(r".+(?:[cç][ıiuü]|log|ist|isyen|[aeiı]t[öo]r|men|man|daş|[ıiuü]m|[ıiuü]n)")
# The head of a compound, in whatever case: Bell Laboratuvarları, Karakuz Höyüğü'nde, Doğu Hindistan Kumpanyası.
_TURKISH_HEAD = re.compile(r".{2,}(?:l[ae]r[ıi]|[aeıioöuü]s[ıiuü]|[ıiuüaeoö]ğ[ıiuü])(?:n.*|yl[ae])?")


class Names:
    """Finds the names of a claim that its evidence does not have. Safe to share among threads.

    ``scores`` maps a tokenizer's pieces to their log-probabilities ("▁" opens a word). They tell names from words that
    have a capital for another reason; without them, a word that begins a sentence is a name only if the table has it.
    """

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self._is_word = lru_cache(maxsize=_CACHED_WORDS)(self._reads_as_word)

    def unsupported(self, claim: str, language: Language, evidence: Sequence[tuple[str, Language]]) -> list[str]:
        """The names in ``claim``, as written there, that no text of ``evidence`` has, in any spelling or language.

        ``language`` is the claim's; each text has its own. Words of a name that stand together are one.
        """
        own = _read(claim, language)
        theirs = [(_read(text, each), each) for text, each in evidence]
        spelled_out = _spelled_out(own, {short for text, _ in theirs for short in text.capitals})
        missing = [
            (start, after)
            for start, after, groups in self._names(own, language)
            if not spelled_out.issuperset(range(start, after))
            and not any(self._has(text, each, own.words[start:after], groups, language) for text, each in theirs)
        ]
        return [claim[own.words[start].start : own.words[after - 1].end] for start, after in _joined(own, missing)]

    # --- what is a name -----------------------------------------------------------------------------

    def _names(self, text: _Text, language: Language) -> Iterator[tuple[int, int, frozenset[int]]]:
        """Where each name begins and ends, in words, and its groups."""
        at = 0
        person = False
        while at < len(text.words):
            after, groups = text.form(at)
            word = text.words[at]
            is_surname = person and word.is_next and not text.words[at - 1].has_ending
            is_name = after > at + 1 or (not word.is_figure and self._is_name(text, at, language, is_surname))
            if is_name:
                yield at, max(after, at + 1), groups
            person = is_name and not groups and not word.is_caps
            at = max(after, at + 1)

    def _is_name(self, text: _Text, at: int, language: Language, is_surname: bool) -> bool:
        """``is_surname``: the word follows a name that is no place's, so that it may be an ordinary word as well."""
        word = text.words[at]
        if not word.is_upper or not 1 < len(word.text) <= _LONGEST_WORD:
            return False
        forms = [form for form in _single(word.text) if word.is_caps or not form.is_caps]
        is_listed = any(not (form.is_word and word.is_first) for form in forms)
        if word.text in _table().names or (is_listed and forms[0].words[0] == word.text):
            return True
        if word.text in _table().nouns:
            return False
        if word.is_caps:
            return True
        if _is_noun(word.text):
            return False
        if is_listed:
            return True
        before = at > 0 and word.is_next and text.words[at - 1].is_upper
        behind = at + 1 < len(text.words) and text.words[at + 1].is_next and text.words[at + 1].is_upper
        lowered = _lower(word.written, language)
        if is_surname and not behind and not (language == "tr" and _TURKISH_HEAD.fullmatch(lowered)):
            return True
        written = unicodedata.normalize("NFC", word.written)
        if _WORD_START + written in self.scores and not self._is_word(written, language, word.is_first):
            return True
        if language == "tr":
            return self._is_turkish_name(word, lowered, before, behind)
        if not self.scores:
            return not word.is_first
        ordinary = _ENGLISH_FIRST_WORD if word.is_first else _ENGLISH_WORD
        return not self._is_word(written, language, word.is_first) and not ordinary.fullmatch(lowered)

    def _is_turkish_name(self, word: _Word, lowered: str, before: bool, behind: bool) -> bool:
        """Whether a word that is in no table is a name; ``before`` and ``behind``: a word with a capital is next to it.

        Every Turkish stem has hundreds of forms, so that where a sentence begins most words that the model does not
        know are ordinary ones.
        """
        if before and _TURKISH_HEAD.fullmatch(lowered):
            return False
        if word.has_ending:
            return True
        if not self.scores:
            return not word.is_first
        if self._is_word(unicodedata.normalize("NFC", word.written), "tr", word.is_first):
            return False
        if not word.is_first:
            return True
        return bool(_NOT_TURKISH.search(lowered)) or (behind and not _TURKISH_TITLE.fullmatch(lowered))

    def _reads_as_word(self, written: str, language: Language, is_first: bool) -> bool:
        """Whether the tokenizer's unigram model holds a word, or one it is a form of, for an ordinary one."""
        lowered = _lower(written, language)
        if language == "en":
            stems = {ending.sub(base, lowered) for ending, base in _ENGLISH_FORMS[: None if is_first else _PLURALS]}
        else:
            stems = {lowered[: len(stem)] for stem in _noun_stems(fold(lowered))}
        return any(
            self._is_known(stem, language) for stem in {lowered, *stems} if stem == lowered or len(stem) >= _MIN_PIECE
        )

    def _is_known(self, lowered: str, language: Language) -> bool:
        """Whether the model has a word as one piece, in lower case about as likely as with a capital."""
        low = self.scores.get(_WORD_START + lowered)
        if low is None:
            return False
        first = "İ" if language == "tr" and lowered[0] == "i" else lowered[0].upper()
        capital = self.scores.get(_WORD_START + first + lowered[1:])
        return capital is None or low - capital >= _MARGIN

    # --- what supports it ---------------------------------------------------------------------------

    def _has(
        self,
        text: _Text,
        text_language: Language,
        words: Sequence[_Word],
        groups: frozenset[int],
        language: Language,
    ) -> bool:
        """Whether a text has the name that ``words`` are, in any form and spelling."""

        def may_name(other: _Word) -> bool:
            """Names that a text writes small ("ramazan") are names, ordinary words ("mali", fiscal) are not."""
            return other.is_upper or not self._passes_for_word(other, text_language)

        if any(groups & theirs and (not is_one or may_name(first)) for first, is_one, theirs in text.forms):
            return True
        # "of" in the Republic of Turkey is no name, nor may a word be that begins a sentence.
        if all(
            any(may_name(other) or word.is_first or not word.is_upper for other in text.by_text.get(word.text, ()))
            for word in words
        ):
            return True
        if len(words) > 1:
            return False
        (word,) = words
        if word.is_caps and len(word.text) >= _MIN_INITIALS and any(word.text in initials for initials, _ in text.runs):
            return True
        stems = _shared_stems(word.text)
        alike = itertools.chain(
            *(text.by_stem.get(stem, ()) for stem in stems),
            *(text.by_key.get(name_key(stem), ()) for stem in stems),
        )
        if any(may_name(other) and not _are_two(groups, other.text) for other in alike):
            return True
        spoken = _spoken(word.text, word.written, language)
        is_listed = _is_listed(word.text)
        return any(
            _sound_alike(one, two, _LISTED_TOLERANCE if is_listed or _is_listed(other.text) else _TOLERANCE)
            for other in text.words
            if other.is_upper and not _are_two(groups, other.text)
            for one, two in itertools.product(spoken, _spoken(other.text, other.written, text_language))
        )

    def _passes_for_word(self, word: _Word, language: Language) -> bool:
        if _is_noun(word.text):
            return True
        return self._is_word(unicodedata.normalize("NFC", word.written), language, True)


@lru_cache(maxsize=_CACHED_WORDS)
def _is_noun(word: str) -> bool:
    """Whether a folded word is a form of one that names nothing by itself."""
    plurals = (ending.sub(base, word) for ending, base in _ENGLISH_FORMS[:_PLURALS])
    return any(stem in _table().nouns for stem in itertools.chain(_noun_stems(word), plurals))


def _lower(written: str, language: Language) -> str:
    return written.replace("I", "ı").replace("İ", "i").lower() if language == "tr" else written.lower()


def _are_two(groups: frozenset[int], other: str) -> bool:
    """Whether the table knows both, and knows them to be different."""
    others = {form.group for form in _single(other)}
    return bool(groups and others and not groups & others)


def _spelled_out(text: _Text, short: set[str]) -> set[int]:
    """The words whose first letters are one of the abbreviations ``short``."""
    found: set[int] = set()
    for initials, run in text.runs:
        for start, end in itertools.combinations(range(len(run) + 1), 2):
            if end - start >= _MIN_INITIALS and initials[start:end] in short:
                found.update(run[start:end])
    return found


def _joined(text: _Text, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of words that follow each other without a mark between them, as one."""
    found: list[tuple[int, int]] = []
    for start, after in spans:
        if found and found[-1][1] == start and text.words[start].is_next:
            found[-1] = (found[-1][0], after)
        else:
            found.append((start, after))
    return found
