"""Compare language identifiers on short, sloppy and folded Turkish and English text.

    python -m bench.language --data FOLDER

FOLDER holds either ``questions.tr.jsonl``, ``questions.en.jsonl`` (``{"q": ...}`` a line) with ``articles.tr.jsonl``,
``articles.en.jsonl`` (``{"text": ...}``), or the original files ``xquad.tr.json`` and ``xquad.en.json``. ``--unseen``
names one more file of Turkish questions in the SQuAD format. Candidates that are not installed are reported so:
``pip install py3langid lingua-language-detector langdetect``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from index.language import detect_question_language
from index.text import MARK, fold

Detector = Callable[[str], str | None]
Sample = tuple[str, str]  # a text and its language

# What people type, 40 a language, written before the detector was; its words were then tuned on them.
TYPED: dict[str, str] = {
    "tr": """
        asgari ücret | asgari ucret ne kadar oldu | zelenski putin nerede | zelenski putin nerede bulusacak | baris
        plani | barış planı kaç madde | tokayev savasi durdurma girisimlerini destekliyor mu | kim destekliyor |
        toplanti nerede | kac kisi oldu | kaç kişi yaralandı | dolar kac lira | deprem kac siddetinde | secim ne
        zaman | seçim sonuçları | putin ne dedi | trump ne istedi | moskova teklifi | ukrayna heyeti kimlerle
        gorustu | kim reddetti | neden reddetti | abd ne onerdi | enflasyon orani | faiz karari | son dakika |
        merkez bankasi baskani kim | galatasaray maci kac kac bitti | ne zaman | kim | nasil oldu bu is | ALMANYA
        BAŞBAKANI KİM | PUTIN NEREDE | kazakistanin onerisi neydi | haberde gecen ulkeler | ozet gec | bunu acikla |
        toplam zarar | nobel odulunu kim aldi | istanbul hava durumu | baskan kabul etti mi
    """,
    "en": """
        minimum wage | peace plan | where putin meet zelensky | putin zelensky meeting place | who won | when | how
        many people died | how much is dollar | trump said what | what did tokayev say | kazakhstan offer | tokayev
        supports ending war? | did zelensky accept | zelensky moscow refuse | election results | election date |
        inflation rate | central bank governor | earthquake magnitude | latest news | why rejected | us peace
        proposal points | summarize this | countries mentioned | total damage | nobel prize winner | istanbul
        weather | is meeting certain | galatasaray score | who is the coach | WHERE IS PUTIN | ukraine delegation
        talks dates | berlin talks participants | oil price | fed interest decision | climate summit outcome | any
        casualties | whats the plan | does he agree | kremlin spokesman statement
    """,
}

# The same, written after it; nothing was tuned on these.
TYPED_UNSEEN: dict[str, str] = {
    "tr": """
        tokayev kimi aradi | anlasma imzalandi mi | ateskes var mi | gorusmeler nerede yapilacak | abd plani kabul
        gordu mu | rusya ne istiyor | asgari ucrete zam | emekli maaslari | elektrik zammi | okullar tatil mi | kar
        yagisi bekleniyor mu | yangin kontrol altina alindi mi | kac hektar yandi | supheli yakalandi mi | ozeti ver
        | yazar kim | haberin tarihi | avrupa birligi tepkisi | nato zirvesi | almanya secim sonucu | altin
        fiyatlari | petrol fiyati dustu mu | bakanin aciklamasi | kararin gerekcesi | muhalefetin tepkisi | yeni
        anayasa | zelenskiy istifa etti mi | putin moskovaya cagirdi | heyette kimler vardi | goruşme ne kadar surdu
        | fenerbahce transfer | dünya kupası | uçak kazası | hangi ülke | kazada ölenler | trump tarifeleri | isveç
        nobel | tarafsız ülke | barış için şartlar | toprak tavizi
    """,
    "en": """
        who did tokayev call | agreement signed | is there a ceasefire | talks venue | russia demands | pension
        increase | electricity price hike | schools closed? | snow expected tomorrow | is fire under control |
        hectares burned | suspect arrested | give me a summary | author | publication date | eu reaction | nato
        summit | german election result | gold prices | oil price drop | ministers statement | reason for the
        decision | opposition response | new constitution | zelensky resign | putin invited zelensky moscow |
        delegation members | how long did talks last | transfer news | world cup | plane crash | which country |
        deaths in accident | trump tariffs | sweden nobel | neutral country | conditions for peace | territorial
        concessions | ukraine army size | security guarantees
    """,
}

# Questions in other languages, 15 each.
FOREIGN: dict[str, str] = {
    "de": """
        Wo könnten sich Putin und Selenskyj treffen? | Wer ist der Präsident von Frankreich? | Wann wurde der
        Friedensplan vorgelegt? | Wie viele Punkte hat der Plan? | Was hat der Präsident gesagt? | Warum hat die
        Ukraine das Angebot abgelehnt? | Welche Länder unterstützen den Vorschlag? | Wie hoch ist der Mindestlohn? |
        Mit wem sprach die Delegation? | Hat Selenskyj den Vorschlag angenommen? | Ist das Treffen sicher? | Gibt es
        Verletzte? | wie wird das wetter morgen | wo findet das treffen statt | Kannst du mir den Artikel
        zusammenfassen?
    """,
    "fr": """
        Où Poutine et Zelensky pourraient-ils se rencontrer ? | Qui est le président de la France ? | Quand le plan
        de paix a-t-il été présenté ? | Combien de points contient le plan ? | Qu'a dit le président ? | Pourquoi
        l'Ukraine a-t-elle refusé l'offre ? | Quels pays soutiennent la proposition ? | Quel est le salaire minimum
        ? | Avec qui la délégation a-t-elle discuté ? | Est-ce que Zelensky a accepté la proposition ? | La
        rencontre est-elle certaine ? | Y a-t-il des blessés ? | quel temps fait-il demain | ou se trouve la ville |
        Peux-tu résumer cet article ?
    """,
    "es": """
        ¿Dónde podrían reunirse Putin y Zelenski? | ¿Quién es el presidente de Francia? | ¿Cuándo se presentó el
        plan de paz? | ¿Cuántos puntos tiene el plan? | ¿Qué dijo el presidente? | ¿Por qué Ucrania rechazó la
        oferta? | ¿Qué países apoyan la propuesta? | ¿Cuál es el salario mínimo? | ¿Con quién habló la delegación? |
        ¿Aceptó Zelenski la propuesta? | ¿Es segura la reunión? | ¿Hay heridos? | donde esta el presidente | que
        tiempo hace hoy | Resume este artículo por favor
    """,
    "it": """
        Dove potrebbero incontrarsi Putin e Zelensky? | Chi è il presidente della Francia? | Quando è stato
        presentato il piano di pace? | Quanti punti ha il piano? | Che cosa ha detto il presidente? | Perché
        l'Ucraina ha rifiutato l'offerta? | Quali paesi sostengono la proposta? | Qual è il salario minimo? | Con
        chi ha parlato la delegazione? | Zelensky ha accettato la proposta? | L'incontro è sicuro? | Ci sono feriti?
        | che tempo fa domani | dove si trova la città | Puoi riassumere questo articolo?
    """,
    "pt": """
        Onde Putin e Zelensky podem se encontrar? | Quem é o presidente da França? | Quando o plano de paz foi
        apresentado? | Quantos pontos tem o plano? | O que disse o presidente? | Por que a Ucrânia recusou a oferta?
        | Quais países apoiam a proposta? | Qual é o salário mínimo? | Com quem a delegação conversou? | Zelensky
        aceitou a proposta? | O encontro é certo? | Há feridos? | como vai estar o tempo amanhã | onde fica a cidade
        | Você pode resumir este artigo?
    """,
    "nl": """
        Waar kunnen Poetin en Zelensky elkaar ontmoeten? | Wie is de president van Frankrijk? | Wanneer werd het
        vredesplan gepresenteerd? | Hoeveel punten heeft het plan? | Wat heeft de president gezegd? | Waarom heeft
        Oekraïne het aanbod afgewezen? | Welke landen steunen het voorstel? | Hoe hoog is het minimumloon? | Met wie
        sprak de delegatie? | Heeft Zelensky het voorstel aanvaard? | Is de ontmoeting zeker? | Zijn er gewonden? |
        wat voor weer wordt het morgen | waar ligt de stad | Kun je dit artikel samenvatten?
    """,
    "ru": """
        Где могут встретиться Путин и Зеленский? | Кто президент Франции? | Когда был представлен мирный план? |
        Сколько пунктов в плане? | Что сказал президент? | Почему Украина отвергла предложение? | Какие страны
        поддерживают предложение? | Какова минимальная зарплата? | С кем встречалась делегация? | Принял ли
        Зеленский предложение? | Состоится ли встреча? | Есть ли раненые? | какая завтра погода | где находится
        город | перескажи статью
    """,
    "ar": """
        أين يمكن أن يلتقي بوتين وزيلينسكي؟ | من هو رئيس فرنسا؟ | متى قدمت خطة السلام؟ | كم عدد نقاط الخطة؟ | ماذا
        قال الرئيس؟ | لماذا رفضت أوكرانيا العرض؟ | ما هي الدول التي تدعم الاقتراح؟ | ما هو الحد الأدنى للأجور؟ | مع
        من تحدث الوفد؟ | هل قبل زيلينسكي الاقتراح؟ | هل اللقاء مؤكد؟ | هل هناك جرحى؟ | كيف الطقس غدا | أين تقع
        المدينة | لخص هذا المقال
    """,
    "az": """
        Putin və Zelenski harada görüşə bilər? | Fransanın prezidenti kimdir? | Sülh planı nə vaxt təqdim edildi? |
        Planın neçə bəndi var? | Prezident nə dedi? | Ukrayna təklifi niyə rədd etdi? | Hansı ölkələr təklifi
        dəstəkləyir? | Minimum əmək haqqı nə qədərdir? | Nümayəndə heyəti kimlə danışdı? | Zelenski təklifi qəbul
        etdi? | Görüş dəqiqdirmi? | Yaralı varmı? | sabah hava necə olacaq | şəhər harada yerləşir | məqaləni xülasə
        et
    """,
}


def main() -> int:
    """Print one table of accuracies, in per cent, and one of what becomes of other languages' questions."""
    parser = argparse.ArgumentParser(description="Compare language identifiers on Turkish and English.")
    parser.add_argument("--data", type=Path, required=True, help="folder of XQuAD, as jsonl or as published")
    parser.add_argument("--unseen", type=Path, help="more Turkish questions, a file in the SQuAD format")
    parser.add_argument("--only", action="append", help="a candidate's name; may be given several times")
    arguments = parser.parse_args()
    candidates = dict(load_candidates(arguments.only))
    variants = make_variants(arguments.data, arguments.unseen)
    print_accuracy(candidates, variants)
    print_foreign(candidates)
    return 0


def load_candidates(only: list[str] | None) -> Iterator[tuple[str, Detector]]:
    """The candidates that are installed, each with the seconds it took to load and the memory it added."""
    for name, load in CANDIDATES.items():
        if only and name not in only:
            continue
        before_mb, started = resident_mb(), time.perf_counter()
        try:
            detect = load()
        except ImportError as error:
            print(f"{name}: not installed ({error.name})")
            continue
        detect("merhaba dünya")
        print(f"{name}: loaded in {time.perf_counter() - started:.2f} s, {resident_mb() - before_mb:.0f} MB")
        yield name, detect


def resident_mb() -> float:
    """Resident memory of this process, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 1e6


def load_own() -> Detector:
    """Haberci's detector for questions."""
    return detect_question_language


def load_py3langid() -> Detector:
    """py3langid, restricted to the two languages."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped, import-not-found, unused-ignore]

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(["tr", "en"])
    return lambda text: str(identifier.classify(text)[0])


def load_py3langid_all() -> Detector:
    """py3langid with all its languages: None where it is sure of a third one, else the likelier of the two."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped, import-not-found, unused-ignore]

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def detect(text: str) -> str | None:
        ranked = identifier.rank(text)
        if ranked[0][0] not in ("tr", "en") and ranked[0][1] >= 0.9:
            return None
        return str(next(code for code, _ in ranked if code in ("tr", "en")))

    return detect


def load_lingua() -> Detector:
    """lingua, restricted to the two languages."""
    from lingua import Language, LanguageDetectorBuilder  # type: ignore[import-untyped, import-not-found, unused-ignore]

    detector = LanguageDetectorBuilder.from_languages(Language.TURKISH, Language.ENGLISH).build()

    def detect(text: str) -> str | None:
        language = detector.detect_language_of(text)
        return language and str(language.iso_code_639_1.name.lower())

    return detect


def load_langdetect() -> Detector:
    """langdetect with a fixed seed; the likelier of the two languages."""
    from langdetect import DetectorFactory, LangDetectException, detect_langs  # type: ignore[import-untyped, import-not-found, unused-ignore]

    DetectorFactory.seed = 0

    def detect(text: str) -> str:
        try:
            shares = {guess.lang: guess.prob for guess in detect_langs(text)}
        except LangDetectException:  # a text without letters
            shares = {}
        return "tr" if shares.get("tr", 0) >= shares.get("en", 0) else "en"

    return detect


CANDIDATES: dict[str, Callable[[], Detector]] = {
    "index.language": load_own,
    "py3langid": load_py3langid,
    "py3langid, all": load_py3langid_all,
    "lingua": load_lingua,
    "langdetect": load_langdetect,
}


def make_variants(folder: Path, unseen: Path | None) -> dict[str, list[Sample]]:
    """Every set of samples, by name."""
    questions = [(text, code) for code in ("tr", "en") for text in read_questions(folder, code)]
    articles = [(text, code) for code in ("tr", "en") for text in read_articles(folder, code)]
    sentences = [
        (part, code) for text, code in articles for part in re.split(r"(?<=[.!?])\s+", text) if len(part.strip()) > 3
    ]
    variants = {
        "questions": questions,
        "lower case": change(questions, str.lower),
        "folded": change(questions, plain),
        "folded, no ?": change(questions, lambda text: plain(text).rstrip(" ?")),
        "first 4 words": change(questions, lambda text: first_words(text, 4)),
        "first 3 words": change(questions, lambda text: first_words(text, 3)),
        "first 3, folded": change(questions, lambda text: plain(first_words(text, 3))),
        "typed": list(written(TYPED)),
        "typed, unseen": list(written(TYPED_UNSEEN)),
        "sentences": sentences,
        "sentences, folded": change(sentences, plain),
        "articles": articles,
        "articles, folded": change(articles, plain),
    }
    if unseen is not None:
        more = [(text, "tr") for text in squad_questions(unseen)]
        variants |= {"unseen": more, "unseen, folded": change(more, plain)}
        variants["unseen, first 4"] = change(more, lambda text: first_words(text, 4))
    return variants


def read_questions(folder: Path, code: str) -> list[str]:
    """The questions in one language."""
    path = folder / f"questions.{code}.jsonl"
    if path.exists():
        return [json.loads(line)["q"] for line in path.read_text(encoding="utf-8").splitlines()]
    return squad_questions(folder / f"xquad.{code}.json")


def read_articles(folder: Path, code: str) -> list[str]:
    """The paragraphs in one language."""
    path = folder / f"articles.{code}.jsonl"
    if path.exists():
        return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    return [paragraph["context"] for paragraph in squad_paragraphs(folder / f"xquad.{code}.json")]


def squad_paragraphs(path: Path) -> list[dict[str, str]]:
    """The paragraphs of a file in the SQuAD format."""
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [paragraph for article in data for paragraph in article["paragraphs"]]


def squad_questions(path: Path) -> list[str]:
    """The questions of a file in the SQuAD format."""
    return [entry["question"] for paragraph in squad_paragraphs(path) for entry in paragraph["qas"]]  # type: ignore[index]


def change(samples: list[Sample], how: Callable[[str], str]) -> list[Sample]:
    """The samples with their texts changed."""
    return [(how(text), code) for text, code in samples]


def plain(text: str) -> str:
    """The text as typed without diacritics and capitals."""
    return fold(text).replace(MARK, "")


def first_words(text: str, n_words: int) -> str:
    """The beginning of the text."""
    return " ".join(text.split()[:n_words])


def written(table: dict[str, str]) -> Iterator[Sample]:
    """The samples of one of the tables above."""
    for code, texts in table.items():
        for text in texts.split("|"):
            yield " ".join(text.split()), code


def print_accuracy(candidates: dict[str, Detector], variants: dict[str, list[Sample]]) -> None:
    """One row a variant: accuracy of each candidate in per cent, and how often it named neither language."""
    print_row(["variant", "texts", *candidates])
    for name, samples in variants.items():
        cells = []
        for detect in candidates.values():
            found = [detect(text) for text, _ in samples]
            right = sum(code == expected for code, (_, expected) in zip(found, samples, strict=True))
            cells.append(f"{100 * right / len(samples):.2f} ({found.count(None)})")
        print_row([name, len(samples), *cells])


def print_foreign(candidates: dict[str, Detector]) -> None:
    """One row a foreign language: how many of its questions each candidate takes for neither Turkish nor English."""
    print()
    print_row(["neither", "texts", *candidates])
    for code in FOREIGN:
        texts = [text for text, _ in written({code: FOREIGN[code]})]
        print_row([code, len(texts), *(sum(detect(text) is None for text in texts) for detect in candidates.values())])


def print_row(cells: Iterable[object]) -> None:
    """One row of a table, in Markdown."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
