"""Questions in, answers out: evidence in the passages, quoted with its place in the article."""

from bot.chatbot import Chatbot, ask, open_default_index
from bot.types import Answer, Citation

__all__ = ["Answer", "Chatbot", "Citation", "ask", "open_default_index"]
