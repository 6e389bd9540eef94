"""What can go wrong in answering; part of the family of :class:`~index.errors.HaberciError`."""

from __future__ import annotations

from typing import ClassVar

from index.errors import HaberciError


class ReaderFileError(HaberciError):
    """The reader's file is not there, or not what it should be."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The reader {path} cannot be used: {reason}. Install Haberci again, or set HABERCI_READER to a reader's "
        "file or to 'off'.",
        "tr": "{path} okuyucusu kullanılamıyor: {reason_tr}. Haberci'yi yeniden kurun ya da HABERCI_READER ayarına bir "
        "okuyucu dosyası veya 'off' yazın.",
    }

    def __init__(self, *, path: object, reason: str, reason_tr: str | None = None) -> None:
        super().__init__(path=path, reason=reason, reason_tr=reason_tr or reason)
