"""Figures are read alike in both languages, and one that the evidence lacks is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.verification.figures import Figure, evidence_figures, figures, unsupported
from index import Language

# The same figure said in several ways: each supports every other.
SAME = [
    [("tr", "20-21 Aralık'ta"), ("en", "on December 20-21"), ("en", "on the 20th and 21st of December"),
     ("tr", "20. ve 21. Aralık günleri"), ("en", "December 20 and 21"), ("tr", "20 ile 21 Aralık"),
     ("tr", "20 Aralık'tan 21 Aralık'a")],
    [("tr", "21 Aralık 2025'te"), ("en", "on December 21, 2025"), ("en", "21 December 2025"), ("tr", "21.12.2025"),
     ("en", "2025-12-21")],
    [("tr", "Aralık 2025"), ("en", "in December 2025"), ("tr", "2025 yılının Aralık ayında"), ("tr", "2025 Aralık")],
    [("tr", "1,5 milyon kişi"), ("en", "1.5 million people"), ("en", "1,500,000 people"), ("tr", "1.500.000 kişi"),
     ("tr", "1 milyon 500 bin kişi"), ("tr", "bir buçuk milyon insan"), ("en", "one and a half million people")],
    [("tr", "yüzde 45"), ("en", "45%"), ("en", "45 percent"), ("en", "45 per cent"), ("tr", "%45"),
     ("tr", "yüzde kırk beş"), ("en", "forty-five percent")],
    [("tr", "5 milyon dolar"), ("en", "$5 million"), ("en", "5 million US dollars"), ("tr", "5 milyon ABD doları"),
     ("en", "five million dollars"), ("tr", "beş milyon dolarlık")],
    [("tr", "XIX. yüzyılda"), ("tr", "19. yüzyıl"), ("en", "the 19th century"), ("en", "the nineteenth century")],
    [("tr", "II. Dünya Savaşı"), ("en", "World War II"), ("en", "the Second World War"), ("tr", "İkinci Dünya Savaşı")],
    [("tr", "iki yüz yirmi beş"), ("en", "two hundred and twenty-five"), ("en", "225"), ("tr", "225'i")],
    [("tr", "binlerce kişi"), ("en", "thousands of people")],
    [("tr", "yüz binlerce elyazması"), ("en", "hundreds of thousands of manuscripts")],
    [("tr", "dörtte biri"), ("en", "a quarter of it"), ("tr", "çeyreği")],
    [("tr", "üçte ikisi"), ("en", "two-thirds"), ("en", "two thirds")],
    [("tr", "gece on birden sonra"), ("en", "after eleven at night")],
    [("tr", "on altısındayken"), ("en", "when just sixteen")],
    [("tr", "yılda iki kez"), ("en", "twice a year")],
    [("tr", "eylülde"), ("en", "in September"), ("tr", "Eylül ayında")],
    [("tr", "perşembe akşamları"), ("en", "on Thursday evenings")],
    [("tr", "90 dakikalık görüşme"), ("en", "a 90-minute meeting"), ("en", "ninety minutes")],
    [("tr", "saat 14.30'da"), ("en", "at 14:30")],
    [("tr", "1990'larda"), ("en", "in the 1990s")],
    [("tr", "Pazartesi günü"), ("en", "on Monday"), ("tr", "pazartesi günü")],
    [("tr", "yarısı"), ("en", "half of them")],
    [("tr", "üçüncü turda"), ("en", "in the third round"), ("tr", "3. turda"), ("en", "the 3rd round")],
    [("tr", "3,5 kilometre"), ("en", "3.5 kilometres"), ("en", "3.5 km")],
    [("tr", "45-50 milyon avro"), ("en", "45 to 50 million euros")],
]  # fmt: skip

DIFFERENT = [
    (("en", "45 %"), ("tr", "yüzde 12")),
    (("en", "12 people"), ("tr", "yüzde 12")),
    (("en", "12 percent"), ("tr", "12 kişi")),
    (("en", "5 million euros"), ("tr", "5 milyon dolar")),
    (("en", "$5 million"), ("tr", "5 milyon kişi")),
    (("en", "on November 23"), ("tr", "20-21 Aralık'ta")),
    (("en", "on December 22"), ("tr", "20-21 Aralık'ta")),
    (("en", "in December 2024"), ("tr", "Aralık 2025")),
    (("en", "1.5 billion"), ("tr", "1,5 milyon")),
    (("en", "three weeks"), ("tr", "üç gün")),
    (("en", "18 million people"), ("tr", "Kazakistan ev sahipliği teklif etti.")),
    (("en", "on Tuesday"), ("tr", "Pazartesi günü")),
    (("tr", "yirmi beş madde"), ("en", "a 20-point plan")),
    (("tr", "2014'te"), ("en", "in 2015")),
    (("en", "thousands of people"), ("tr", "yüzlerce kişi")),
    (("en", "the 18th century"), ("tr", "XIX. yüzyıl")),
]

NO_FIGURES = [
    ("en", "One of them may march on."),
    ("tr", "Bir yetkili onun altında bir şey olmadığını söyledi."),
    ("tr", "Aralık verilen görüşme, ona göre bitti."),
    ("en", "I am here."),
    ("tr", "Yüzünden okunuyordu; bindiği araç durdu."),
    ("tr", ""),
    ("tr", "Sağ ön lastik patladı."),
    ("tr", "Mallarını Batı Pazarı'nda satardı."),
    ("en", "She found it in a second-hand bookshop."),
]


def found(text: tuple[Language, str]) -> list[Figure]:
    return figures(text[1], text[0])


@pytest.mark.parametrize("ways", SAME, ids=lambda ways: ways[0][1])
def test_one_figure_has_many_spellings(ways: list[tuple[Language, str]]) -> None:
    for claim in ways:
        assert found(claim), claim
        for evidence in ways:
            assert unsupported(found(claim), evidence_figures([evidence[::-1]])) == [], (claim, evidence)


@pytest.mark.parametrize(("claim", "evidence"), DIFFERENT, ids=lambda text: text[1])
def test_another_figure_is_not_supported(claim: tuple[Language, str], evidence: tuple[Language, str]) -> None:
    assert unsupported(found(claim), found(evidence))


@pytest.mark.parametrize(("language", "text"), NO_FIGURES)
def test_ordinary_words_are_no_figures(language: Language, text: str) -> None:
    assert [text[f.start : f.end] for f in figures(text, language)] == []


def test_what_a_date_leaves_out_need_not_be_said() -> None:
    evidence = figures("Görüşme 21 Aralık 2025'te yapıldı.", "tr")
    for claim in ("in December", "on the 21st", "in 2025", "on 21 December", "in December 2025"):
        assert unsupported(figures(claim, "en"), evidence) == [], claim


def test_a_year_may_be_said_elsewhere_in_the_evidence() -> None:
    evidence = figures("2025 yılında sürdü. 21 Aralık'ta bitti.", "tr")
    assert unsupported(figures("It ended on December 21, 2025.", "en"), evidence) == []
    assert unsupported(figures("It ended on December 21, 2024.", "en"), evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [(("en", "two sides"), ("en", "both sides")), (("tr", "iki taraf"), ("en", "both sides")),
     (("en", "on Sunday"), ("tr", "pazar sabahı")), (("en", "on Friday"), ("tr", "cumadan itibaren")),
     (("en", "the three of them"), ("tr", "üçlü"))],
)  # fmt: skip
def test_in_doubt_the_evidence_has_it(claim: tuple[Language, str], evidence: tuple[Language, str]) -> None:
    assert unsupported(found(claim), evidence_figures([evidence[::-1]])) == []


def test_the_unsupported_figure_is_named_by_its_place() -> None:
    text = "They met on 20 December, and 18 million people watched."
    (missing,) = unsupported(figures(text, "en"), figures("20 Aralık'ta görüştüler.", "tr"))
    assert text[missing.start : missing.end] == "18 million people"


@given(st.text(max_size=200), st.sampled_from(["tr", "en"]))
def test_any_text_can_be_read_and_supports_itself(text: str, language: Language) -> None:
    own = figures(text, language)
    assert all(0 <= figure.start < figure.end <= len(text) for figure in own)
    assert unsupported(own, own) == []


@given(st.integers(0, 10**9), st.sampled_from(["tr", "en"]))
def test_numbers_in_groups_are_the_same_number(number: int, language: Language) -> None:
    grouped = f"{number:,}".replace(",", "." if language == "tr" else ",")
    assert unsupported(figures(f"about {grouped} of", language), figures(str(number), language)) == []
