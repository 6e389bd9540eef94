"""Generated sentences against quotes: figures, names, polarity, meaning."""

from bot.verification.verifier import Verdict, Verifier

__all__ = ["Verdict", "Verifier"]
