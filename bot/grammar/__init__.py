"""How Turkish and English questions are built, as far as follow-up questions need it (see :mod:`bot.followup`).

Word lists and the order of words, no model: what is not recognized is left alone.
"""
