"""Everything the chatbot says in its own words, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from index import Language

MONTHS: dict[Language, tuple[str, ...]] = {
    "tr": ("Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran",
           "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık"),
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
}  # fmt: skip

# By the question's language, then the article's; a frame says so when they differ.
FRAMES: dict[Language, dict[Language, str]] = {
    "tr": {"tr": "Makaleye göre:", "en": "Makaleye göre (İngilizce aslından):"},
    "en": {"en": "According to the article:", "tr": "According to the article (in its original Turkish):"},
}

FRAME_OF_SEVERAL: dict[Language, str] = {"tr": "Makalelere göre:", "en": "According to the articles:"}

NOT_FOUND: dict[Language, str] = {
    "tr": "Makaleler bu soruya yanıt vermiyor.",
    "en": "The articles don't say.",
}

EMPTY_LIBRARY: dict[Language, str] = {
    "tr": "Kitaplıkta henüz makale yok. Makale eklemek için: haberci index DOSYA|KLASÖR",
    "en": "There are no articles in the library yet. Add some with: haberci index FILE|FOLDER",
}

OTHER_LANGUAGE = "Please ask in Turkish or English. / Lütfen Türkçe ya da İngilizce sorun."

# Why an answer quotes although a language model is there, or why its answer is short.
LLM_NOTES: dict[str, dict[Language, str]] = {
    "late": {
        "tr": "Dil modeli yanıtını zamanında bitirmedi.",
        "en": "The language model did not finish its answer in time.",
    },
    "failed": {
        "tr": "Dil modeli yanıt veremedi.",
        "en": "The language model could not answer.",
    },
    "unsupported": {
        "tr": "Dil modelinin yazdığını alıntılar doğrulamadı; bu yüzden haberin kendi sözleri gösteriliyor.",
        "en": "The quotes did not support what the language model wrote, so these are the articles' own words.",
    },
    "withheld": {
        "tr": "Alıntılarda makineler için yazılmış sözler var; bu yüzden dil modeline sorulmadı.",
        "en": "The quotes hold words written for machines, so the language model was not asked.",
    },
    "unstated": {
        "tr": "Dil modeli bu alıntılarda bir yanıt bulamadı; alıntıları siz değerlendirin.",
        "en": "The language model found no answer in these quotes; judge for yourself.",
    },
}


def frame(language: Language, articles: Sequence[Language]) -> str:
    """What stands over quotes from ``articles`` (their languages, one each) in an answer in ``language``."""
    if len(articles) > 1:
        return FRAME_OF_SEVERAL[language]
    return FRAMES[language][articles[0]]


def format_date(day: date, language: Language) -> str:
    """``23 Aralık 2025`` or ``23 December 2025``."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def quote_marks(text: str) -> str:
    """``text`` in curly quotation marks; what it quotes itself keeps its own."""
    return f"“{text}”"
