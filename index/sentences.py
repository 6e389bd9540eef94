"""Sentences of a block of text, as exact spans. Rules of our own; docs/sentences.md has the measured reason.

The text is never rewritten: every decision looks through a small window around one full stop, question
mark, exclamation mark or ellipsis, so that offsets are exact for any input and time is linear. In doubt two
sentences stay together: a sentence that is too long is still a true quote, half a sentence is a poor one.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from index.types import Language

MAX_WHOLE_QUOTATION_CHARS = 300
"""A quotation or parenthesis up to this long is never cut, so that who said it stays beside what was said."""

_WINDOW_CHARS = 80
"""How far a decision looks. Bounds the work for each mark, and with it the whole: linear in the text."""


@dataclass(frozen=True)
class _Words:
    """The words of a language that decide, folded by :func:`_fold`, without the last full stop."""

    titles: frozenset[str]  # stand before a name when capitalized: never end a sentence
    leading: frozenset[str]  # lead on to what they announce, in any case: never end a sentence
    before_number: frozenset[str]  # abbreviations only before a number: "No. 5", but "He said no. Then"
    trailing: frozenset[str]  # end a sentence only before a word of `starters`
    starters: frozenset[str]  # begin sentences, and hardly ever a name
    reporting: re.Pattern[str]  # a clause that begins with a name and says who spoke
    ordinals: bool  # a number or Roman numeral with a full stop is an ordinal


def _fold(word: str) -> str:
    """For looking a word up only; no offset is ever taken in it. Dotted and dotless i fall together."""
    return unicodedata.normalize("NFC", word).replace("İ", "i").lower().replace("ı", "i")


def _set(words: str) -> frozenset[str]:
    return frozenset(_fold(word) for word in words.split())


_TITLES = "Dr Prof Mr Mrs Ms Messrs St Gen Lt Col Maj Sgt Capt Cmdr Adm"
_COMPANIES = "Inc Ltd Corp Co Bros Jr Sr Ph.D"

_TURKISH = _Words(
    titles=_set(
        _TITLES
        + " Ord Doç Yrd Öğr Üyesi Gör Araş Arş Op Uzm Ecz Av Sn Hz Mim Müh Yük Vet Dt Fzt Hem Alb Yb Bnb Yzb Ütğm "
        "Üsteğm Tğm Teğm Asb Astsb Başçvş Bçvş Üçvş Çvş Onb Er Org Orgen Korg Tümg Tuğg Ora Kora Tüma Tuğa Mar Kur "
        "Bşk Başk Müd Gnkur"
    ),
    leading=_set("dr prof doç sn bkz bk örn krş çev haz yay ör mr mrs"),
    before_number=_set("no nr md mad s ss sf c cilt sy tel fıkra"),
    trailing=_set(
        _COMPANIES + " vb vd al A.Ş şti san tic cad cd sok sk mah mh bul blv apt bl kat üniv fak böl ens ilç şb şub "
        "yy dk sn sa yakl ort ing fr alm lat ar far t.y a.g.e a.g.m"
    ),
    starters=_set(
        "bu bunu bunun buna bundan bunda bunlar bunları bunların bunlara bunlardan bununla böyle böylece böylelikle "
        "burada buradan buraya şu şunlar şimdi o onu onun ona ondan onda onlar onları onların onlara orada oysa ancak "
        "fakat ama ayrıca sonra sonunda sonuçta sonrasında ardından daha öte ertesi aynı söz ne neden nasıl niçin "
        "hangi kim kimse hiç hiçbir her herkes bazı bazıları birçok birkaç çoğu çok pek ve veya ya eğer çünkü zira "
        "üstelik yine yani hatta nitekim örneğin özellikle geçen önceki diğer öteki bugün dün yarın halen hâlâ henüz "
        "artık bir biri ilk son kendi kendisi ben biz siz bizim benim hem ise tüm bütün toplam toplamda günümüzde "
        "yaklaşık yalnızca sadece belki dolayısıyla öncelikle"
    ),
    reporting=re.compile(r"(?:\w[\w'’.-]*\s+){1,4}?(?:dedi|sordu|diye|diyerek|diyor|bağırdı|ifadesini|sözleriyle)\b"),
    ordinals=True,
)

_ENGLISH = _Words(
    titles=_set(
        _TITLES + " Gov Sen Sens Rep Reps Rev Hon Pres Supt Insp Det Pvt Cpl Brig Adml Fr Sr Mt Ft Msgr Atty Asst Assoc"
    ),
    leading=_set("dr prof mr mrs e.g i.e cf vs viz ca approx nr"),
    before_number=_set(
        "no nos p pp vol vols ch sec fig figs art par eq jan feb mar apr jun jul aug sep sept oct nov dec"
    ),
    trailing=_set(
        _COMPANIES + " al a.m p.m am pm ave blvd rd st hwy sq bldg dept govt gov inst assn ctr est incl excl misc mfg "
        "univ intl natl ala ariz ark calif colo conn del fla ga ill ind kan ky la md mass mich minn miss mo mont neb "
        "nev okla ore pa tenn tex va vt wash wis wyo"
    ),
    starters=_set(
        "the he she it they we you i this that these those there here his her its their our my your but and or nor so "
        "yet in on at by for from with within without during despite under over among between against into since "
        "until when while after before as if once because although though unless however meanwhile moreover "
        "instead then thus therefore nevertheless a an some many most more few several all both each every another "
        "other others such one what who whose why how where which not nobody no-one nothing none now still also even "
        "only just later earlier last next according"
    ),
    reporting=re.compile(
        r"(?:[^\W\d_a-z][\w'’.-]*\s+(?:(?:of|the|de|van|von|al|bin)\s+)*){1,6}?"
        r"(?:said|says|asked|asks|told|tells|added|adds|replied|answered|shouted|cried|wrote|writes|exclaimed|"
        r"declared|demanded|tweeted|insisted|joked|warned|wondered|called)\b"
    ),
    ordinals=False,
)

_WORDS: dict[Language, _Words] = {"tr": _TURKISH, "en": _ENGLISH}

# Zero-width marks stand between sentences like spaces, but are not white space, so a span keeps them.
_GAP = r"[\s\u200b\u2060\ufeff\u200e\u200f]"
_MARK = re.compile(r"[.!?…‼⁇⁈⁉]+")
# An editor's remark belongs to what stands before it: "[12]", " [citation needed]", " [kaynak belirtilmeli]".
_REMARK = r"[^\S\n\r]?\[(?:[a-zçğıöşü\d]|Kaynak)[^\[\]\n\r]{0,40}\]"
_CLOSERS = re.compile(rf"(?:[\"'”’»›)\]}}]|“(?={_GAP}|\Z)|{_REMARK})*[.]?")
_SPACES = re.compile(_GAP + "*")
_NEXT_WORD = re.compile(r"[^\w.!?…,;:)\]}”»%]*+([^\W_](?:[\w'’.\-\u0300-\u036f]*))")
_LAST_WORD = re.compile(r"[^\s\"“”‘«»()\[\]{}/…!?]*\Z")
_LETTERS_BEFORE = re.compile(r"[^\W\d_][\w\u0300-\u036f]*\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\u0307?\.)+[^\W\d_]{1,2}")
_ROMAN = re.compile(r"[IVXİ]{1,7}")
_TOP_DOMAINS = _set("com net org gov edu tr io co uk")
_BULLET = re.compile(
    r"(?<=\s)[•▪●‣◦■](?=\s)"
    r"|(?<=[\n\r\u2028\u2029])[^\S\n\r]*(?:[*·](?=\s)|[-–—][^\S\n\r]+(?=[^\W_])(?=[\W\dA-ZÇĞİÖŞÜ\"“«]))"
)
_NUMBERED_LINE = re.compile(r"(?<=[.!?…:;])[^\S\n\r]*[\n\r]\s*+(?=\d{1,2}[.)]\s)")
# The straight single quote is left out: nearly always it is an apostrophe.
_PAIRS = {"“": "”", "«": "»", "‹": "›", "‘": "’", "„": "“", "(": ")", "[": "]", '"': '"'}
_PAIR_MARKS = re.compile("[" + re.escape("".join({*_PAIRS, *_PAIRS.values()})) + "]")


def split_sentences(text: str, language: Language) -> list[tuple[int, int]]:
    """Spans (start, end) of the sentences of ``text``, one block, in code points and in reading order.

    Spans do not overlap, are not empty, begin and end with a character that is not white space, and
    together hold every such character. A line break is no end of a sentence, but a list mark after one
    begins a new one. Never raises on a str; linear in its length.
    """
    words = _WORDS[language]
    held = _HeldTogether(text)
    spans: list[tuple[int, int]] = []
    start = 0
    for cut in _candidates(text):
        if cut.is_list_mark or (not held.covers(cut.at) and _ends_sentence(text, start, cut, words)):
            start = _append_trimmed(spans, text, start, cut.at)
    _append_trimmed(spans, text, start, len(text))
    return spans


def _append_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> int:
    """Add text[start:end] without white space around it, if anything is left. Returns ``end``."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    kept = piece.strip()
    if kept:
        spans.append((start + left, start + left + len(kept)))
    return end


@dataclass(frozen=True, slots=True)
class _Cut:
    """A place where a sentence may end: ``text[mark:closers]`` is the mark, ``text[closers:at]`` closes quotes."""

    mark: int
    closers: int
    at: int
    is_list_mark: bool = False


def _candidates(text: str) -> Iterator[_Cut]:
    marks = [_Cut(m.start(), m.end(), _end_of_closers(text, m.end())) for m in _MARK.finditer(text)]
    lists = [_Cut(m.start(), m.start(), m.start(), is_list_mark=True) for m in _BULLET.finditer(text)]
    lists += [_Cut(m.start(), m.start(), m.start(), is_list_mark=True) for m in _NUMBERED_LINE.finditer(text)]
    last = 0
    for cut in sorted(marks + lists, key=lambda cut: cut.at):
        if cut.at > last:
            last = cut.at
            yield cut


def _end_of_closers(text: str, start: int) -> int:
    match = _CLOSERS.match(text, start)
    return match.end() if match and match.end() > start else start


# --- quotations and parentheses ---------------------------------------------------------------------


class _HeldTogether:
    """Which offsets lie inside a quotation or parenthesis that is short enough to stay whole."""

    def __init__(self, text: str) -> None:
        spans = sorted(_short_pairs(text))
        self._opens = [opened for opened, _ in spans]
        self._furthest: list[int] = []
        for _, closed in spans:
            self._furthest.append(max(closed, self._furthest[-1] if self._furthest else closed))

    def covers(self, offset: int) -> bool:
        before = bisect_left(self._opens, offset)
        return before > 0 and self._furthest[before - 1] >= offset


def _short_pairs(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the opening and the closing mark of each short pair. An opening mark left alone is forgotten."""
    opened: dict[str, int] = {}  # closing mark that is waited for -> where its partner stands
    for match in _PAIR_MARKS.finditer(text):
        mark, at = match.group(), match.start()
        if mark in opened and _may_close(text, at):
            begin = opened.pop(mark)
            if at - begin <= MAX_WHOLE_QUOTATION_CHARS:
                yield begin, at
        elif mark in _PAIRS and _may_open(text, at):
            opened[_PAIRS[mark]] = at


def _may_close(text: str, at: int) -> bool:
    after = text[at + 1 : at + 2]
    if text[at] == "’":  # else it is an apostrophe
        return not after.isalnum() and not text[at - 1].isspace()
    return text[at] != '"' or not text[at - 1].isspace() or not after or after.isspace()


def _may_open(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if text[at] in '‘"':
        return bool(after) and not after.isspace() and not before.isalnum()
    return True


# --- one decision -----------------------------------------------------------------------------------


def _ends_sentence(text: str, start: int, cut: _Cut, words: _Words) -> bool:
    gap = _SPACES.match(text, cut.at)
    resume = gap.end() if gap else cut.at
    ahead = text[resume : resume + _WINDOW_CHARS]
    if not ahead:
        return True
    following = _NEXT_WORD.match(ahead)
    if following is None:
        return False  # a comma, a closing mark or symbols alone: it goes on
    following_word = following.group(1)
    if resume == cut.at:
        return _is_glued_end(text, cut, following_word, words)
    if text[cut.mark - 1 : cut.mark] in ("(", "["):
        return False  # "(!)", "[...]"
    behind = text[max(start, cut.mark - _WINDOW_CHARS) : cut.mark]
    word = _last_word(behind)
    mark = text[cut.mark : cut.closers]
    if _goes_on_in_lower_case(following_word):
        is_plain = mark == "." and cut.closers == cut.at and ahead[0] == following_word[0]
        return is_plain and _is_sloppy_end(word, words)
    if cut.at > cut.closers and not _is_starter(following_word, words) and words.reporting.match(ahead):
        return False
    if mark != ".":
        return not _is_pause(mark, behind) or _is_starter(following_word, words)
    at_start = not text[start : cut.mark - len(word)].strip() if cut.mark - len(word) - start < _WINDOW_CHARS else False
    return _full_stop_ends(word, following_word, at_start, words)


def _last_word(behind: str) -> str:
    match = _LAST_WORD.search(behind[-40:])
    return match.group().lstrip("—–-•'‘") if match else ""


def _goes_on_in_lower_case(word: str) -> bool:
    """Whether the next word begins in lower case without being a brand (iPhone) or an address."""
    is_brand = any(letter.isupper() for letter in word[1:])
    return word[0].islower() and not is_brand and not word.startswith(("www.", "http"))


def _is_sloppy_end(word: str, words: _Words) -> bool:
    """A plain word of some length is no abbreviation, so its full stop ends a sentence even before lower case."""
    known = words.titles | words.leading | words.trailing | words.before_number
    return len(word) >= 4 and word.isalpha() and word.islower() and _fold(word) not in known


def _is_pause(mark: str, behind: str) -> bool:
    """Whether an ellipsis with a space before it stands for something left out: "He met ... John"."""
    return ("…" in mark or ".." in mark) and behind[-1:].isspace()


def _is_starter(word: str, words: _Words) -> bool:
    stripped = word.rstrip(".'’-")
    is_initial = len(stripped) == 1 and word[1:2] == "."
    return not is_initial and _fold(re.split("['’.]", stripped, maxsplit=1)[0]) in words.starters


def _is_glued_end(text: str, cut: _Cut, following_word: str, words: _Words) -> bool:
    """Whether a sentence ends though no space follows: "geldi.Sonra", but not "haber.com" or "Node.js"."""
    if text[cut.closers : cut.at].strip("”»)") or not text[cut.at].isupper():
        return False
    if not following_word[1:2].islower() and len(following_word) > 1:
        return False
    around = [*text[max(0, cut.mark - _WINDOW_CHARS) : cut.mark].split()[-1:], following_word]
    if any(sign in part for part in around for sign in "/@_\\#&=") or text[cut.at - 1] == text[cut.at]:
        return False
    before = _LETTERS_BEFORE.search(text[max(0, cut.mark - 40) : cut.mark])
    if before is None or len(before.group()) < 3 or _fold(following_word.split(".")[0]) in _TOP_DOMAINS:
        return False
    known = words.titles | words.leading | words.trailing | words.before_number
    if _fold(before.group()) in known:
        return False
    return before.group().islower() or _is_starter(following_word, words)


def _full_stop_ends(word: str, following_word: str, at_start: bool, words: _Words) -> bool:
    """Whether the full stop after ``word`` ends a sentence, given that no lower-case word follows."""
    part = word.rsplit("-", 1)[-1]  # "D-Calif."
    last = part.rsplit(".", 1)[-1]  # "Prof.Dr."
    folded = _fold(part)
    before_number = following_word[0].isdigit()
    if part.isdigit():
        return _number_ends(word, following_word, at_start, words)
    if folded in words.leading or (_fold(last) in words.titles and last[:1].isupper()):
        return False
    if folded in words.before_number and before_number:
        return False
    if len(part) > 1 and _ROMAN.fullmatch(part):
        return not at_start and (not words.ordinals or _is_starter(following_word, words))
    if _is_short_form(part, folded, words):
        return _is_starter(following_word, words) and not at_start
    return True


def _number_ends(word: str, following_word: str, at_start: bool, words: _Words) -> bool:
    if at_start and len(word) <= 2:
        return False  # the number of an item in a list
    if not words.ordinals or not word.isdigit() or len(word) > 3:
        return True  # a year, "12.000", "3-1", "%45": never ordinals
    if following_word[0].isdigit():
        return not following_word.endswith(".")  # "1. 2. ve 3. maddeler"
    return _is_starter(following_word, words)


def _is_short_form(part: str, folded: str, words: _Words) -> bool:
    """Initials ("M."), dotted abbreviations ("U.S.", "M.Ö."), known ones, and short ones without a vowel ("Bçvş.")."""
    if folded in words.trailing or _DOTTED.fullmatch(part):
        return True
    letters = unicodedata.normalize("NFC", part)
    if len(letters) == 1:
        return letters.isalpha()
    is_capitalized = letters[:1].isupper() and letters[1:].islower()
    return is_capitalized and len(letters) <= 5 and letters.isalpha() and not set(folded) & set("aeiouyöüâîû")
