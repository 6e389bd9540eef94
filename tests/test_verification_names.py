"""Names that a claim has and its evidence has not, in both languages, with the packaged model's own vocabulary."""

from __future__ import annotations

import time
from collections import Counter
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.verification.names import Names
from index import Language
from index.embedding import Embedder
from index.seeds import seed_articles
from index.text import fold, tokens

Row = tuple[str, Language, str, Language, list[str]]

# claim, its language, evidence, its language, what of the claim it does not support
TRUE_MATCHES: list[Row] = [
    # endings
    ("Moskova'da görüştüler.", "tr", "Toplantı için Moskova'ya gelmesi gerekiyor.", "tr", []),
    ("Ukraynalı heyet geldi.", "tr", "Ukrayna heyeti geldi.", "tr", []),
    ("Rusların planı bu.", "tr", "Bu, Rus planı.", "tr", []),
    ("Türkiyede seçim var.", "tr", "Türkiye'de seçim var.", "tr", []),
    ("Kazakistanlıların tutumu açık.", "tr", "Kazakistan'ın tutumu açık.", "tr", []),
    ("Dubrovnikliler geldi.", "tr", "Dubrovnik'ten geldiler.", "tr", []),
    ("It is Russia's plan.", "en", "Russia has a plan.", "en", []),
    ("Kur'an'ı okudu.", "tr", "He read the Quran.", "en", []),
    ("Japonyasında böyleydi.", "tr", "In Japan it was so.", "en", []),
    # spellings
    ("Zelenskyy spoke.", "en", "Zelenskiy konuştu.", "tr", []),
    ("Zelenski konuştu.", "tr", "Zelensky spoke.", "en", []),
    ("Tokayev konuştu.", "tr", "Tokaev spoke.", "en", []),
    ("Hamaney konuştu.", "tr", "Khamenei spoke.", "en", []),
    ("Gorbaçov konuştu.", "tr", "Gorbachev spoke.", "en", []),
    ("Tchaikovsky wrote it.", "en", "Bunu Çaykovski yazdı.", "tr", []),
    ("Muhammed Ali kazandı.", "tr", "Muhammad Ali won.", "en", []),
    ("It was Aleksandr Pushkin.", "en", "O, Alexander Puşkin'di.", "tr", []),
    ("The Renaissance began there.", "en", "Rönesans orada başladı.", "tr", []),
    ("Boyan Stançev istifa etti.", "tr", "Boyan Stanchev resigned.", "en", []),
    ("The historian Procopius wrote.", "en", "Tarihçi Prokopios yazdı.", "tr", []),
    ("İmparator Domitianus öldü.", "tr", "The emperor Domitian died.", "en", []),
    ("A Karvelian minister resigned.", "en", "Karvelya'da bir bakan istifa etti.", "tr", []),
    ("Hüseyin geldi.", "tr", "Hussein came.", "en", []),
    ("Ahmet Davutoğlu konuştu.", "tr", "Ahmed Davutoglu spoke.", "en", []),
    ("Khan ruled from Bukhara.", "en", "Han, Buhara'dan yönetti.", "tr", []),
    # countries, languages and their people
    ("Kazakhstan offered to help.", "en", "Kazakistan yardım önerdi.", "tr", []),
    ("Georgia won.", "en", "Gürcistan kazandı.", "tr", []),
    ("Gürcü bakan geldi.", "tr", "The minister came from Georgia.", "en", []),
    ("Brazilian police arrested him.", "en", "Onu Brezilya polisi yakaladı.", "tr", []),
    ("Alman şirketi kapandı.", "tr", "The company in Germany closed.", "en", []),
    ("Dutch voters decided.", "en", "Hollandalı seçmenler karar verdi.", "tr", []),
    ("Frenchmen voted.", "en", "Fransızlar oy verdi.", "tr", []),
    ("Yeni Zelandalılar kazandı.", "tr", "New Zealand won.", "en", []),
    ("South Korean officials said so.", "en", "Güney Koreli yetkililer söyledi.", "tr", []),
    ("Fildişi Sahili kazandı.", "tr", "Ivory Coast won.", "en", []),
    ("He speaks Arabic.", "en", "Arapça konuşuyor.", "tr", []),
    ("Etrüskçeyle akraba.", "tr", "It is related to Etruscan.", "en", []),
    # cities, waters, mountains
    ("Kyiv agreed.", "en", "Kiev onay verdi.", "tr", []),
    ("Londra, Şam ve Kahire", "tr", "London, Damascus and Cairo", "en", []),
    ("It flows into the Black Sea and the Rhine.", "en", "Karadeniz'e ve Ren'e dökülür.", "tr", []),
    ("Akdeniz'e kıyısı var.", "tr", "It lies on the Mediterranean.", "en", []),
    ("The Euphrates and the Tigris meet.", "en", "Fırat ile Dicle birleşir.", "tr", []),
    ("Kuzey kutbuna gitti.", "tr", "He went to the North Pole.", "en", []),
    ("He went to the North Pole.", "en", "Kuzey kutbuna gitti.", "tr", []),
    # the past, religion, the sky
    ("The Ottomans besieged it.", "en", "Osmanlılar kuşattı.", "tr", []),
    ("It was built around 300 BC.", "en", "MÖ 300 dolaylarında yapıldı.", "tr", []),
    ("Genghis Khan died.", "en", "Cengiz Han öldü.", "tr", []),
    ("Şarlken çekildi.", "tr", "Charles V abdicated.", "en", []),
    ("Mehmed the Conqueror took the city.", "en", "Şehri Fatih Sultan Mehmet aldı.", "tr", []),
    ("Büyük İskender ve Jül Sezar", "tr", "Alexander the Great and Julius Caesar", "en", []),
    ("Plato and Socrates talked.", "en", "Eflatun ile Sokrates konuştu.", "tr", []),
    ("Jesus, Moses and Mary are named.", "en", "İsa, Musa ve Meryem anılır.", "tr", []),
    ("Muslims and Christians live there.", "en", "Orada Müslümanlar ve Hristiyanlar yaşar.", "tr", []),
    ("It was in the month of Ramadan.", "en", "ramazan ayındaydı.", "tr", []),
    ("Jüpiter'in uyduları", "tr", "the moons of Jupiter", "en", []),
    # institutions and abbreviations
    ("The UN, the EU and the US agree.", "en", "BM, AB ve ABD anlaştı.", "tr", []),
    ("Birleşmiş Milletler'in çağrısı", "tr", "The United Nations calls.", "en", []),
    ("BM'nin çağrısı", "tr", "The United Nations calls.", "en", []),
    ("The U.S. president spoke.", "en", "Amerika Birleşik Devleti başkanı konuştu.", "tr", []),
    ("ABD'li yetkililer konuştu.", "tr", "American officials spoke.", "en", []),
    ("The White House said so.", "en", "Beyaz Saray söyledi.", "tr", []),
    ("Beyaz Sarayın açıklaması", "tr", "a statement by the White House", "en", []),
    ("DSÖ uyardı.", "tr", "The World Health Organization warned.", "en", []),
    ("Kızılay ve Kızılhaç", "tr", "the Red Crescent and the Red Cross", "en", []),
    ("ECB cut rates.", "en", "Avrupa Merkez Bankası faizi indirdi.", "tr", []),
    ("The Kadıköy Theatre Company closed.", "en", "KTC closed.", "en", []),
    ("KTC closed.", "en", "The Kadıköy Theatre Company closed.", "en", []),
]  # fmt: skip

NEAR_MISSES: list[Row] = [
    ("Moldova agreed.", "en", "Maldivler kabul etti.", "tr", ["Moldova"]),
    ("İran kabul etti.", "tr", "Iraq agreed.", "en", ["İran"]),
    ("Austria agreed.", "en", "Avustralya kabul etti.", "tr", ["Austria"]),
    ("Avustralya kabul etti.", "tr", "Austria agreed.", "en", ["Avustralya"]),
    ("Niger agreed.", "en", "Nijerya kabul etti.", "tr", ["Niger"]),
    ("Nijer kabul etti.", "tr", "Nigeria agreed.", "en", ["Nijer"]),
    ("Slovakya kabul etti.", "tr", "Slovenia agreed.", "en", ["Slovakya"]),
    ("Kongo kabul etti.", "tr", "Kosovo agreed.", "en", ["Kongo"]),
    ("Biden spoke.", "en", "Baden'de konuştu.", "tr", ["Biden"]),
    ("Kim konuştu, Kim Jong mu?", "tr", "Kimya dersi.", "tr", ["Kim", "Kim Jong"]),
    ("George won.", "en", "Georgia won.", "en", ["George"]),
    ("Martin came.", "en", "Martina came.", "en", ["Martin"]),
    ("Maria sang.", "en", "Mario sang.", "en", ["Maria"]),
    ("He met Kemal.", "en", "Cemal ile görüştü.", "tr", ["Kemal"]),
    ("He met Roberts.", "en", "He met Robert.", "en", ["Roberts"]),
    ("North Korea fired.", "en", "Güney Kore ateş etti.", "tr", ["North Korea"]),
    ("He is from Ireland.", "en", "Kuzey İrlanda'dan geliyor.", "tr", ["Ireland"]),
    ("Aid went to Mali.", "en", "mali yardım gitti", "tr", ["Mali"]),
    ("Osmanlı kuşattı.", "tr", "Osman besieged it.", "en", ["Osmanlı"]),
    ("The White House said so.", "en", "Kremlin söyledi.", "tr", ["White House"]),
    ("NATO said so.", "en", "BM söyledi.", "tr", ["NATO"]),
    ("The IMF said so.", "en", "IMC söyledi.", "tr", ["IMF"]),
    ("AB söyledi.", "tr", "The UN said so.", "en", ["AB"]),
    ("Angela Merkel spoke.", "en", "Emmanuel Macron spoke.", "en", ["Angela Merkel"]),
    ("Steve Witkoff spoke.", "en", "Witkoff konuştu.", "tr", ["Steve"]),
    ("Tom Cruise geldi.", "tr", "Penelope Cruz came.", "en", ["Tom Cruise"]),
    ("Selin geldi.", "tr", "sel geldi.", "tr", ["Selin"]),
    ("Iron from İzmir", "en", "Demir Aydın'dan", "tr", ["İzmir"]),
    ("PUTIN ASTANA'DA KONUŞTU", "tr", "Putin konuştu.", "tr", ["ASTANA"]),
    ("Charles V abdicated.", "en", "Charles IV abdicated.", "en", ["Charles V"]),
]  # fmt: skip

NO_NAMES: dict[Language, tuple[str, ...]] = {
    "en": (
        "The war goes on.", "According to them it failed.", "Envoys met.", "Talks are held.", "I agree, I said.",
        "On Monday and in May it rained.", "The President met the Prime Minister.", "Chapters XIV and II",
        "The University and the Central Bank", "Nobody knows.", "Nevertheless it rained. However, it stopped.",
        "Auditors came.", "She said: “Tenants pay.”", "Two days later, in December 2025, 20 Euros were paid.",
        "Dr. and Mrs. came.", "THE TALKS GO ON", "the talks go on",
    ),
    "tr": (
        "Görüşmeler sürüyor.", "Temsilciler geldi.", "Bu iyi.", "Dışişleri Bakanlığı'nın açıklaması",
        "Cumhurbaşkanı konuştu.", "Pazartesi günü ve Mayıs ayında yağdı.", "Üniversitesi'nde", "XIX. yüzyılda",
        "Müzakerelerin merkezi orası.", "Oysa yağmur yağdı. Üstelik rüzgâr da vardı.", "Belediye Başkanı'na göre",
        "“Kimse gelmedi” dedi.", "Hatırlatmakta fayda var.", "Görüşme sırasında konuştu.",
        "7,4 kilometrelik güzergâhta dokuz durak bulunuyor.", "GÖRÜŞMELER SÜRÜYOR",
    ),
}  # fmt: skip

ALONE: list[tuple[str, Language]] = [
    ("Kazakhstan", "en"), ("Zelenskyy", "en"), ("Apple", "en"), ("Putin", "en"), ("Trump", "en"), ("Moscow", "en"),
    ("Witkoff", "en"), ("Kushner", "en"), ("Moskova", "tr"), ("Rus", "tr"), ("Türk", "tr"), ("NATO", "tr"),
    ("ABD", "tr"), ("Putin", "tr"), ("Zelenskiy", "tr"), ("İsviçreli", "tr"),
]  # fmt: skip

# Claims on the shipped article, which is in Turkish.
ON_THE_ARTICLE: list[tuple[str, Language, list[str]]] = [
    ("Zelenskyy and Putin might meet in Moscow.", "en", []),
    ("Zelenskyy and Putin might meet in Kazakhstan.", "en", []),
    ("President Kassym-Jomart Tokayev spoke with Donald Trump on the telephone.", "en", []),
    ("Envoys of the US and Russia met on December 20 and 21.", "en", []),
    ("A Ukrainian delegation discussed the plan with American and European partners.", "en", []),
    ("Kyiv approved of Washington's initiative.", "en", []),
    ("Astana is ready to host the talks, according to the President's press service.", "en", []),
    ("Volodymyr Zelensky rejected coming to Moscow.", "en", []),
    ("Kazakistan Cumhurbaşkanı Tokayev, Trump'ı övdü.", "tr", []),
    ("Zelenskiy Moskova'ya gitmeyi reddetti.", "tr", []),
    ("Amerikalılar ve Ruslar 20 Aralık'ta görüştü.", "tr", []),
    ("They might meet in Istanbul.", "en", ["Istanbul"]),
    ("Witkoff and Kushner met Putin in Moscow.", "en", ["Witkoff", "Kushner"]),
    ("Erdoğan, Putin ile Ankara'da görüştü.", "tr", ["Erdoğan", "Ankara"]),
    ("The EU and China support the plan.", "en", ["EU", "China"]),
    ("Dmitri Peskov said so.", "en", ["Dmitri Peskov"]),
    ("Özbekistan arabulucu oldu.", "tr", ["Özbekistan"]),
]


@pytest.fixture(scope="module")
def names(embedder: Embedder) -> Names:
    return Names(embedder.piece_scores())


def test_there_are_rows_enough() -> None:
    assert len(TRUE_MATCHES) + len(NEAR_MISSES) >= 80


@pytest.mark.parametrize(("claim", "language", "evidence", "other", "expected"), TRUE_MATCHES + NEAR_MISSES)
def test_names(
    names: Names, claim: str, language: Language, evidence: str, other: Language, expected: list[str]
) -> None:
    assert names.unsupported(claim, language, [(evidence, other)]) == expected


@pytest.mark.parametrize(("claim", "language"), [(claim, each) for each in NO_NAMES for claim in NO_NAMES[each]])
def test_words_with_a_capital_are_not_all_names(names: Names, claim: str, language: Language) -> None:
    assert names.unsupported(claim, language, []) == []


@pytest.mark.parametrize(("name", "language"), ALONE)
def test_names_are_seen_wherever_they_stand(names: Names, name: str, language: Language) -> None:
    behind, before = ("said so.", "It was") if language == "en" else ("söyledi.", "bunu söyleyen")
    assert names.unsupported(f"{name} {behind}", language, []) == [name]
    assert names.unsupported(f"{before} {name}.", language, []) == [name]


@pytest.mark.parametrize(("claim", "language", "expected"), ON_THE_ARTICLE)
def test_claims_on_the_shipped_article(names: Names, claim: str, language: Language, expected: list[str]) -> None:
    (article,) = seed_articles()
    assert names.unsupported(claim, language, [(article.text, "tr")]) == expected


def test_a_quote_supports_what_it_says_and_no_more(names: Names) -> None:
    quote = "Putin, Zelenskiy'nin toplantı için Moskova'ya gelmesi gerektiğini söyledi."
    assert names.unsupported("Zelenskyy and Putin might meet in Moscow.", "en", [(quote, "tr")]) == []
    assert names.unsupported("Zelenskyy and Putin might meet in Astana.", "en", [(quote, "tr")]) == ["Astana"]


def test_every_text_of_the_evidence_counts(names: Names) -> None:
    evidence: list[tuple[str, Language]] = [("Putin konuştu.", "tr"), ("Kyiv agreed.", "en")]
    assert names.unsupported("Putin was in Kiev and Astana.", "en", evidence) == ["Astana"]


def test_without_a_vocabulary_the_table_and_capitals_inside_a_sentence_count() -> None:
    bare = Names({})
    assert bare.unsupported("The envoys met in Moscow with Witkoff.", "en", []) == ["Moscow", "Witkoff"]
    assert bare.unsupported("Moskova'da Witkoff konuştu.", "tr", []) == ["Moskova", "Witkoff"]


def test_names_are_returned_as_they_are_written(names: Names) -> None:
    assert names.unsupported("Ali, ‘İzmir’li Zoë O’Brien ile.", "tr", []) == ["Ali", "İzmir", "Zoë O’Brien"]


def test_a_sentence_takes_milliseconds(names: Names) -> None:
    (article,) = seed_articles()
    evidence: list[tuple[str, Language]] = [(article.text, "tr")] * 5
    claims = [f"Witkoff met Putin, Tokayev and {name} in Astana." for name in ("Kushner", "Lavrov", "Rubio", "Umerov")]
    names.unsupported("Putin", "en", evidence)
    start = time.perf_counter()
    for claim in claims:
        names.unsupported(claim, "en", evidence)
    assert (time.perf_counter() - start) / len(claims) < 0.05  # a twentieth of that when nothing else runs


# --- any text ---------------------------------------------------------------------------------------

WORDS = st.text(st.sampled_from("aâbcçdefgğhıijklmnoöpqrsştuüvwxyz'’-"), min_size=1, max_size=10)
TEXTS = st.lists(st.builds(lambda word, capital: word.title() if capital else word, WORDS, st.booleans()), max_size=8)
LANGUAGE = st.sampled_from(["tr", "en"])


@settings(deadline=None, max_examples=300)
@given(words=TEXTS, language=LANGUAGE, around=TEXTS)
def test_what_is_taken_from_the_evidence_is_supported(
    names: Names, words: list[str], language: Language, around: list[str]
) -> None:
    claim = " ".join(words)
    evidence = f"{' '.join(around)}. {claim}. {' '.join(around)}"
    assert names.unsupported(claim, language, [(evidence, language)]) == []


@settings(deadline=None, max_examples=200)
@given(data=st.data(), language=LANGUAGE)
def test_every_name_of_the_article_is_supported_by_it(names: Names, data: st.DataObject, language: Language) -> None:
    (article,) = seed_articles()
    words = article.text.split()
    start = data.draw(st.integers(0, len(words) - 1))
    claim = " ".join(words[start : start + data.draw(st.integers(1, 12))])
    assert names.unsupported(claim, "tr", [(article.text, "tr")]) == []


@settings(deadline=None, max_examples=300)
@given(claim=st.text(max_size=120), evidence=st.text(max_size=120), language=LANGUAGE, other=LANGUAGE)
def test_no_text_is_refused(names: Names, claim: str, evidence: str, language: Language, other: Language) -> None:
    found = names.unsupported(claim, language, [(evidence, other)])
    assert all(name in claim for name in found)
    assert names.unsupported(claim, language, [(evidence, other)]) == found


# --- the table --------------------------------------------------------------------------------------


def _lines(kind: str) -> list[list[str]]:
    """The lines of the table that open with "+", with "-", or with neither."""
    text = resources.files("bot").joinpath("data/names.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    marked = [line for line in lines if (line[0] if line[0] in "+-" else "") == kind]
    return [[form.strip() for form in line.lstrip("+-").split(",")] for line in marked]


def test_no_form_is_empty() -> None:
    for kind in ("", "+", "-"):
        for line in _lines(kind):
            assert all(tokens(form.lstrip("*~")) for form in line), line


def test_every_group_has_two_forms_at_least() -> None:
    for line in _lines(""):
        assert len({form.lstrip("*~") for form in line}) >= 2, line
        assert len(line) == len(set(line)), line


def test_only_marked_forms_are_in_two_groups() -> None:
    forms = Counter(
        tuple(token.text for token in tokens(form.lstrip("~")))
        for line in _lines("")
        for form in {fold(form): form for form in line}.values()
        if not form.startswith("*")
    )
    assert [form for form, count in forms.items() if count > 1] == []


def test_a_word_is_not_both_a_name_and_none() -> None:
    names = {fold(form) for line in _lines("+") for form in line}
    nouns = {fold(form) for line in _lines("-") for form in line}
    assert names & nouns == set()
