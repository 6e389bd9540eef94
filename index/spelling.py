"""Questions as they would have been typed with care: Turkish letters restored, capitals lowered.

On a phone many people type Turkish without its letters ("baris planini ne zaman sundu"), and some in capitals.
Lexical search folds both away, but an embedding model reads other words: recall@1 in a mixed library falls from
.82 to .74 and .69 (docs/retrieval.md). What letters were meant is looked up in the model's own vocabulary, a
unigram language model (Kudo 2018): of all ways to put the marks back, a word takes the one whose pieces are the
most likely and whose vowels are in harmony.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from index.text import MARK, fold
from index.types import Language

# In natural-log units: what a break of vowel harmony costs, what a restored letter is worth (the vocabulary is of
# a hundred languages, most of them without these letters), what a word costs that is common only with a capital.
# Chosen on the words of XQuAD's development questions: .91 come out right, .59 when left alone; on TQuAD's .86.
_DISHARMONY, _LETTER, _CAPITAL = 3.0, 0.5, 1.0
_LONGEST_PIECE, _LONGEST_WORD, _LONGEST_QUESTION = 16, 32, 600
# More, as 256 and 64, come out right no more often.
_MAX_VARIANTS, _KEPT_VARIANTS = 64, 16
_UNKNOWN = -30.0

_VARIANTS = {"c": "cç", "g": "gğ", "i": "iı", "o": "oö", "s": "sş", "u": "uü"}
_TURKISH_LETTERS = re.compile(r"[çğıöşüÇĞİÖŞÜ]|[cgsouCGSOUIi][\u0306-\u0308\u0327]")
_WORD = re.compile(rf"(?<![^\W_])[^\W\d_](?:[^\W\d_]|{MARK})*")
_BACK, _FRONT = frozenset("aıou"), frozenset("eiöü")
# mi, midir, misin, miydi, muymuş ...: by itself it has no vowel to be in harmony with.
_PARTICLE = re.compile(r"m[iu](?:d[iu]r|s[iu]n(?:[iu]z)?|y[iu][mz]|yd[iu]|ym[iu]s)?")
_WORD_START = "▁"


class SpellingRestorer:
    """Restores questions. ``scores`` maps a tokenizer's pieces to their log-probabilities ("▁" opens a word)."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self._scores = scores
        self._restore_word: Callable[[str], str] = lru_cache(maxsize=4096)(self._most_likely)

    def restore(self, question: str, language: Language | None) -> str:
        """The question as the model should read it; unchanged when it needs nothing.

        Capitals are lowered when there is nothing else, Turkish ones by Turkish rules. Letters are restored in
        a Turkish question that has none of ç ğ ı ö ş ü, which with care typed would be rare; in a very long one, which
        would take seconds, they are not.
        """
        if question.isupper() and len(question.split()) > 1:
            question = _lower(question, language)
        is_plain = len(question) <= _LONGEST_QUESTION and not _TURKISH_LETTERS.search(question)
        if not self._scores or language != "tr" or not is_plain:
            return question
        before = ""

        def restored(match: re.Match[str]) -> str:
            nonlocal before
            word = match.group()
            before = _in_harmony(word, before) if before and _PARTICLE.fullmatch(word) else self._with_letters(word)
            return before

        return _WORD.sub(restored, question)

    def _with_letters(self, word: str) -> str:
        if len(word) > _LONGEST_WORD:
            return word
        restored = self._restore_word(fold(word).replace(MARK, ""))
        if len(restored) != len(word):
            return word
        # Only what was restored changes: a capital stays one.
        return "".join(
            each if fold(each) == new else new.replace("i", "İ").upper() if each.isupper() else new
            for each, new in zip(word, restored, strict=True)
        )

    def _most_likely(self, word: str) -> str:
        return max(self._variants(word), key=self._score)

    def _score(self, word: str) -> float:
        capital = word[:1].replace("i", "İ").upper() + word[1:]
        likelihood = max(self._likelihood(word), self._likelihood(capital) - _CAPITAL)
        return likelihood - _DISHARMONY * _breaks(word) + _LETTER * len(_TURKISH_LETTERS.findall(word))

    def _variants(self, word: str) -> list[str]:
        """All ways to put marks on ``word``, the plain one first; of very many, the more likely beginnings only."""
        found = [""]
        for letter in word:
            found = [start + each for start, each in itertools.product(found, _VARIANTS.get(letter, letter))]
            if len(found) > _MAX_VARIANTS:
                found = sorted(found, key=self._score, reverse=True)[:_KEPT_VARIANTS]
        return found

    def _likelihood(self, word: str) -> float:
        """Log-probability of the best way to cut ``word`` into pieces (Viterbi)."""
        text = _WORD_START + word
        best = [0.0] + [-float("inf")] * len(text)
        for start in range(len(text)):
            for end in range(start + 1, min(len(text), start + _LONGEST_PIECE) + 1):
                score = self._scores.get(text[start:end], _UNKNOWN if end == start + 1 else None)
                if score is not None:
                    best[end] = max(best[end], best[start] + score)
        return best[-1]


def _breaks(word: str) -> int:
    """How often a front vowel follows a back one or the other way round; the o of -yor follows any."""
    word = word.replace("yor", "yr")
    vowels = [letter in _BACK for letter in word if letter in _BACK or letter in _FRONT]
    return sum(one != next_one for one, next_one in itertools.pairwise(vowels))


def _in_harmony(particle: str, before: str) -> str:
    """The particle that asks, with the vowels that the word before it calls for."""
    last = next((letter for letter in reversed(before.lower()) if letter in _BACK or letter in _FRONT), "")
    return particle.replace("i", "ı") if last in _BACK else particle.replace("u", "ü")


def _lower(question: str, language: Language | None) -> str:
    if language == "tr":
        question = question.replace("İ", "i").replace("I", "ı") if _TURKISH_LETTERS.search(question) else fold(question)
    return question.lower()
