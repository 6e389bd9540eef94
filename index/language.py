"""Which language a text is in: Turkish or English for articles, also neither for questions.

What people type is short, lower case and often without diacritics, where general language identifiers are at their
weakest; between two languages that share so little, words and spelling patterns do better (``docs/language.md``
has the comparison, ``bench/language.py`` repeats it). Pure functions of the text: no model, nothing to load.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from index.text import MARK, fold
from index.types import Language

# Folded words and their weights, set by hand: an ordinary function or news word 3, one that both languages (or names)
# may have less. Words common in both (her, in Turkish "every") are left out.
_LEXICON_TR = {
    # What asks decides against any number of words of a foreign title: "The Ottoman Empire kime aittir?"
    6.0: """
        mi mu midir mudur misin musun miydi muydu neyi neye nedir neler nelerdir nerede nereye nereden nerededir nerde
        nerelerde nerenin nasil nasildir kimdir kime kimi kimin kimler kimlerdir kimlerle kimle kac kacinci kacta kaci
        kactir hangi hangisi hangileri hangisidir niye nicin neydi kimdi aittir denir denilir
    """,
    3.0: """
        ve ile icin bir bu su ne neden kim daha gibi kadar sonra once cok olan olarak oldu oldugu olmus
        olmak olur olmasi olabilir olacak olsa oldular olup olmayan degil degildir var vardir yok yoktur ama fakat
        ancak veya yada hem ise iken diye gore dolayi uzere boyunca karsi tarafindan arasinda arasindaki icinde
        icindeki uzerinde uzerine altinda hakkinda ilgili onun onu ona onlar onlarin bunu buna bunun bunlar sunu
        ben sen biz siz bana sana bize size kendi hic hicbir bazi butun tum ayni baska diger cunku eger yani
        simdi bugun dun yarin etti eder edildi edilen etmek etmis ediyor edecek dedi demek demis diyor yapti yapar
        yapmak yapilan yapilir yapan yapildi yapiyor yapmis verdi verilen aldi geldi gitti cikti icerir bulunur
        bulunan denilen adi adli isimli zaman hala bile sadece yalniz yeni eski buyuk kucuk iyi kotu ilk
        yil yili yilinda yillik ay ayi gun gunu saat kisi insan ulke sehir dunya savas savasi baris turk turkiye
        cumhurbaskani baskan baskani bakan bakani basbakan hukumet meclis devlet secim parti halk haber ozet ozetle
        acikla anlat para fiyat fiyati fiyatlari maas ucret ucreti lira dolar milyon milyar yuzde bin ocak subat mart
        nisan mayis haziran temmuz agustos eylul ekim kasim aralik pazartesi sali carsamba persembe cuma cumartesi
        hava durumu mac maci deprem teklif teklifi karar karari gorusme gorusmesi toplanti toplantisi anlasma oran
    """,
    1.5: "o da de ki en son az iki uc dort bes alti yedi sekiz dokuz yirmi otuz yuz asgari orani plani",
}
_LEXICON_EN = {
    6.0: "what whats which who whos whose whom when where wheres why how hows",
    3.0: """
        the of and to in for with from by that this these those was were are been being be has have had having does
        did do doing will would could should might may must shall
        many much it its they them their theirs he him his she hers we our ours you your yours my mine us not no nor or
        if then than there here about into over under between through during before after above below against
        according because while until since also such other another each every some any all both few more most only
        own same so too very just into upon among within without toward towards across along around out off up down
        again ever never now still yet as but said says say did gave give given get got make made makes take
        took taken called named known used use uses new old first last year years day days month week time people
        country countries city world war peace president minister government state states election party news
        summary summarize explain tell list name show kind type year happened happen number largest main latest
        price wage weather meeting deal agreement offer talks leader leaders million billion percent january
        february march april june july august september october november december monday tuesday wednesday thursday
        friday saturday sunday dont doesnt didnt isnt arent wasnt wont cant is agree oil
    """,
    1.5: "a an at on can me plan am ones one two three four five six seven eight nine ten hundred thousand",
}

_PATTERNS_TR = {
    2.0: r"[iu]yor(?:$|[dlsu]) l[ae]r[iu](?:n|$) l[ae]r(?:d[ae]|[ae]$) [mdt]?[iu]st[iu]r$ m[ae]kt[ae] ^\w+[dt][iu]r$",
    1.2: r"""l[ae]r$ m[ae]k$ [aeiu]n[iu]n$ [iu]nd[ae](?:n|ki)?$ d[ae]n$ [ae]c[ae]k m[iu]s(?:$|t) m[ae]s[iu] l[iu][gk]
        d[iu]g[iu] [iu]l[ae]n$ [ae]r[ae]k$ [aeiu]y[iaeu]$ s[iu]n[iu]?$ [^aeiou][dt][iu]$ [iu]y[ae]$ [ae]bil s[iu]z$
        [dt][ae]ki(?:$|l) [kstpc]t[ae]n?$ [ae]s[iu]$ [iu]r[ae]n$ yken$ [aeiu]nl[iu]$ c[iu]s[iu]$""",
    0.6: r"""[^aeiouy][iu]$ [aeiu]k$ z$ [aeiou]y[aeiou] nc[iu] [aeiu]g[iu] [bcdfgklmnprstvyz][iu]l[ae] uy
        [iu]ld[iu] j m[ae]$""",
}
_PATTERNS_EN = {
    2.0: r"[qwx] th(?!$) tion ing$ ght ^wh ^sh[aeiou] ould$ ^kn ^wr",
    1.2: r"""[^aeiou]ed$ [aeiou]ted$ ly$ ment(?:s|ed)?$ ness$ ^th oo ee ou ea ck ies$ sh ph [^c]ch ity$ ous$ ful$ able$
        ence$ ance$ [aeiou]ys?$ ier$ ^c[lr] ^[bpgf][lr] ^s[clmnpqtkw] ^[dt]r ss$ ff ll$ [a-z]{3}es$
        ^un[a-z]{4}ed$ ai""",
    0.6: r"[^aeiou]y$ [^aeiou]e$ [^s]s$ c[aou] c[kt] [bcdfgnprt]{2}[ely] [ao]w [^l]ers?$ [^y]ors?$ h[^aeiou]",
}

# Words of other languages' questions that neither Turkish nor English has; then what foreign names bring along.
_FOREIGN_WORDS = {
    1.0: """
        wer wem wessen wann warum wieso weshalb wie wo woher wohin welche welcher welches welchen wieviel ist sind wird
        wurde wurden hatte habe haben konnten nicht und oder aber uber zwischen gibt ein eine einen viele kannst mir
        habt hast auf nach zum zur beim findet gesagt auch noch wenn seit vor
        qui quand pourquoi comment combien quel quelle quels quelles est sont ete avec dans contre quoi peux
        pourraient cette cet elle fait trouve une vous nous sur aux leur ont etaient
        donde quien quienes cuando cuanto cuanta cuantos cuantas cual cuales como porque por esta este hay puede
        podrian tiene entre hace dijo que una fue fueron esta
        dove quando quanti quante quale quali perche cosa sono stato stata puoi questo questa della dello degli nella
        che potrebbero nei sul alla alle anche hanno sui
        onde quem quantos quantas qual quais foi sao pode podem voce uma com pelo pela nao tem disse fica sobre
        mais foram
        waar wanneer waarom hoeveel welk welke heeft hebben werd wordt zijn kunnen kun niet het een voor wat deze bij
        naar ook maar geen hoog werden
    """,
    0.5: """
        der die das den dem von zu mit fur hat im es si ci la le les des du ou un el los las lo al di il gli del ha
        se em os um met hoe van wie er dit chi je con
    """,
    0.0: "is was in an a so on as me no he will den or at us",  # English, but German, Dutch or Italian as well
}
_ELISION = re.compile(r"\b(?:[ldcjnms]|qu|un|dell|all|nell|dall|sull)'(?=[aeiouh])")
_FOREIGN_LETTERS = re.compile(r"[¿¡ßñãõœ]")
_FOREIGN_ACCENTS = re.compile(r"[éèêëàáíóúìòùïôæ]")
_FOREIGN_THRESHOLD = 2.0
_MIN_LATIN_SHARE = 1 / 3

_TURKISH_LETTERS = re.compile(r"[ğĞşŞıİəƏ]")
_UMLAUTS = re.compile(r"[çÇöÖüÜ]")
_TURKISH_ENDING = re.compile(r"n?[iu]n|n?[aeiu]|y[aeiu]|[dt][ae]n?|y?l[ae]|l[ae]r\w*|d[iu]r|[iu]nc[iu]\w*|s[iu]\w*")
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|{MARK})*")
_MAX_WORD_EVIDENCE = 3.0  # of a word judged by its spelling
# Names keep their English spelling in Turkish questions: together they weigh less than one Turkish word.
_MAX_ENGLISH_SPELLINGS = 1.5
_MAX_CHARS = 5_000  # the beginning of an article says enough


def detect_language(text: str) -> Language:
    """The language of an article, headline or sentence: "tr" or "en", whichever is the more likely.

    Every text gets an answer: one without any evidence (a number, a bare name) is taken for Turkish.
    """
    return "tr" if _evidence(text) >= 0 else "en"


def detect_question_language(question: str, *, undecided: Language = "tr") -> Language | None:
    """The language of a typed question: "tr", "en", or None when it is surely in another language.

    None is given only to a question in another script, or one with several function words of another European
    language and hardly any of Turkish or English; a doubtful one gets the likelier of the two. Azerbaijani is taken
    for Turkish. ``undecided`` is the answer for a question without any evidence, such as a bare name.
    """
    if _is_foreign(question):
        return None
    evidence = _evidence(question)
    if evidence == 0:
        return undecided
    return "tr" if evidence > 0 else "en"


def _evidence(text: str) -> float:
    """The evidence of all words, positive for Turkish, negative for English."""
    composed = unicodedata.normalize("NFC", text[:_MAX_CHARS])
    folded = fold(composed)
    words, english_spellings = 0.0, 0.0
    for match in _WORD.finditer(folded):
        start, end = match.span()
        word = match.group().replace(MARK, "")
        if start > 1 and folded[start - 1] == "'" and folded[start - 2].isalnum():
            words += _ending_evidence(word)
            continue
        evidence, is_word = _word_evidence(word)
        if _TURKISH_LETTERS.search(composed, start, end):
            evidence, is_word = _MAX_WORD_EVIDENCE, True
        elif _UMLAUTS.search(composed, start, end):
            evidence, is_word = max(evidence, 0.0) + 1.5, True
        if is_word or evidence > 0:
            words += evidence
        else:
            english_spellings += evidence
    return words + max(english_spellings, -_MAX_ENGLISH_SPELLINGS)


def _ending_evidence(ending: str) -> float:
    """Evidence of what follows an apostrophe: Ankara'nın, Russia's, don't."""
    if ending in ("s", "t", "re", "ve", "ll", "d", "m"):
        return -1.0 if ending == "s" else -2.0
    return 2.5 if _TURKISH_ENDING.fullmatch(ending) else 0.0


@lru_cache(maxsize=8192)
def _word_evidence(word: str) -> tuple[float, bool]:
    """Evidence of one folded word, and whether it comes from the lexicon rather than the spelling."""
    known = _lexicon().get(word)
    if known is not None:
        return known, True
    if len(word) < 3:
        return 0.0, False
    evidence = sum(weight * len(pattern.findall(word)) for weight, pattern in _patterns())
    return max(-_MAX_WORD_EVIDENCE, min(_MAX_WORD_EVIDENCE, evidence)), False


@cache
def _lexicon() -> dict[str, float]:
    lexicon = {word: weight for weight, words in _LEXICON_TR.items() for word in words.split()}
    for weight, words in _LEXICON_EN.items():
        lexicon |= dict.fromkeys(words.split(), -weight)
    return lexicon


@cache
def _patterns() -> tuple[tuple[float, re.Pattern[str]], ...]:
    weighted = [*_PATTERNS_TR.items(), *((-weight, patterns) for weight, patterns in _PATTERNS_EN.items())]
    return tuple((weight, re.compile("|".join(patterns.split()))) for weight, patterns in weighted)


@cache
def _foreign_lexicon() -> dict[str, float]:
    return {word: weight for weight, words in reversed(_FOREIGN_WORDS.items()) for word in words.split()}


def _is_foreign(question: str) -> bool:
    """Whether another language's function words, letters or script outweigh all that is Turkish or English."""
    composed = unicodedata.normalize("NFC", question)
    folded = fold(composed)
    foreign = float(len(_FOREIGN_LETTERS.findall(composed)) + len(_ELISION.findall(folded)))
    foreign += min(1.0, 0.5 * len(_FOREIGN_ACCENTS.findall(composed)))
    home = 0.0
    for match in _WORD.finditer(folded):
        word = match.group().replace(MARK, "")
        if word in _foreign_lexicon():
            foreign += _foreign_lexicon()[word]
        else:
            home += abs(_lexicon().get(word, 0.0)) // _MAX_WORD_EVIDENCE
    if not home and _latin_share(folded) < _MIN_LATIN_SHARE:
        return True
    return foreign >= _FOREIGN_THRESHOLD and foreign > 2 * home and not _TURKISH_LETTERS.search(composed)


def _latin_share(folded: Iterable[str]) -> float:
    """The share of letters that are Latin, 1.0 when there is no letter."""
    letters = [character for character in folded if character.isalpha()]
    return sum(character.isascii() for character in letters) / len(letters) if letters else 1.0
