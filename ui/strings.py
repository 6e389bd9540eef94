"""Every text the page shows, in English and in Turkish."""

from __future__ import annotations

from dataclasses import dataclass

from index import LANGUAGES, Language

DEFAULT_LANGUAGE: Language = "en"

TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "tagline": "Ask the news. Every answer shows the sentences it rests on.",
        "question_label": "Your question",
        "question_placeholder": "Ask in English or Turkish",
        "send": "Ask",
        "new_chat": "New chat",
        "chat_label": "Conversation",
        "panel_label": "Articles and evidence",
        "welcome_title": "What would you like to know?",
        "welcome_text": "The answer comes from the articles in your library, word for word, "
        "in whichever language they were written.",
        "examples_label": "For example",
        "you_asked": "You asked",
        "haberci_answered": "Haberci answered",
        "searching": "Reading the articles…",
        "loading": "Haberci is loading its model…",
        "loading_hint": "Only the first answer takes this long.",
        "evidence_one": "The passage it rests on",
        "evidence_many": "The {count} passages it rests on",
        "method_llm": "Written by a language model and checked against the quotes below.",
        "understood": "Understood as:",
        "show_quote": "Show quote {number}",
        "show_in_article": "Show in the article",
        "read_at_source": "Read at the source",
        "opens_new_tab": "opens in a new tab",
        "not_found_hint": "Try other words, or ask about something the articles in the library report.",
        "error_title": "That did not work",
        "error_unexpected": "Something went wrong inside Haberci; its log has the details. Please ask again.",
        "error_kept": "Your question is still in the box, ready to be changed.",
        "library_title": "In the library",
        "library_count_one": "1 article",
        "library_count_many": "{count} articles",
        "library_more": "and {count} more",
        "library_empty_title": "The library is empty",
        "library_empty_text": "Add articles from the terminal; they appear here by themselves:",
        "library_all": "All articles",
        "in_library_one": "1 article in the library",
        "in_library_many": "{count} articles in the library",
        "open_article_gone": "This article has left the library since you opened it.",
        "add_label": "Address of an article or feed",
        "add_placeholder": "https://example.org/news",
        "add_send": "Add",
        "add_waiting": "Waiting for its turn…",
        "add_fetching": "Fetching the address…",
        "add_reading": "Reading {done} of {total}…",
        "add_indexing": "Indexing…",
        "add_indexed": "Indexed {done} of {total}…",
        "add_added_one": "1 article was added:",
        "add_added_many": "{count} articles were added:",
        "add_changed_one": "1 article was brought up to date:",
        "add_changed_many": "{count} articles were brought up to date:",
        "add_known_one": "1 article is in the library already.",
        "add_known_many": "{count} articles are in the library already.",
        "add_failed_one": "1 address could not be read:",
        "add_failed_many": "{count} addresses could not be read:",
        "add_nothing": "There is nothing new at this address.",
        "add_refused": "Enter the address of a web page or of an RSS or Atom feed; it begins with http:// or https://.",
        "add_too_long": "The address has {length} characters; at most {limit} can be read.",
        "add_elsewhere": "Another web page has asked for this; articles can be added from this page only.",
        "add_unexpected": "Something went wrong inside Haberci; its log has the details. Please try again.",
        "back_to_chat": "Back to the chat",
        "cited_articles": "Cited articles",
        "article_language_tr": "in Turkish",
        "article_language_en": "in English",
        "marked_one": "1 passage marked",
        "marked_many": "{count} passages marked",
        "article_gone": "This article is no longer in the library. The quote was:",
        "article_changed": "This article has changed since the answer; the quote could not be marked. The quote was:",
        "untitled": "Untitled article",
    },
    "tr": {
        "tagline": "Haberlere sorun. Her yanıt, dayandığı cümleleri gösterir.",
        "question_label": "Sorunuz",
        "question_placeholder": "Türkçe ya da İngilizce sorun",
        "send": "Sor",
        "new_chat": "Yeni sohbet",
        "chat_label": "Sohbet",
        "panel_label": "Haberler ve kanıtlar",
        "welcome_title": "Ne öğrenmek istersiniz?",
        "welcome_text": "Yanıt, kitaplığınızdaki haberlerden kelimesi kelimesine gelir; "
        "haberin hangi dilde yazıldığı fark etmez.",
        "examples_label": "Örneğin",
        "you_asked": "Sorunuz",
        "haberci_answered": "Haberci'nin yanıtı",
        "searching": "Haberler okunuyor…",
        "loading": "Haberci modelini yüklüyor…",
        "loading_hint": "Yalnızca ilk yanıt bu kadar sürer.",
        "evidence_one": "Dayandığı bölüm",
        "evidence_many": "Dayandığı {count} bölüm",
        "method_llm": "Bir dil modeli yazdı, aşağıdaki alıntılarla karşılaştırıldı.",
        "understood": "Şöyle anlaşıldı:",
        "show_quote": "{number}. alıntıyı göster",
        "show_in_article": "Haberde göster",
        "read_at_source": "Kaynağında oku",
        "opens_new_tab": "yeni sekmede açılır",
        "not_found_hint": "Başka sözcüklerle deneyin ya da kitaplıktaki haberlerin anlattığı bir şeyi sorun.",
        "error_title": "Bu olmadı",
        "error_unexpected": "Haberci'de bir şeyler ters gitti; ayrıntılar günlüğünde. Lütfen yeniden sorun.",
        "error_kept": "Sorunuz kutuda duruyor, değiştirebilirsiniz.",
        "library_title": "Kitaplıkta",
        "library_count_one": "1 haber",
        "library_count_many": "{count} haber",
        "library_more": "ve {count} haber daha",
        "library_empty_title": "Kitaplık boş",
        "library_empty_text": "Terminalden haber ekleyin, burada kendiliğinden görünür:",
        "library_all": "Tüm haberler",
        "in_library_one": "Kitaplıkta 1 haber",
        "in_library_many": "Kitaplıkta {count} haber",
        "open_article_gone": "Bu haber siz açtıktan sonra kitaplıktan çıkarıldı.",
        "add_label": "Haber ya da akış adresi",
        "add_placeholder": "https://ornek.com/haber",
        "add_send": "Ekle",
        "add_waiting": "Sırasını bekliyor…",
        "add_fetching": "Adrese bakılıyor…",
        "add_reading": "Okunuyor: {done}/{total}…",
        "add_indexing": "Dizine alınıyor…",
        "add_indexed": "Dizine alındı: {done}/{total}…",
        "add_added_one": "1 haber eklendi:",
        "add_added_many": "{count} haber eklendi:",
        "add_changed_one": "1 haber güncellendi:",
        "add_changed_many": "{count} haber güncellendi:",
        "add_known_one": "1 haber zaten kitaplıkta.",
        "add_known_many": "{count} haber zaten kitaplıkta.",
        "add_failed_one": "1 adres okunamadı:",
        "add_failed_many": "{count} adres okunamadı:",
        "add_nothing": "Bu adreste yeni bir şey yok.",
        "add_refused": "Bir web sayfasının, RSS ya da Atom akışının adresini girin; http:// ya da https:// ile başlar.",
        "add_too_long": "Adres {length} karakter; en çok {limit} karakter okunabiliyor.",
        "add_elsewhere": "Bunu başka bir web sayfası istedi; haber yalnızca bu sayfadan eklenebilir.",
        "add_unexpected": "Haberci'de bir şeyler ters gitti; ayrıntılar günlüğünde. Lütfen yeniden deneyin.",
        "back_to_chat": "Sohbete dön",
        "cited_articles": "Alıntılanan haberler",
        "article_language_tr": "Türkçe",
        "article_language_en": "İngilizce",
        "marked_one": "1 bölüm işaretli",
        "marked_many": "{count} bölüm işaretli",
        "article_gone": "Bu haber artık kitaplıkta yok. Alıntı şuydu:",
        "article_changed": "Bu haber yanıttan sonra değişti; alıntı haberde işaretlenemedi. Alıntı şuydu:",
        "untitled": "Başlıksız haber",
    },
}


@dataclass(frozen=True, slots=True)
class Example:
    """A question to start with. It is offered while some article holds ``answered_by``."""

    question: str
    language: Language
    answered_by: str


EXAMPLES: tuple[Example, ...] = (
    Example("Putin ve Zelenskyy nerede buluşabilir?", "tr", "toplantı için Moskova'ya gelmesi gerektiğini"),
    Example("20-21 Aralık'ta kimler bir araya geldi?", "tr", "20-21 Aralık: ABD ve Rusya temsilcileri"),
    Example("Where might Putin and Zelenskyy meet?", "en", "toplantı için Moskova'ya gelmesi gerektiğini"),
    Example("When did the US submit the peace plan for Ukraine?", "en", "Ukrayna için barış planını sundu"),
)


def text(language: Language, key: str, **values: object) -> str:
    """The text called ``key`` in ``language``, its placeholders filled. KeyError when there is none."""
    return TEXTS[language][key].format(**values)


def count_text(language: Language, key: str, count: int) -> str:
    """The "_one" or "_many" form of ``key``. (Turkish nouns do not change after a number.)"""
    return text(language, f"{key}_{'one' if count == 1 else 'many'}", count=f"{count}")


def page_language(accept_language: str | None) -> Language:
    """The page's language for an ``Accept-Language`` header: the first of ours that the browser prefers."""
    choices = []
    for position, choice in enumerate((accept_language or "").split(",")):
        tag, _, parameters = choice.strip().partition(";")
        choices.append((-_quality(parameters), position, tag.strip().lower().split("-")[0]))
    for refused, _, primary in sorted(choices):
        for language in LANGUAGES:
            if primary == language and refused < 0:
                return language
    return DEFAULT_LANGUAGE


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
