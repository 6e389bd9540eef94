"""Bytes to text, for documents in Turkish or English: the encoding is found, never guessed into mojibake.

A byte-order mark decides, then UTF-8 if all bytes are, then what the document declares, then the one-byte encodings
of Turkish. What a one-byte encoding gives must look like Turkish or English; ``docs/sources.md`` has the order.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from index.sources.documents.document import DocumentError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# Windows and ISO, DOS, old Macintosh. Of two that fit alike the first is taken.
_TURKISH_ENCODINGS = ("cp1254", "cp1252", "cp857", "mac-turkish")
# What a declaration may name; Python has stranger text encodings, some of which make half characters.
_DECLARABLE = re.compile(r"(?:iso8859|cp\d|mac-|koi8|gb|big5|euc|shift_jis|iso2022|johab|hz$|tis-620)")
# Of these the one that is declared is often not the one that is meant: browsers mix them up themselves.
_LATIN = re.compile(r"iso8859-(?:1|3|9|15)$|cp125[24]$|cp437$|cp85[0278]$|mac-(?:turkish|roman)$")

_DECLARATION_BYTES = 4096
_DECLARATION = re.compile(
    rb"""<meta\b[^>]{0,200}?\bcharset\s*=\s*["']?\s*([\w.:-]{1,40})|\A\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})""",
    re.IGNORECASE,
)
# DOS and Macintosh files are so rare that they must look better by several letters, not as well.
RARE_ENCODING_PENALTY = 3.0
_LOOKED_AT_CHARS = 1_000_000
# One byte in a thousand may be damaged in a page; browsers show a mark there, and mostly it is beside the article.
_MAX_DAMAGED_SHARE = 0.001

_TURKISH = re.compile("[çğıöşüâîûÇĞİÖŞÜÂÎÛ]")
_WESTERN = re.compile("[àáãäåæèéêëìíïñòóôõøùúýþðÿœšžßÀÁÃÄÅÆÈÉÊËÌÍÏÑÒÓÔÕØÙÚÝÞÐŸŒŠŽ]")
_MARKS = re.compile("[\u00a0\u00ad“”„‘’‚«»‹›…–—•·°€£§©®™´¨½¼¾²³¹ºª×÷±µ¡¿¶†‡]")
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_LETTER = re.compile(r"[^\W\d_]")
# Not so written in either language: a capital after a small letter; a sign between two letters, but for dashes, an
# apostrophe and what may precede an ending ("Haber”in"); a sign that opens after a letter, or stands for one before it.
_ODD = re.compile(
    "(?<=[a-zçğıöşü])[ÇĞİÖŞÜÂÎÛÀÁÃÄÅÆÈÉÊËÌÍÏÑÒÓÔÕØÙÚÝÞÐŸŒŠŽ]"
    "|(?<=[A-Za-zçğıöşü])[^\x00-\x7f\\w’‘´”\u00ad\u00a0…–—](?=[A-Za-zçğıöşü])"
    "|(?<=[A-Za-zçğıöşü])[„‚«‹§€£¦‡¡¿ƒ]|[€£‡†§¦™®¨˜ˆ›](?=[A-Za-zçğıöşü])|[ŸŒ¦ƒ˜ˆ]|(?<![\\w’”])[ûô](?!\\w)"
)
_CLOSED_IN_WORD = re.compile("(?<=[A-Za-zçğıöşü])”(?=[A-Za-zçğıöşü])")
_MIXED_SCRIPTS = re.compile("[A-Za-z][\u0370-\u05ff]|[\u0370-\u05ff][A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f-\x84\x86-\x9f]")


def decode(data: bytes, charset: str | None = None, *, markup: bool = False) -> str:
    """The text of ``data``. ``charset`` is the name that its sender gives, such as an HTTP header.

    With ``markup`` some damaged bytes, as pages have them, become U+FFFD. Raises
    :class:`~index.sources.documents.DocumentError` when no encoding gives a text.
    """
    for mark, encoding, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode_marked(data, encoding, name)
    if b"\x00" in data:
        return _decode_wide(data)
    if _is_binary(data):
        raise not_text()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        first_bad = error.start
    names = (charset, *_declared(data))
    found = _decode_one_byte(data, [known for name in names if name and (known := _known(name))])
    if found is None and markup:
        found = _decode_damaged(data)
    if found is not None:
        return found
    raise DocumentError(
        f"byte {first_bad} is not UTF-8; save the file as UTF-8",
        f"{first_bad}. bayt UTF-8 değil; dosyayı UTF-8 olarak kaydedin",
    )


def not_text() -> DocumentError:
    return DocumentError("it is not a text file", "bu bir metin dosyası değil")


def _decode_marked(data: bytes, encoding: str, name: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"byte {error.start} is not {name}; save the file as UTF-8",
            f"{error.start}. bayt {name} değil; dosyayı UTF-8 olarak kaydedin",
        ) from error
    if "\x00" in text or (name != "UTF-8" and not _is_mostly_latin(text)):
        raise not_text()
    return text


def _decode_wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without its mark: nearly every Latin letter has a zero byte."""
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        usual = sum(map(str.isascii, text)) + len(_TURKISH.findall(text)) + len(_MARKS.findall(text))
        if 5 * usual >= 4 * len(text) and not _CONTROL.search(text):
            return text
    raise not_text()


def _is_mostly_latin(text: str) -> bool:
    """Almost any bytes can be read as UTF-16, as letters of every script at once; Turkish and English are Latin."""
    letters: list[str] = _LETTER.findall(text)
    return 2 * sum(character < "\u0250" for character in letters) >= len(letters)


def _declared(data: bytes) -> list[str]:
    """The encodings that a page or an XML file names in its first lines."""
    found = _DECLARATION.findall(data[:_DECLARATION_BYTES])
    return [(meta or xml).decode("ascii", "replace") for meta, xml in found]


def _known(name: str) -> str | None:
    try:
        encoding = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):  # ValueError: a zero byte in the name
        return None
    return encoding if _DECLARABLE.match(encoding) else None


def _decode_one_byte(data: bytes, declared: list[str]) -> str | None:
    """What is declared, unless the text is Turkish beyond doubt in another encoding; None when nothing fits."""
    looks = []
    for encoding in dict.fromkeys([*_TURKISH_ENCODINGS, *filter(_LATIN.match, declared)]):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        look = _look(text[:_LOOKED_AT_CHARS])
        if look.is_plausible or (encoding in declared and look.is_clean):
            rare = encoding not in (*_TURKISH_ENCODINGS[:2], *declared)
            looks.append((look.score - rare * RARE_ENCODING_PENALTY, look, text))
    best = max(looks, key=lambda each: each[0], default=None)
    if best is None or not best[1].is_surely_turkish:
        for encoding in declared:
            other = _decode_other(data, encoding)
            if other is not None:
                return other
    return best[2] if best else None


def _decode_other(data: bytes, encoding: str) -> str | None:
    """Declared encodings of other scripts: believed unless it makes words of two scripts or control characters."""
    if _LATIN.match(encoding):
        return None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    mixed = len(_MIXED_SCRIPTS.findall(text))
    return None if _CONTROL.search(text) or 20 * mixed > len(_NON_ASCII.findall(text)) else text


def _decode_damaged(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    return text if text.count("\ufffd") <= _MAX_DAMAGED_SHARE * len(text) else None


def _is_binary(data: bytes) -> bool:
    head = data[:_DECLARATION_BYTES]
    controls = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)
    return 50 * controls > len(head)


@dataclass(frozen=True, slots=True)
class _Look:
    """How much what was decoded looks like Turkish or English, by its characters beyond ASCII."""

    turkish: int
    western: int
    marks: int
    strange: int
    letters: int

    @property
    def score(self) -> float:
        return self.turkish + 0.5 * self.marks + 0.3 * self.western - 3.0 * self.strange

    @property
    def is_clean(self) -> bool:
        return 30 * self.strange <= self.turkish + self.western + self.marks + self.strange

    @property
    def is_plausible(self) -> bool:
        """Other languages' letters come in names; where most words have one, the text is in another encoding."""
        return self.is_clean and (10 * self.western <= self.letters or self.western <= 2)

    @property
    def is_surely_turkish(self) -> bool:
        return self.turkish >= 3 and not self.western and not self.strange


def _look(text: str) -> _Look:
    beyond_ascii = len(_NON_ASCII.findall(text))
    turkish, western, marks = (len(kind.findall(text)) for kind in (_TURKISH, _WESTERN, _MARKS))
    strange = beyond_ascii - turkish - western - marks + len(_ODD.findall(text)) + len(_CONTROL.findall(text))
    if "“" not in text and "„" not in text:
        strange += len(_CLOSED_IN_WORD.findall(text))
    return _Look(turkish, western, marks, strange, len(_LETTER.findall(text)))
