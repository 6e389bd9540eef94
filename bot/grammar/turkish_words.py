"""The words of Turkish questions, folded: what asks, what points back, what verbs and cases look like."""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.grammar.words import Role, Wanted, word_set
from index.text import fold


class _Asking(NamedTuple):
    text: str
    role: Role
    wanted: Wanted


def _asking() -> dict[str, _Asking]:
    rows: list[tuple[str, Role, Wanted]] = [
        ("nerede neresi neresinde nerelerde nereye nereden nerelere", "adverb", "place"),
        ("neden niye niçin nasıl", "adverb", "other"),
        ("kiminle kimle kimlerle kime kimden kimlere", "adverb", "person"),
        ("kim kimler", "subject", "person"),
        ("kimi kimleri", "object", "person"),
        ("kimin kimlerin", "possessor", "person"),
        ("ne neyi neye neler neleri nelerden neyle", "object", "other"),
        ("kaç kaça kaçla hangisi hangileri nereli", "amount", "other"),
        ("kaçta", "adverb", "time"),
    ]
    found = {fold(text): _Asking(text, role, wanted) for row, role, wanted in rows for text in row.split()}
    found["nerde"] = _Asking("nerede", "adverb", "place")
    found["nerden"] = _Asking("nereden", "adverb", "place")
    return found


ASKING = _asking()
AFTER_NE = {
    "zaman": _Asking("ne zaman", "adverb", "time"),
    "zamandan": _Asking("ne zamandan", "adverb", "time"),
    "zamana": _Asking("ne zamana", "adverb", "time"),
    "kadar": _Asking("ne kadar", "amount", "other"),
    "kadarlik": _Asking("ne kadarlık", "amount", "other"),
    "icin": _Asking("ne için", "adverb", "other"),
    "sekilde": _Asking("ne şekilde", "adverb", "other"),
    "diye": _Asking("ne diye", "adverb", "other"),
    "hakkinda": _Asking("ne hakkında", "adverb", "other"),
    "konuda": _Asking("ne konuda", "adverb", "other"),
}
COPULA = re.compile(r"(?P<stem>.+?)(?:(?P<past>y?[dt][iu])|[dt][iu]r|y?m[iu]s)")
BEFORE_ASKING = frozenset(("tam", "olarak", "saat", "baska", "yuzde"))
TEMPORAL = re.compile(
    r"(?:gun|yil|ay|hafta|sene|saat|dakika|kez|kere|defa|tarih|yas)(?:|[iu]|l[iu]k|[iu]nd[ae]|t[ae]|d[ae])"
)
PLACE_NOUN = re.compile(r"(?:sehi?r|ulke|kent|yer|bolge|kita|il|ilce)\w*")
ADVERBIAL = re.compile(r"\w+(?:[dt][ae]n?|y[ae])")
MI = re.compile(r"m[iu](?:d[iu]r|yd[iu]|ym[iu]s)?")
BOT = re.compile(
    r"m[iu]s[iu]n(?:[iu]z)?|\w+yors[iu]n\w*|\w+abilir m[iu]yim|nasils[iu]n\w*|kims[iu]n\w*|sen\w{0,3}"
    r"|ben|bana|beni|benim|siz|size|sizi|sizin|biz|bize|bizi|bizim"
)
SECOND_PERSON = re.compile(r"\w+(?:[^fstkchp]d|[fstkchp]t)[iu]n(?:[iu]z)?|\w+[iae]rs[iu]n\w*")
VERB = re.compile(
    r"\w*(?:[^fstkchp\d][d][iu]|[fstkchp]t[iu]|m[iu]st?[iu]?|[iu]yor(?:du|mus)?|[ae]c[ae]k(?:t[iu]|m[iu]s)?|[ae]bilir(?:d[iu])?"
    r"|[iu]l[iu]r|m[ae]l[iu](?:yd[iu])?|m[ae]z|m[ae]kt[ae](?:d[iu]r)?|[dt][iu]r)(?:l[ae]r)?"
)
AORIST = re.compile(r"\w{2,}[aeiu]r(?:l[ae]r)?")
NO_VERBS = word_set(
    """
    simdi kendi yedi adi suudi kredi vadi yahudi ebedi gelecek gecmis gumus yemis namaz altmis yetmis bilgi
    kadir baskadir midir mudur nedir kimdir nerededir
    """
)
LIGHT = re.compile(
    r"(?:ett|edil|edec|ediy|eder|etm|old|olac|oluy|olab|olur|olmu|yapt|yapil|yapac|yapiy|verd|veril|verec|veriy|ald|alind|alac|aliy)\w*"
)
PASSIVE = re.compile(r"\w*[aeiou]\w*(?:[iu]l|l[ae]n|l[iu]n)(?:d[iu]|m[iu]s|[iu]yor|[ae]c[ae]k|[iu]r|[ae]bil)\w*")
NO_PASSIVE = re.compile(r"(?:kullan|yararlan|evlen|toplan|hoslan|endiselen|katil|ayril)[dmiau]\w*")
SAYING = re.compile(r"(?:soyl|ded|diy|diye|acikla|iddia|duyur|belirt|bildir|ifade|anlat|vurgula|savun|yorum)\w*")
RECIPROCAL = re.compile(r"(?:bulus|gorus|anlas|karsilas|konus|catis|savas|uzlas|arasind)\w*")
ACCUSATIVE = re.compile(r"\w+(?:[ny][iu]|l[ae]r[iu])")
MAYBE_ACCUSATIVE = re.compile(r"\w+[iu]")
OBLIQUE = re.compile(r"\w{2,}(?:[ny][iu]|[dt][ae]n?|nd[ae]n?|y[ae]|n[ae])")
OWNER = re.compile(r"(?P<head>\w{2,}?(?:[aeiou](?=n[iu]n$)|[^aeiou](?=[iu]n$)))n?[iu]n")
# Nouns that belong to something: alone they point to it. Fiyatı ne kadar?
BELONGING = re.compile(
    r"\w+(?:si|su)(?:yd[iu])?|\w+l[ae]r[iu]|(?:fiyat|maas|yas|es|ad|ism|neden|sebeb|sonuc|tarih|yer|rakib|karar|plan|"
    r"teklif|boy|amac|hedef|sart|kosul|madde|guc|onem|buyuklug|maliyet|deger|tutar|oran|iceri[gk]|kapsam|baskan|lider|"
    r"baskent|nufus|ogl|kiz|cocuk|yanit|cevab|gorus|ozellik|ayrinti|detay|hoca|mudur|sahib|takim|unvan|gorev)[iu]"
)
PERSON = re.compile(
    r"(?:\w*baskan|\w*bakan|lider|sozcu|direktor|temsilci|\w*elci|mudur|ogl|kiz|avukat|kaptan|oyuncu|kral|prens|hoca|es|anne|baba)"
    r"s?[iu]"
)
PREDICATES = re.compile(r"nereli|kaç yaşında|kacıncı|hangi partiden|nasıl biri")
COMPOUND = re.compile(r"\w+(?:l[ae]r[iu]|s[iu])")
POSTPOSITIONS = word_set(
    """
    icin ile gibi kadar hakkinda arasinda arasindaki tarafindan karsi gore konusunda uzerine yuzunden sonra once
    disinda ile birlikte
    """
)
DOING = re.compile(r"(?:ded|diy|diye|soyl|iste|dusun|yapt|yapac|yapiy|acikla|oner|bekl|konus|savun|elestir)\w*")
FILLERS = word_set(
    """
    bu bunlar olay acaba ki tam olarak peki ya ama yani simdi sonra lutfen oldu olacak olmus oluyor olur olmustu
    olabilir gerceklesti yasandi gerceklesecek biliyor musun musunuz soyler misin misiniz beri kadar
    """
)
HE = {"o": "", "onlar": "", "kendisi": "", "kendileri": ""}
HIM = {
    "onu": "acc", "onlari": "acc", "ona": "dat", "onlara": "dat", "onun": "gen", "onlarin": "gen",
    "onunla": "ins", "onlarla": "ins", "ondan": "abl", "onlardan": "abl", "onda": "loc", "onlarda": "loc",
}  # fmt: skip
THERE = {
    "orada": "loc", "burada": "loc", "orda": "loc", "burda": "loc", "surada": "loc", "oraya": "dat", "buraya": "dat",
    "oradan": "abl", "buradan": "abl", "oranin": "gen", "oradaki": "locki", "buradaki": "locki",
}  # fmt: skip
THIS = frozenset(("bu", "su", "bunlar", "sunlar"))
THIS_THING = frozenset(("bunu", "sunu", "bunlari", "sunlari"))
OF_THIS = word_set(
    """
    bunun bunlarin sunun buna bunlara suna bundan bunlardan bununla bunda bunlarla boyle oyle boylece
    """
)
# "o zaman" and the like hold a conversation together, they point to nothing.
AFTER_BU = re.compile(
    r"(?:yil|ay|hafta|sene|gun|sabah|aksam|gece|kez|arada|yuzden|nedenle|sebeple|zaman|kadar|aralar|mevsim|sezon)\w{0,4}"
)
AFTER_O = re.compile(r"(?:zaman|yuzden|nedenle|kadar|halde)")
MARKERS = frozenset(("ya", "peki"))
TRAILING = frozenset(("peki", "ya", "acaba", "mi", "mu", "ne", "durumu"))
