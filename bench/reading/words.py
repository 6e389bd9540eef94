"""Comparing answers word by word, and scores pair by pair."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np

from index.text import fold


def tokens(text: str) -> list[str]:
    return re.findall(r"\w+", fold(unicodedata.normalize("NFC", text)))


def token_f1(words: str, answer: str) -> float:
    """F1 of the words, case and diacritics folded."""
    have, want = Counter(tokens(words)), Counter(tokens(answer))
    shared = sum((have & want).values())
    return 2 * shared / (have.total() + want.total()) if shared else 0.0


def token_recall(words: str, answer: str) -> float:
    """The share of the answer's words that ``words`` hold, case and diacritics folded."""
    have, want = Counter(tokens(words)), Counter(tokens(answer))
    return (have & want).total() / max(1, want.total())


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The share of pairs of which the positive one scores higher; half of those that tie."""
    above, below = np.array(positive)[:, None], np.array(negative)[None, :]
    return float((above > below).mean() + (above == below).mean() / 2)
