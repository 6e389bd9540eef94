"""Text in an article that is written for a machine rather than for a reader ("prompt injection").

Such text is quoted like any other when it is evidence, for that is what the article says; but a language model is
not given it, and nothing that it writes may rest on it. These are signs, not proofs: what passes for news is left to
the verification, and a news sentence that speaks of prompts costs no more than a quote in place of a generated answer.
"""

from __future__ import annotations

import re
import unicodedata

from index.text import fold


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


# All of these are looked for in folded text.
_MACHINE = r"\b(?:ai|a\.i\.|llm|chatbots?|language models?|assistants?|yapay zeka\w*|dil model\w*|asistan\w*|bot)\b"
_ANSWER_EN, _ANSWER_TR = r"(?:answers?|replies|reply|questions?)", r"(?:yanit|cevap|soru)\w*"
_LANGUAGE_EN = r"(?:[a-z]+ only|french|german|spanish|russian|arabic|chinese|turkish|english)"
_LANGUAGE_TR = r"(?:ingilizce|turkce|almanca|fransizca|arapca|rusca|ispanyolca)"
# A machine is spoken to, or about how it should answer.
_ADDRESSED = _any(
    rf"{_MACHINE}[^.]{{0,80}}\b(?:must|should|shall|ignore|disregard|forget|answer|reply|respond|say|tell|write|report|"
    r"print|reveal|obey|notes?|notu|gormezden|yok say|dikkate|unut|(?:yanit|cevap|soyle|yaz|bildir|acikla|"
    r"oku)\w*)\b"
)
# Rules are taken back or laid down: for answers, for their language, for what the reader is told.
_ORDERING = _any(
    r"\b(?:ignore|disregard|forget|discard|overrides?)\b[^.]{0,60}\b(?:instructions?|rules?\b|prompts?|above|"
    r"everything|earlier (?:text|message|words))",
    r"\b(?:unut|yok say|gormezden gel|dikkate alma|gecersiz say)\w*[^.]{0,60}\b(?:talimat|kural|onceki|yukarida|"
    r"her sey|istem)",
    r"\b(?:instruction|rule|prompt)s?\b[^.]{0,60}\b(?:ignore|disregard|forget|override)",
    r"\b(?:talimat|kural|istem)\w*\b[^.]{0,60}\b(?:yok say|unut|gormezden|dikkate alma)",
    r"\b(?:system|hidden|gizli|sistem) (?:prompt|instructions?|istem\w*|talimat\w*)",
    r"\bapi[ _-]?key\b|\benvironment variables?\b|\bortam degisken",
    r"\bnew (?:task|instructions?)\b|\byeni (?:gorev|talimat)\b|\bbinding for\b",
    rf"\b(?:every|all) {_ANSWER_EN}\b[^.]{{0,60}}\b(?:must|is|be|with|given|say)\b",
    rf"\b(?:her|tum|butun) {_ANSWER_TR}\b[^.]{{0,60}}\b(?:ver|soyle\w*|olmali\w*|yaz\w*)\b",
    r"\b(?:tell|show|give) the (?:reader|user)s?\b",
    r"\b(?:okura|okuyucuya|kullaniciya)\b[^.]{0,40}\b(?:soyle|goster|yaz|bildir)",
    r"\b(?:in|begin|start|end) (?:your|the) (?:answer|reply|sentence)",
    r"\byanitin\w*\b[^.]{0,60}\b(?:soyle|yaz|ekle|kullan)",
    r"\byou are (?:no longer|now|an unrestricted)|\bartik (?:sen )?haberci degilsin",
    r"\b(?:right|correct) answer is\b|\bdogru (?:yanit|cevap)\b",
    rf"\b(?:reply|answer|respond|write)\b[^.]{{0,40}}\bin {_LANGUAGE_EN}\b",
    rf"\b{_LANGUAGE_TR}\b[^.]{{0,20}}\b(?:yanit|cevap)\w* ver|\b(?:yanit|cevap)\w*\b[^.]{{0,30}}\b{_LANGUAGE_TR}\b",
    r"\blanguage rule\b|\b(?:yanit|cevap) dili\b",
)
# Marks and words of a chat's or a document's format, of a page's code, and of Haberci itself.
_SCRIPTED = _any(
    r"\[\s*\d{1,3}\s*\]|<\s*[/!|]?\s*[a-z]|\|>|\[/?inst\]|#{2,}\s*\w|```",
    r"!?\[[^\]]*\]\s*\(|javascript:|https?://|\"\s*[}\]]|[{\[]\s*\"",
    r"(?:^|[\n.?!\"])\s*(?:question|answer|soru|yanit|cevap|system|assistant|user|sistem|asistan|kullanici)\s*:",
    r"\bend of (?:the )?(?:evidence|document|context)\b|\bkanit(?:lar)?(?:in)? sonu\b|\bbase64\b|\brot13\b",
    r"according to the article:|makaleye gore:|articles don't say|bu soruya yanit vermiyor",
)
_CODED = re.compile(r"[A-Za-z0-9+/=]{28,}")
_REPEATED = re.compile(r"(.{6,80}?)(?:[\s.-]*\1){3,}", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]+")
# Zero-width characters, direction marks and tags have no place inside a word of either language.
_INVISIBLE = re.compile(r"\w[\u200b-\u200f\u2060-\u2064\u202a-\u202e\ufeff\U000e0000-\U000e007f]+\w")


def is_injection(text: str) -> bool:
    """Whether ``text`` has signs of being written for a machine."""
    if _INVISIBLE.search(text) or _CODED.search(text) or _REPEATED.search(text) or _mixes_scripts(text):
        return True
    folded = fold(text)
    return bool(_SCRIPTED.search(folded) or _ORDERING.search(folded) or _ADDRESSED.search(folded))


def _mixes_scripts(text: str) -> bool:
    """Whether a word has letters of two alphabets, as one with look-alikes from another has."""
    for word in _LETTERS.findall(text):
        if not word.isascii():
            scripts = {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}
            if len(scripts & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN"}) > 1:
                return True
    return False
