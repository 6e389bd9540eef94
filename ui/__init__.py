"""The web page and the command line of Haberci. Importing this package loads neither Gradio nor a model."""

from ui.app import RunningApp, build_app, launch

__all__ = ["RunningApp", "build_app", "launch"]
