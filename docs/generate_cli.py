"""Makes docs/cli.md from the commands' own help.

``python -m docs.generate_cli`` writes it; with ``--check`` it writes nothing and fails when the page is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from typer.testing import CliRunner

from ui.cli import app
from ui.cli_strings import EXIT_CODES, exit_codes

PAGE = Path(__file__).parent / "cli.md"
# Wide enough for every line of help; the reader's terminal does not matter.
_ENVIRONMENT = {"LC_ALL": "C", "COLUMNS": "80", "TERMINAL_WIDTH": "80"}

_INTRODUCTION = """\
# The `haberci` command

This page is made from the commands' own help by `python -m docs.generate_cli`.

Results go to standard output, everything else (progress, messages, errors) to standard error. A terminal gets colours
and progress bars, unless `NO_COLOR` is set (then no colours); a file or a pipe gets plain lines. Output is UTF-8 under
every locale. Errors are one line that says what is wrong and how to mend it; `haberci --debug COMMAND` adds where they
come from. A command whose output nobody reads any more (`haberci list | head`) stops, with exit code 141.

A library that nobody has written to yet is empty. `haberci chat` and `haberci ask` start such a library with the
shipped article. `haberci index`, `sync` and `watch` do not: a library that begins with one of them holds only what was
given to it. Either way, what was removed stays removed.
"""


def page() -> str:
    """The whole of docs/cli.md."""
    parts = [_INTRODUCTION, f"## haberci\n\n{_help([])}"]
    parts += [f"## haberci {command}\n\n{_help([command])}" for command in EXIT_CODES]
    parts.append(f"## Exit codes\n\n{_exit_code_table()}")
    return "\n".join(parts)


def _help(command: list[str]) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="haberci", env=_ENVIRONMENT)
    if result.exit_code != 0:
        raise SystemExit(f"haberci {' '.join(command)} --help failed: {result.output}")
    return f"```\n{result.stdout.rstrip()}\n```\n"


def _exit_code_table() -> str:
    """A row for each meaning of each code, with the commands that give it this meaning."""
    commands: dict[tuple[int, str], list[str]] = {}
    for command in EXIT_CODES:
        for code, meaning in exit_codes("en", command).items():
            commands.setdefault((code, meaning), []).append(f"`{command}`")
    rows = [f"| {code} | {meaning} | {', '.join(commands[code, meaning])} |\n" for code, meaning in sorted(commands)]
    return "| code | meaning | commands |\n| ---: | --- | --- |\n" + "".join(rows)


def main(arguments: list[str]) -> int:
    fresh = page()
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == fresh:
            return 0
        print(f"{PAGE} is stale; write it again with: python -m docs.generate_cli", file=sys.stderr)
        return 1
    if arguments:
        print("usage: python -m docs.generate_cli [--check]", file=sys.stderr)
        return 2
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
