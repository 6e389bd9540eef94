"""Texts of articles made by hypothesis, with what is easily lost or shifted, and checks on spans of them."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

PIECES = [
    "İstanbul'da IĞDIR'ın ılık günü sürdü.",
    "i̇ ile ı, I ile İ ayrıdır!",
    "The talks ended on Monday, the minister said.",
    "Prof. Dr. Ayşe Işık'ın e\u0301tude'u 3.5 milyon TL'ye mal oldu.",
    "He asked: “Where is the money? Nobody knows.”",
    "Kar yağdı… 🙂👍🏽 Yollar kapandı 👨\u200d👩\u200d👧.",
    "Çift  boşluk   burada. Sonu yok",
    "a\u0308o\u0308u\u0308 c\u0327 s\u0327 g\u0306 I\u0307.",
    "\u00a0Kırılmaz\u00a0boşluk.\u00a0",
    "Putin ve Zelenskyy: Toplantı nerede olacak?",
    "Ekonomi",
    "# Markdown başlığı",
    "### İkinci  başlık ###",
    "#",
    "- birinci madde",
    "• ikinci madde; sürer",
    "3) üçüncü madde",
    "20-21 Aralık: ABD ve Rusya temsilcileri bir araya geldi.",
    "12 %",
    "***",
    "...",
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 " * 6,
    "Kurul uzun süren görüşmelerin ardından yeni bütçeyi kabul etti ve tasarıyı hemen meclise gönderdi. Oylama salı.",
    "\ufeff",
    "\u200b",
    "\u034f\u0301",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ﬁ ﷺ ǅ ß",
    "x" * 300,
]
STARTS = ["", "", "", "\ufeff", " date 2025-12-23 ", "Tarih: 2024-02-29\r\n\r\n", "date 2025-99-99 ", "\r\n\t"]
GAPS = [
    " ",
    "  ",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\r\n\r\n",
    "\r\n \r\n",
    "\u2028",
    "\u2029",
    "\t",
    "\u00a0",
    "\n\n\n",
    "",
]


@st.composite
def article_texts(draw: st.DrawFn, max_pieces: int = 14) -> str:
    """A text that is not blank: lines as news has them, line breaks and spaces of all kinds, some noise."""
    noise = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    pieces = draw(
        st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(PIECES), noise), min_size=1, max_size=max_pieces)
    )
    text = draw(st.sampled_from(STARTS))
    for piece in pieces:
        text += piece + draw(st.sampled_from(GAPS))
    return text if text.strip() else text + "Haber."


def check_span(text: str, start: int, end: int) -> None:
    """``text[start:end]`` lies in the text, is not empty, and has no white space around it."""
    assert 0 <= start < end <= len(text)
    assert text[start:end] == text[start:end].strip()


def uncovered(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """What no span holds, without white space around it."""
    left, at = [], 0
    for start, end in sorted(spans):
        left.append(text[at : max(at, start)])
        at = max(at, end)
    return "".join([*left, text[at:]]).strip()
