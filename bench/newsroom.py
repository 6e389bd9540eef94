"""News that never happened: as many Turkish and English articles as a benchmark wants, the same for the same seed.

The stories are the project's own (``bench/stories``); whom they happen to, where and by how much is drawn by chance.
For many facts there is a question that, with its names, only one article answers.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from bench.scenes import NAME_KINDS, Chance, Scene, general, show_date, slots, subjects
from index import LANGUAGES, Article, Language
from index.text import fold

FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2025, 12, 31)
# Words of a finished article by share of the articles, between which lengths are spread evenly.
_LENGTHS = (55, 78, 92, 103, 113, 122, 131, 140, 149, 158, 170, 187, 210, 255, 350, 590)
_MOST_PARAGRAPHS = 8
_LONGEST_STORY = 240  # beyond it a second story follows
_MOST_GENERAL = 3
_MARKDOWN_SHARE, _AGENCY_SHARE = 0.15, 0.4
_ID = re.compile(r"news-(-?\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something an article says. ``answer`` stands in its text; ``questions`` ask for it in each language.

    ``told``: the values that every question names. ``story``: what kind of story tells it.
    """

    questions: Mapping[Language, str]
    answer: str
    told: frozenset[str]
    story: str


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    fact: Mapping[str, Any] | None = None
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class _Draft:
    article: Article
    facts: tuple[Fact, ...]
    stories: frozenset[str]
    named: frozenset[str]


def generate(count: int, seed: int, turkish_share: float = 0.5) -> Iterator[Article]:
    """``count`` articles with title, language, date and source, evenly mixed; article ``i`` is the same for any count.

    Raises ValueError for a negative count or a share outside 0 to 1.
    """
    if count < 0 or not 0 <= turkish_share <= 1:
        raise ValueError(f"count must be at least 0 and turkish_share from 0 to 1, not {count!r} and {turkish_share!r}")
    for number in range(count):
        is_turkish = int((number + 1) * turkish_share) > int(number * turkish_share)
        yield _draft(seed, number, "tr" if is_turkish else "en").article


def write_folder(folder: Path, count: int, seed: int) -> list[Path]:
    """Write :func:`generate`'s articles as ``folder/YEAR/MONTH/NUMBER-TITLE``, most as ``.txt`` with a ``date`` line,
    some as ``.md`` with a front matter; the paths in the articles' order. No file names an id: a reader gives others.
    """
    paths = []
    for article in generate(count, seed):
        path = folder / file_name(article)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file_text(article), encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def file_name(article: Article) -> Path:
    """Where an article's file stands in its folder."""
    assert article.published is not None
    assert article.title is not None
    number = article.id.rpartition("-")[2]
    slug = "-".join(re.findall(r"[a-z0-9]+", fold(article.title))[:5])
    ending = "txt" if article.source is not None and article.source.endswith(".txt") else "md"
    return Path(f"{article.published:%Y}", f"{article.published:%m}", f"{number}-{slug}.{ending}")


def file_text(article: Article) -> str:
    """An article as its file holds it."""
    if article.source is not None and article.source.endswith(".txt"):
        return f"date {article.published}\n\n{article.text}"
    # What JSON puts in quotation marks is YAML as well.
    fields = {"title": article.title, "date": str(article.published), "source": article.source}
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---", article.text])


def facts(article: Article) -> tuple[Fact, ...]:
    """What can be asked about an article that :func:`generate` made."""
    return _draft_of(article).facts


def questions(articles: Sequence[Article], count: int, seed: int) -> list[tuple[str, str]]:
    """At most ``count`` questions, each with the id of the one of ``articles`` that answers it, no two about one fact.

    In turn Turkish about Turkish, English about English, Turkish about English and English about Turkish articles. No
    other of ``articles`` tells a story of the same kind and names everything that a question names.
    """
    drafts = {article.id: _draft_of(article) for article in articles}
    holders: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for article_id, draft in drafts.items():
        for key in product(draft.stories, draft.named):
            holders[key].add(article_id)
    chance = Chance(f"questions:{seed}")
    waiting: dict[Language, list[tuple[str, Fact]]] = {language: [] for language in LANGUAGES}
    for article_id, draft in drafts.items():
        sure = [f for f in draft.facts if len(set.intersection(*(holders[f.story, v] for v in f.told))) == 1]
        if sure:
            waiting[draft.article.language or "en"].append((article_id, chance.pick(sure)))
    for language in LANGUAGES:
        waiting[language] = chance.shuffled(waiting[language])
    return _ask(waiting, count)


def _ask(waiting: Mapping[Language, list[tuple[str, Fact]]], count: int) -> list[tuple[str, str]]:
    turns: list[tuple[Language, Language]] = [("tr", "tr"), ("en", "en"), ("tr", "en"), ("en", "tr")]
    asked: list[tuple[str, str]] = []
    while len(asked) < count and any(waiting.values()):
        of_question, of_article = turns[len(asked) % len(turns)]
        if not waiting[of_article]:
            of_article = next(language for language in LANGUAGES if waiting[language])
        article_id, fact = waiting[of_article].pop()
        asked.append((fact.questions[of_question], article_id))
    return asked


# --- writing an article ---------------------------------------------------------------------------------


def _draft_of(article: Article) -> _Draft:
    found = _ID.fullmatch(article.id)
    if found is None or article.language is None:
        raise ValueError(f"the article {article.id!r} is not one that generate() made")
    return _draft(int(found[1]), int(found[2]), article.language)


@lru_cache(maxsize=20_000)
def _draft(seed: int, number: int, language: Language) -> _Draft:
    chance = Chance(f"{seed}:{number}")
    published = date.fromordinal(FIRST_DAY.toordinal() + chance.below((LAST_DAY - FIRST_DAY).days + 1))
    setting = "tr" if chance.share() < 0.55 else "en"
    wanted = _draw_length(chance)
    told = [_tell(chance, setting, published, language, min(wanted, _LONGEST_STORY), is_first=True)]
    while (missing := wanted - sum(each.words for each in told)) > 60:
        told.append(_tell(chance, setting, published, language, missing, is_first=False))
    is_markdown = chance.share() < _MARKDOWN_SHARE
    title = told[0].headline
    mark = "## " if is_markdown else ""
    blocks = [f"{mark}{p.text}" if p.is_heading else p.text for each in told for p in _paragraphs(each.pieces, chance)]
    text = "\n\n".join(blocks if is_markdown else [title, *blocks]) + "\n"
    article = Article(f"news-{seed}-{number:06}", text, title, language, published)
    source = told[0].agency if is_markdown else f"{file_name(article).stem}.txt"
    article = Article(article.id, text, title, language, published, source=source)
    stories = frozenset(each.story for each in told)
    named = frozenset(value.tr for each in told for value in each.scene.values.values())
    return _Draft(article, tuple(fact for each in told for fact in each.facts(text, language)), stories, named)


def _draw_length(chance: Chance) -> int:
    place = chance.share() * (len(_LENGTHS) - 1)
    low, high = _LENGTHS[int(place)], _LENGTHS[int(place) + 1]
    return int(low + (high - low) * (place - int(place)))


@dataclass(frozen=True, slots=True)
class _Told:
    """One story as it is told in an article."""

    story: str
    headline: str
    agency: str
    pieces: tuple[_Piece, ...]
    scene: Scene

    @property
    def words(self) -> int:
        return sum(len(piece.text.split()) for piece in self.pieces)

    def facts(self, text: str, language: Language) -> Iterator[Fact]:
        """What can be asked: all that question and answer name stands in the text."""
        values = self.scene.values
        for piece in self.pieces:
            if piece.fact is None or "ask" not in piece.fact:
                continue
            asked, answer = piece.fact["ask"], str(piece.fact["answer"]).strip("{}")
            needed = [*slots("".join(asked)), answer]
            if not all(slot in values and _stands_in(values[slot].show(language), text) for slot in needed):
                continue
            told = [slot for slot in slots("".join(asked)) if slot in slots(asked[0]) and slot in slots(asked[1])]
            if not any(slot.rstrip("0123456789") in NAME_KINDS for slot in told):
                continue
            both: dict[Language, str] = {
                each: self.scene.fill(ask, each) for each, ask in zip(LANGUAGES, asked, strict=True)
            }
            shown = values[answer].show(language)
            yield Fact(both, shown, frozenset(values[slot].tr for slot in told), self.story)


def _stands_in(shown: str, text: str) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text) for each in (shown, shown[:1].upper() + shown[1:]))


def _tell(chance: Chance, setting: str, published: date, language: Language, wanted: int, *, is_first: bool) -> _Told:
    """One story in about ``wanted`` words: its lead, facts of its own, and what else is said about its subject."""
    subject = chance.pick(list(subjects()))
    source = subjects()[subject]
    number = chance.below(len(source["events"]))
    event = source["events"][number]
    scene = Scene(chance, setting, published)
    for each in (general(), source, event):
        scene.learn(each)
    lead = _Piece(_dateline(scene, language, is_first=is_first) + scene.tell(event["lead"][language], language))
    headline = scene.tell(event["head"][language], language)
    own = _choose(event["facts"], wanted, chance)
    # What fits every subject says little, and would make all articles alike.
    others = [*chance.shuffled(general()["more"])[:_MOST_GENERAL], *chance.shuffled(source["more"])]
    pieces = [lead]
    for fact in own:
        scene.learn(fact)
        if scene.is_ready(fact[language]):
            pieces.append(_Piece(scene.tell(fact[language], language), fact))
    while others and sum(len(piece.text.split()) for piece in pieces) < wanted - 12:
        other = others.pop()
        if scene.is_ready(other[language]):
            pieces.insert(2 + chance.below(len(pieces) - 1), _Piece(scene.tell(other[language], language)))
    if not is_first:
        pieces.insert(0, _Piece(headline, is_heading=True))
    return _Told(f"{subject}/{number}", headline, scene.value("agency").show(language), tuple(pieces), scene)


def _choose(all_facts: Sequence[Mapping[str, Any]], wanted: int, chance: Chance) -> list[Mapping[str, Any]]:
    """So many of a story's facts as its length has room for, in their order."""
    most = max(2, min(len(all_facts), (wanted - 25) // 22))
    chosen = chance.shuffled(range(len(all_facts)))[:most]
    return [fact for number, fact in enumerate(all_facts) if number in chosen]


def _dateline(scene: Scene, language: Language, *, is_first: bool) -> str:
    if not is_first:
        return ""
    place = scene.value("town").show(language)
    when = show_date(scene.published, with_year=True).show(language)
    agency = f" ({scene.value('agency').show(language)})" if scene.chance.share() < _AGENCY_SHARE else ""
    return f"{place}, {when}{agency} – "


def _paragraphs(pieces: Sequence[_Piece], chance: Chance) -> Iterator[_Piece]:
    """The pieces in paragraphs of one to three; a heading and a lead stand alone."""
    leads = 1 + pieces[0].is_heading
    yield from pieces[:leads]
    rest = pieces[leads:]
    room = max(1, _MOST_PARAGRAPHS - leads)
    size = max(1, -(-len(rest) // room))
    cuts = [0]
    while cuts[-1] < len(rest):
        cuts.append(min(len(rest), cuts[-1] + size + (len(rest) > 2 and chance.share() < 0.35)))
    for start, end in pairwise(cuts):
        yield _Piece(" ".join(piece.text for piece in rest[start:end]))
