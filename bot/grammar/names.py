"""Names and dates in questions: what may take another's place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache

from bot.grammar.words import Kind, Mention, Word, parse, word_set
from index.text import fold
from index.types import Language

# What CLDR does not list or calls otherwise: code, Turkish names, English names; the first of each is the usual one.
_COUNTRIES = """
    US | ABD, Amerika Birleşik Devletleri, Amerika | the US, the United States, USA, US, America, United States
    GB | İngiltere, Birleşik Krallık, Britanya | the UK, the United Kingdom, Britain, UK, England, Great Britain
    EU | AB, Avrupa Birliği | the EU, the European Union, EU
    UN | BM, Birleşmiş Milletler | the UN, the United Nations, UN
    AE | BAE, Birleşik Arap Emirlikleri | the UAE, UAE, United Arab Emirates
    TR | Türkiye | Turkey, Türkiye
    CZ | Çekya, Çek Cumhuriyeti | the Czech Republic, Czechia
    PS | Filistin | Palestine
    CN | Çin | China
"""
_CITIES = """
    Moskova, Moscow | Kiev, Kyiv | Washington | New York | Londra, London | Paris | Berlin | Brüksel, Brussels | Astana
    Ankara | İstanbul, Istanbul | İzmir, Izmir | Pekin, Beijing | Şanghay, Shanghai | Tokyo | Seul, Seoul | Delhi
    Tahran, Tehran | Kudüs, Jerusalem | Tel Aviv | Gazze, Gaza | Refah, Rafah | Kahire, Cairo | Riyad, Riyadh | Doha
    Abu Dabi, Abu Dhabi | Dubai | Şam, Damascus | Halep, Aleppo | Bağdat, Baghdad | Beyrut, Beirut | Bakü, Baku
    Erivan, Yerevan | Tiflis, Tbilisi | Cenevre, Geneva | Zürih, Zurich | Davos | Viyana, Vienna | Budapeşte, Budapest
    Varşova, Warsaw | Prag, Prague | Roma, Rome | Madrid | Barselona, Barcelona | Lizbon, Lisbon | Atina, Athens
    Belgrad, Belgrade | Bükreş, Bucharest | Sofya, Sofia | Stockholm | Oslo | Helsinki | Kopenhag, Copenhagen | Lahey,
    The Hague | Minsk | Kırım, Crimea | Donbas | Donetsk | Harkiv, Kharkiv | Odessa, Odesa | Miami | Alaska | Şikago,
    Chicago | Teksas, Texas | Kaliforniya, California | Florida | Hong Kong | Münih, Munich | Lozan, Lausanne
    Los Angeles
"""
# Places that are other words when they are not written like names: malî, fas, un.
_ONLY_AS_NAMES = word_set(
    """
    mali man jersey cad gine fas umman ab bm un us eu uk bae kuba benin van togo
    """
)
_TITLES = word_set(
    """
    baskani cumhurbaskani basbakani bakani disisleri savunma lideri sozcusu buyukelcisi president minister prime
    foreign secretary leader chancellor envoy ambassador senator
    """
)
_DEMONYM = re.compile(r"\w{3,}(?:ian|ish|ese|ean)|(?:swiss|french|dutch|greek|german|czech|arab|american|european)")
_ENDING = re.compile(r"n?[iu]n|n?[dt][ae]n?|n?[dt][ae]ki|[yn]?[aeiu]|y?l[ae]")
_MIN_BARE_NAME = 4

_MONTHS = word_set(
    """
    ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik january february march april may
    june july august september october november december
    """
)
_WEEKDAYS = word_set(
    """
    pazartesi sali carsamba persembe cuma cumartesi pazar monday tuesday wednesday thursday friday saturday
    sunday
    """
)
# No names however they are written: at the beginning of a question, or in a question in capitals.
_NO_NAMES = word_set(
    """
    ne kim nerede nerde neden niye nicin nasil kac hangi bu su o onun bunu peki ya ve ile mi tamam evet hayir i
    what when where who whom whose which why how is are was were do does did has have had can could will would
    should might may the a an and or but so ok okay in on at of to for from by with about it he she they this
    that there if tell yes no not abi please
    """
)
_TIME = re.compile(
    r"(?:(?:in|by|since|during|until|on) )?(?:(?:early|late|mid) )?"
    r"(?:"
    r"(?:(?:1[89]|20)\d\d)(?:t[ae]n?|d[ae]n?|[iu]n)?(?: (?:yil\w*|sene\w*|sonund\w*|basind\w*))?"
    r"|(?:bu|gecen|gelecek|onceki|o) (?:yil|sene|ay|hafta|gun|sabah|aksam|gece)(?!lik)\w{0,4}"
    r"|(?:this|last|next|that) (?:year|month|week|weekend|morning|night|summer|winter|spring|autumn|fall)"
    r"|dun|bugun|yarin|yesterday|today|tomorrow|tonight|right now"
    rf"|(?:\d\d? )?(?:{'|'.join(sorted(_MONTHS - {'may', 'mart', 'march'}))})"
    r"(?:'?[dt][ae])?(?: ayinda| \d\d?| (?:1[89]|20)\d\d)?"
    rf"|(?:{'|'.join(sorted(_WEEKDAYS))})(?: gunu)?"
    r")"
)
_AND = frozenset(("ve", "ile", "and"))


@cache
def _places() -> dict[str, tuple[Kind, str]]:
    """Folded names of countries (with their code) and cities in both languages."""
    from babel import Locale

    found: dict[str, tuple[Kind, str]] = {}
    for cities in re.split(r"[|\n](?<!,\n)", _CITIES):
        names = [fold(name.strip()) for name in cities.split(",") if name.strip()]
        found |= dict.fromkeys(names, ("city", names[0] if names else ""))
    for language in ("tr", "en"):
        for code, name in Locale(language).territories.items():
            if code.isalpha() or code in ("002", "142", "150"):  # the continents that make news
                found.setdefault(fold(re.split(r" [-(]", name)[0].replace("’", "'")), ("country", code))
    for row in filter(None, map(str.strip, _COUNTRIES.splitlines())):
        code, *names = row.split(" | ")
        for name in ", ".join(names).split(", "):
            found[fold(name)] = ("country", code)
    return found


@cache
def _usual_names() -> dict[tuple[str, Language], str]:
    """What a country is called, by its code and the language."""
    from babel import Locale

    languages: tuple[Language, Language] = ("tr", "en")
    found = {(code, each): name for each in languages for code, name in Locale(each).territories.items()}
    for row in filter(None, map(str.strip, _COUNTRIES.splitlines())):
        code, *names = row.split(" | ")
        found |= {(code, each): name.split(", ")[0] for each, name in zip(languages, names, strict=True)}
    return found


def in_language(name: str, language: Language) -> str:
    """A country's name in ``language``; other names as they are."""
    kind, code = _places().get(fold(name), ("other", ""))
    return _usual_names().get((code, language), name) if kind == "country" else name


def _has_title(words: Sequence[Word], i: int) -> bool:
    """Whether a title follows the name that ends at ``i``: Bulgaristan [Sağlık Bakanı] Velev."""
    if words[i - 1].suffix or words[i - 1].after:
        return False
    following = list(itertools.takewhile(lambda word: word.is_capital, words[i : i + 2]))
    return any(word.key in _TITLES for word in following)


def _place_at(words: Sequence[Word], i: int) -> tuple[int, Kind] | None:
    """How many words the place at ``i`` has, and its kind."""
    for length in range(min(4, len(words) - i), 0, -1):
        span = words[i : i + length]
        if any(word.suffix for word in span[:-1]):
            continue
        name = " ".join(word.key for word in span)
        place = _places().get(name)
        if not place or (length > 1 and name.startswith("the ")):
            continue
        follows_the = i > 0 and words[i - 1].key == "the"
        if (
            name in _ONLY_AS_NAMES
            and not span[0].is_capital
            and not span[0].suffix
            and not (follows_the and name != "man")
        ):
            continue
        if len(name) <= 2 and not span[0].text.isupper() and not follows_the:
            continue
        return length, place[0]
    return None


def with_endings_apart(words: Sequence[Word], known: Collection[str]) -> list[Word]:
    """Case endings that were typed without an apostrophe behind a name become the word's suffix: rusyanin."""
    return [_ending_apart(word, known) for word in words]


def _ending_apart(word: Word, known: Collection[str]) -> Word:
    key = word.key
    if word.suffix or key in _places() or key in known or len(key) != len(word.text):
        return word
    for cut in range(1, 5):
        head, ending = key[:-cut], key[-cut:]
        if len(head) < _MIN_BARE_NAME and not (head in ("abd", "cin") and cut > 1):
            continue
        if (head in known or (head in _places() and head not in _ONLY_AS_NAMES)) and _ENDING.fullmatch(ending):
            return replace(word, text=word.text[:-cut], suffix=word.text[-cut:])
    return word


def mentions(words: Sequence[Word], known: Collection[str] = (), *, inside: bool = False) -> list[Mention]:
    """The names in ``words``: known places, words with capitals or apostrophes, and the folded words ``known`` to be
    names. A capital at the beginning of a question says little, unless ``inside``: other words stood before it."""
    shouted = len(words) > 1 and all(word.text.upper() == word.text for word in words)
    times = {i for start, end in times_in(words) for i in range(start, end)}
    found: list[Mention] = []
    i = 0
    if inside and words and not shouted and words[0].is_capital:
        known = {*known, words[0].key} - _NO_NAMES
    while i < len(words):
        place = _place_at(words, i)
        if place:
            end = i + place[0]
            title = _has_title(words, end)
            end = _end_of_name(words, end, known, shouted, times) if title else end
            found.append(Mention(i, end, "other" if title else place[1]))
        elif _is_name(words, i, known, shouted, times):
            end = _end_of_name(words, i, known, shouted, times)
            is_demonym = end == i + 1 and _DEMONYM.fullmatch(words[i].key)
            found.append(Mention(i, end, "demonym" if is_demonym else "other"))
        else:
            i += 1
            continue
        i = found[-1].end
    return found


def mention(words: Sequence[Word], start: int, end: int) -> Mention:
    """The name at ``words[start:end]``."""
    place = _place_at(words, start)
    return Mention(start, end, place[1] if place and place[0] == end - start else "other")


def _end_of_name(words: Sequence[Word], i: int, known: Collection[str], shouted: bool, times: Collection[int]) -> int:
    """Where the name ends that begins at ``i``: behind a suffix or a comma, before a place or a word in lower case."""
    while True:
        last = words[i]
        i += 1
        if last.suffix or last.after or i == len(words) or words[i].before or _place_at(words, i):
            return i
        if not _is_name(words, i, known, shouted, times):
            return i


def _is_name(words: Sequence[Word], i: int, known: Collection[str], shouted: bool, times: Collection[int]) -> bool:
    word = words[i]
    key = word.key
    if i in times or not key[:1].isalpha() or (key in _NO_NAMES and (i == 0 or shouted or key in ("i", "ve", "and"))):
        return False
    if key in known:
        return True
    if shouted or not word.is_capital:
        return False
    if i > 0 and not _opens_sentence(words, i):
        return True
    if word.suffix or (word.text.isupper() and 2 <= len(word.text) <= 5):
        return True
    following = words[i + 1 : i + 3]
    if following and following[0].key in _AND:
        following = following[1:]
    return bool(following) and following[0].is_capital and following[0].key not in _NO_NAMES


def _opens_sentence(words: Sequence[Word], i: int) -> bool:
    """Whether the word at ``i`` begins a sentence or a quotation, where any word has a capital."""
    after = words[i - 1].after if i else "."
    return any(mark in after for mark in ".!?:…") or any(mark in words[i].before for mark in '“"«')


def groups(words: Sequence[Word], found: Sequence[Mention]) -> list[list[Mention]]:
    """Names joined by "and" or commas, together."""
    joined: list[list[Mention]] = []
    for mention in found:
        if joined and not words[joined[-1][-1].end - 1].suffix:
            between = words[joined[-1][-1].end : mention.start]
            comma = words[joined[-1][-1].end - 1].after == ","
            linked = [word.key for word in between if word.key not in ("the", "both")]
            if (len(linked) == 1 and linked[0] in _AND) or (comma and not between):
                joined[-1].append(mention)
                continue
        joined.append([mention])
    return joined


def times_in(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Where dates and the like stand: "in 2024", "geçen yıl", "20 Aralık'ta"."""
    found: list[tuple[int, int]] = []
    i = 0
    while i < len(words):
        for length in range(min(4, len(words) - i), 0, -1):
            if _TIME.fullmatch(" ".join(word.full for word in words[i : i + length])):
                found.append((i, i + length))
                i += length
                break
        else:
            i += 1
    return found


def names_known_from(texts: Sequence[str]) -> frozenset[str]:
    """The folded words that ``texts``, typed with care, write as names: they help with what was typed without."""
    return frozenset(_known(texts))


def _known(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        words = parse(text[:2000])
        for mention in mentions(words):
            for word in words[mention.start : mention.end]:
                if word.is_capital and len(word.key) >= _MIN_BARE_NAME and word.key not in _TITLES:
                    yield word.key
