"""The web page and the command line of Haberci. Importing this package loads neither Gradio nor a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ui.app import RunningApp, build_app, launch

__all__ = ["RunningApp", "build_app", "launch"]


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that ui.start is there at once.
    if name in __all__:
        from ui import app

        return getattr(app, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
