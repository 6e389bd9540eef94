"""Where the ``haberci`` command begins: Ctrl-C ends it quietly even while its modules are still imported."""

from __future__ import annotations

import sys


def main() -> None:
    """The console command; ends the process with the command's exit code."""
    try:
        # Half a second, in which nothing else would catch the interrupt.
        from ui.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
