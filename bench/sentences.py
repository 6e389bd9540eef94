"""How many rows of the hard cases each sentence splitter gets right: ``python -m bench.sentences``.

A row is right when every sentence of it comes out, and nothing else. ``--show NAME`` prints what a
candidate gets wrong on the tuning rows (never on the held-out ones, which are to stay unseen).
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterable
from importlib import import_module

from index.sentences import split_sentences
from index.types import LANGUAGES, Language
from tests.sentence_cases import HELD_OUT, TUNING, Row, joined

Splitter = Callable[[str, Language], Iterable[str]]


def ours(text: str, language: Language) -> Iterable[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


def with_pysbd(text: str, language: Language) -> Iterable[str]:
    pysbd = import_module("pysbd")

    code = language if language in pysbd.languages.LANGUAGE_CODES else "en"  # it has no Turkish
    return map(str, pysbd.Segmenter(language=code, clean=False).segment(text))


def with_sentencesplit(text: str, language: Language) -> Iterable[str]:  # noqa: ARG001
    sentencesplit = import_module("sentencesplit")

    return map(str, sentencesplit.Segmenter(language="en").segment(text))  # it has no Turkish


def with_sentencex(text: str, language: Language) -> Iterable[str]:
    sentencex = import_module("sentencex")

    return map(str, sentencex.segment(language, text))


def with_moses(text: str, language: Language) -> Iterable[str]:
    sentence_splitter = import_module("sentence_splitter")

    return map(str, sentence_splitter.SentenceSplitter(language=language).split(text))


def with_syntok(text: str, language: Language) -> Iterable[str]:  # noqa: ARG001
    segmenter = import_module("syntok.segmenter")

    for paragraph in segmenter.analyze(text):  # it does not ask for the language
        for sentence in paragraph:
            yield "".join(token.spacing + token.value for token in sentence)


def with_blingfire(text: str, language: Language) -> Iterable[str]:  # noqa: ARG001
    blingfire = import_module("blingfire")

    return str(blingfire.text_to_sentences(text)).split("\n")  # it does not ask for the language


CANDIDATES: dict[str, tuple[str, Splitter]] = {
    "index.sentences": ("index", ours),
    "sentencex": ("sentencex", with_sentencex),
    "pysbd (English rules)": ("pysbd", with_pysbd),
    "sentencesplit (English rules)": ("sentencesplit", with_sentencesplit),
    "sentence-splitter (Moses)": ("sentence_splitter", with_moses),
    "syntok": ("syntok", with_syntok),
    "blingfire": ("blingfire", with_blingfire),
}


def is_right(splitter: Splitter, row: Row, language: Language) -> bool:
    return found(splitter, row, language) == row[1]


def found(splitter: Splitter, row: Row, language: Language) -> list[str]:
    return [sentence.strip() for sentence in splitter(joined(row), language) if sentence.strip()]


def figures(splitter: Splitter, language: Language) -> list[str]:
    """Rows right of tuning, of held-out, and of both without the quotations, whose reading is a convention."""
    tuning, held_out = TUNING[language], HELD_OUT[language]
    plain = [row for row in tuning + held_out if row[0] != "quotation"]
    return [
        f"{sum(is_right(splitter, row, language) for row in rows)}/{len(rows)}" for rows in (tuning, held_out, plain)
    ]


def print_table() -> None:
    head = [f"{language} {part}" for language in LANGUAGES for part in ("tuning", "held out", "no quotations")]
    print("| candidate | " + " | ".join(head) + " |")
    print("|---" * (len(head) + 1) + "|")
    for name, (module, splitter) in CANDIDATES.items():
        if importlib.util.find_spec(module) is None:
            print(f"| {name} | " + " | ".join(["not installed"] * len(head)) + " |")
            continue
        cells = [cell for language in LANGUAGES for cell in figures(splitter, language)]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def print_mistakes(name: str) -> None:
    _, splitter = CANDIDATES[name]
    for language in LANGUAGES:
        for row in TUNING[language]:
            if not is_right(splitter, row, language):
                print(language, row[0], found(splitter, row, language), sep="\t")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", choices=sorted(CANDIDATES), help="print this candidate's mistakes instead")
    arguments = parser.parse_args()
    if arguments.show:
        print_mistakes(arguments.show)
    else:
        print_table()


if __name__ == "__main__":
    main()
