"""Whether a clause says that something is so or that it is not: "accepted" against "kabul etmedi" and "reddetti".

An embedding model hardly tells the two apart. What is looked for are the words and verb endings that deny, and verbs
that mean a refusal; a denied refusal affirms.
"""

from __future__ import annotations

import itertools
import re

from index import Language
from index.text import fold, tokens

_MIN_WORDS_IN_A_CLAUSE = 3

_CONJUNCTIONS = "ve|ama|fakat|ancak|oysa|cunku|lakin|and|but|while|whereas|although|though|however|because|yet"
_CLAUSE_ENDS = re.compile(rf"[,;:.!?()\[\]\"]|\s[-]+\s|(?<=\s)(?:{_CONJUNCTIONS})(?=\s)")

_TR_DENYING = """
    degil degildi degildir yok yoktu yoktur hic hicbir asla olmaksizin belirsiz belirsizdi belirsizligini imkansiz
    imkansizdi supheli kesinlesmedi
"""
_EN_DENYING = """
    not no never none nobody nothing neither nor without nowhere hardly unable cannot cant dont doesnt didnt isnt arent
    wasnt werent wont wouldnt couldnt shouldnt hasnt havent hadnt uncertain unclear unknown undecided
    unlikely impossible
"""
_DENYING_WORDS: dict[Language, frozenset[str]] = {
    "tr": frozenset(_TR_DENYING.split()),
    "en": frozenset(_EN_DENYING.split()),
}
# The negated forms of a Turkish verb, folded: gelmiyor, gelmedi, gelmediği, gelmemiş, gelmeyecek, gelmez, gelmeyen,
# gelmemek, gelmemesi. What ends in -meden is left out: it is "without" and "before", and of nouns "from the".
_NEGATED_VERB = re.compile(
    r"[a-z]{2,}(?:m[iu]yor|m[ae]d[iu](?:g[iu]|k|m|n|l[ae]r|ys)?|m[ae]m[iu]s|m[ae]y[ae]c[ae][gk]|"
    r"m[ae]z(?:d[iu]|s[ae]|l[ae]r|l[iu][kg]|ken|m[iu]s|\Z)|m[ae]y[ae]n|m[ae]m[ae](?:k|s[iu]|y[iae]))[a-z]*"
)
_NO_NEGATED_VERB = re.compile(
    r"(?:namaz|komedi|emiyor|gomuyor|yumuyor|temmuz|elmaz|maaz|almaz|mahmedi|ahmedi|mehmedi|muhammedi|akademi|epidemi|"
    r"pandemi|hamaz)[a-z]*|[a-z]*(?:ermeni|almany)[a-z]*"
)
_NO_DENIAL = re.compile(r"\byok (?:et|ed|ol)")
_REFUSING: dict[Language, re.Pattern[str]] = {
    "tr": re.compile(r"(?:redde|reddi|yalanla|geri cevir|karsi cik|veto e|geri cekil)[a-z]*"),
    "en": re.compile(
        r"(?:refus(?:e|al|ing)|reject|den(?:y|ies|ied|ial)|rebuff|oppos(?:e|ing|ition)|dismiss(?!al of)|veto|"
        r"(?:turn(?:s|ed)?|turning) down|declin(?:e|es|ed|ing) to|fail(?:s|ed|ing|ure)? to)[a-z]*"
    ),
}


def is_negative(clause: str, language: Language) -> bool:
    """Whether a clause denies: it has a negation or a refusal, but not both."""
    folded = fold(clause)
    words = [token.text for token in tokens(clause)]
    # "yok etti" is "destroyed".
    denies = any(word in _DENYING_WORDS[language] for word in words if not _NO_DENIAL.search(folded) or word != "yok")
    if language == "tr":
        denies = denies or any(_NEGATED_VERB.fullmatch(word) and not _NO_NEGATED_VERB.fullmatch(word) for word in words)
    refuses = bool(re.search(rf"\b(?:{_REFUSING[language].pattern})", folded))
    return denies != refuses


def clauses(text: str) -> list[str]:
    """A text in clauses, cut at punctuation and conjunctions; one of fewer than three words belongs to its
    neighbour."""
    folded = fold(text)
    edges = [0, *(found.start() for found in _CLAUSE_ENDS.finditer(folded)), len(text)]
    found: list[str] = []
    open_piece = ""
    for start, end in itertools.pairwise(edges):
        open_piece += text[start:end]
        if len(tokens(open_piece)) >= _MIN_WORDS_IN_A_CLAUSE:
            found.append(open_piece.strip())
            open_piece = ""
    if open_piece.strip():
        if found:
            found[-1] += open_piece
        else:
            found.append(open_piece.strip())
    return found
