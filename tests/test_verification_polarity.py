"""Denials are told from affirmations, in both languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.verification.polarity import clauses, is_negative
from index import Language

AFFIRMING = [
    ("tr", "Zelenskiy teklifi kabul etti."), ("tr", "Başkan görüşmenin zamanını açıkladı."),
    ("tr", "Temmuzda namaz kıldılar."), ("tr", "Komedi filmi beğenildi."), ("tr", "Planı reddetmedi."),
    ("tr", "Gelmeden önce haber verdi."), ("tr", "Almanya ve Ermenistan görüştü."),
    ("tr", "Görüşmenin ardından ayrıldı."),
    ("en", "Zelenskyy accepted the offer."), ("en", "He did not reject the plan."), ("en", "Notably, it rained."),
    ("en", "The dismissal of the case was expected."), ("en", "Nobel prizes were given."), ("en", ""),
]  # fmt: skip
DENYING = [
    ("tr", "Zelenskiy bu teklifi kabul etmedi."), ("tr", "Kremlin iddiaları yalanladı."),
    ("tr", "Moskova'nın önerisi uygun değil."), ("tr", "Toplantının yeri belirlenmemişti."),
    ("tr", "Öneriyi reddetti."), ("tr", "Anlaşma sağlanamıyor."), ("tr", "Ateşkes uzatılmayacak."),
    ("tr", "Sonuç alınamaz."), ("tr", "Hiçbir ilerleme yok."), ("tr", "Teklifi geri çevirdi."),
    ("tr", "teklifi kabul etmedigini soyledi"),
    ("en", "Zelenskyy refused the offer."), ("en", "The venue has not been decided."), ("en", "It isn't final."),
    ("en", "They turned down the invitation."), ("en", "No agreement was reached."), ("en", "He denied it."),
    ("en", "Talks failed to produce a deal."), ("en", "It ended without a result."),
]  # fmt: skip


@pytest.mark.parametrize(("language", "clause"), AFFIRMING)
def test_affirmations(language: Language, clause: str) -> None:
    assert not is_negative(clause, language)


@pytest.mark.parametrize(("language", "clause"), DENYING)
def test_denials(language: Language, clause: str) -> None:
    assert is_negative(clause, language)


def test_a_text_is_cut_into_clauses() -> None:
    text = "Putin Moskova'yı önerdi, ancak Zelenskiy bunu kabul etmedi ve Kazakistan ev sahipliği teklif etti."
    assert [is_negative(clause, "tr") for clause in clauses(text)] == [False, True, False]


def test_a_short_piece_belongs_to_its_neighbour() -> None:
    assert len(clauses("On Monday, in Moscow, they met again.")) == 2
    assert clauses("No.") == ["No."]
    assert clauses("") == []


@given(st.text(max_size=200))
def test_clauses_hold_every_word(text: str) -> None:
    assert "".join("".join(clauses(text)).split()) == "".join(text.split())
