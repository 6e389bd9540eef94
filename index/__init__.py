"""Articles in, passages out: reading, chunking, embedding, storing and searching news articles.

Importing this package loads neither a model nor a database; both come with the first use.
"""

from index.articles import read_article, read_articles
from index.errors import HaberciError, QuestionError
from index.library import Index
from index.seeds import seed_articles
from index.settings import Settings
from index.types import LANGUAGES, Article, Changes, Language, Passage, Sentence

__all__ = [
    "LANGUAGES",
    "Article",
    "Changes",
    "HaberciError",
    "Index",
    "Language",
    "Passage",
    "QuestionError",
    "Sentence",
    "Settings",
    "read_article",
    "read_articles",
    "seed_articles",
]
