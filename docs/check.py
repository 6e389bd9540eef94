"""Check the documents: links lead somewhere, generated pages are fresh, the two READMEs say the same.

Run as ``python -m docs.check``; exits with 1 and a line for each problem.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from docs import generate_cli

ROOT = Path(__file__).parent.parent
READMES = (ROOT / "README.md", ROOT / "README.tr.md")

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def broken_links(page: Path) -> Iterator[str]:
    """Relative links that lead to no file."""
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        file = target.partition("#")[0]
        if file and not re.match(r"[a-z]+:", file) and not (page.parent / file).exists():
            yield f"{page.relative_to(ROOT)}: the link {target} leads nowhere"


def broken_examples(page: Path) -> Iterator[str]:
    """Python examples that do not parse."""
    for language, code in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            try:
                ast.parse(code)
            except SyntaxError as error:
                yield f"{page.relative_to(ROOT)}: an example does not parse: {error}"


def unequal_readmes() -> Iterator[str]:
    """The two READMEs have the same headings, and the same examples apart from what is said in them."""
    texts = [page.read_text(encoding="utf-8") for page in READMES]
    shapes = [[len(marks) for marks in _HEADING.findall(_FENCE.sub("", text))] for text in texts]
    if shapes[0] != shapes[1]:
        yield "README.md and README.tr.md have different sections"
    examples = [_commands(text) for text in texts]
    if examples[0] != examples[1]:
        yield "README.md and README.tr.md give different commands"


def _commands(text: str) -> list[str]:
    """The shell examples, without comments and without what stands in quotation marks."""
    return [re.sub(r"[ \t]*#.*|\"[^\"]*\"", "", code) for language, code in _FENCE.findall(text) if language == "sh"]


def problems() -> list[str]:
    found = [problem for page in documents() for check in (broken_links, broken_examples) for problem in check(page)]
    found += unequal_readmes()
    if generate_cli.PAGE.read_text(encoding="utf-8") != generate_cli.page():
        found.append("docs/cli.md is stale; write it with: python -m docs.generate_cli")
    return found


def main() -> int:
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(documents())} documents checked, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
