"""What verification lets through and what it drops: ``python -m bench.verification``.

The project's own reports (``bench/reports``) say everything in both languages. A sentence stands for what a good model
would write from its translation, and must pass. The same sentence with a figure or a name changed, with a negation put
in, or beside another sentence of its report, must not.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.reading.examples import load_reports
from bench.report import LANGUAGE_NAMES, Report, share, steps, table
from bot.evidence import Evidence
from bot.verification import Verdict, Verifier
from index import LANGUAGES, Index, Language, Passage

RESULTS = Path(__file__).parent / "results"
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


@dataclass(frozen=True, slots=True)
class Case:
    """``claim`` in ``language``, beside a quote in ``quoted``. ``kind``: "translation", or what was changed."""

    kind: str
    claim: str
    language: Language
    quote: str
    quoted: Language


def main(arguments: list[str] | None = None) -> None:
    """Check some hundred sentences of each kind; write ``verification.md`` and ``.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench.verification", description=__doc__)
    parser.add_argument("--limit", type=int, default=300, metavar="N", help="sentences of each language")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Index.open(folder) as index:
        report = run(Verifier(index), make_cases(args.limit, random.Random("verification")))
    report.write(args.results)
    print("\n\n".join(report.blocks))


def make_cases(limit: int, chance: random.Random) -> list[Case]:
    """``limit`` sentences of each language, each with its translation and, where it can be, changed."""
    reports = load_reports()
    places = [(number, at) for number, report in enumerate(reports) for at in range(len(report.sentences["tr"]))]
    cases = []
    for language in LANGUAGES:
        other: Language = "en" if language == "tr" else "tr"
        for number, at in chance.sample(places, min(limit, len(places))):
            claim, quote = reports[number].sentences[language][at], reports[number].sentences[other][at]
            cases.append(Case("translation", claim, language, quote, other))
            elsewhere = chance.choice([text for i, text in enumerate(reports[number].sentences[other]) if i != at])
            cases.append(Case("another sentence", claim, language, elsewhere, other))
            for kind, change in CHANGES.items():
                changed = change(claim, language, chance)
                if changed is not None and changed != claim:
                    cases.append(Case(kind, changed, language, quote, other))
    return cases


def _other_figure(text: str, language: Language, chance: random.Random) -> str | None:  # noqa: ARG001
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return None
    found = chance.choice(numbers)
    changed = str(int(found.group()) + chance.choice([1, 2, 10])).zfill(len(found.group()))
    return text[: found.start()] + changed + text[found.end() :]


_OTHER_NAMES = ("Brüksel", "Kahire", "Nairobi", "Lima", "Oslo", "Kowalski", "Tanaka", "Fernández", "Hakan", "Meredith")


def _other_name(text: str, language: Language, chance: random.Random) -> str | None:  # noqa: ARG001
    names = list(re.finditer(r"(?<=[a-zçğıöşü,] )[A-ZÇĞİÖŞÜ][a-zçğıöşü]{3,}", text))
    if not names:
        return None
    found = chance.choice(names)
    return text[: found.start()] + chance.choice(_OTHER_NAMES) + text[found.end() :]


_DENIALS: dict[Language, list[tuple[str, str]]] = {
    "en": [(rf"\b{word}\b", f"{word} not") for word in ("was", "were", "is", "are", "will", "has", "had", "can")],
    "tr": [(r"(?<=[aeıioöuü])(?:ndı|ndi|ndu|ndü)\b", "nmadı"), (r"ledi\b", "lemedi"), (r"ladı\b", "lamadı"),
           (r"[ıi]ldı\b|[ıi]ldi\b", "ilmedi"), (r"oldu\b", "olmadı"), (r"etti\b", "etmedi"), (r"yaptı\b", "yapmadı"),
           (r"verdi\b", "vermedi"), (r"aldı\b", "almadı"), (r"açıkladı\b", "açıklamadı"), (r"acak\b", "mayacak")],
}  # fmt: skip


def _denied(text: str, language: Language, chance: random.Random) -> str | None:  # noqa: ARG001
    for pattern, denial in _DENIALS[language]:
        changed, count = re.subn(pattern, denial, text, count=1)
        if count:
            return changed
    return None


CHANGES: dict[str, Callable[[str, Language, random.Random], str | None]] = {
    "another figure": _other_figure,
    "another name": _other_name,
    "denied": _denied,
}


def run(verifier: Verifier, cases: Sequence[Case]) -> Report:
    """Check every case."""
    verdicts = [
        (case, verifier.check(case.claim, case.language, [_quote(case)])) for case in steps(cases, "Verification")
    ]
    report = Report("verification", "Verification: what passes and what is dropped")
    report.add(__doc__.split("\n\n", 1)[1] if __doc__ else "")
    kinds = list(dict.fromkeys(case.kind for case in cases))
    rows = []
    for kind in kinds:
        for language in LANGUAGES:
            of = [verdict for case, verdict in verdicts if case.kind == kind and case.language == language]
            faults = Counter(verdict.fault for verdict in of)
            passed = share([verdict.is_supported for verdict in of])
            counts = [faults[fault] for fault in ("figure", "name", "polarity", "meaning")]
            rows.append([kind if language == LANGUAGES[0] else "", LANGUAGE_NAMES[language], len(of), passed, *counts])
            report.figures[f"{kind}.{language}"] = {
                "cases": len(of),
                "passed": passed,
                **{str(k): v for k, v in faults.items()},
            }
    report.add(table(["sentence", "in", "cases", "passed", "figure", "name", "polarity", "meaning"], rows))
    report.add("## Lowest similarity", "What each value would let through, of those that nothing else stopped:")
    report.add(table(["lowest", "translations", "another sentence"], [_row(lowest, verdicts) for lowest in THRESHOLDS]))
    return report


def _row(lowest: float, verdicts: Sequence[tuple[Case, Verdict]]) -> list[str | float | None]:
    cells: list[str | float | None] = [f"{lowest:g}"]
    for kind in ("translation", "another sentence"):
        found = [v.similarity for case, v in verdicts if case.kind == kind and v.similarity is not None]
        cells.append(share([similarity >= lowest for similarity in found]))
    return cells


def _quote(case: Case) -> Evidence:
    passage = Passage("report", case.quote, 0, len(case.quote), 0.0, case.quoted)
    return Evidence(passage, case.quote, 0, len(case.quote), 0.0)


if __name__ == "__main__":
    main()
