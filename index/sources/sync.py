"""What must happen for the library to equal its sources: new, changed, renamed and deleted articles, by content.

A story is a text, wherever it stands: the same text in two places is one article, and a text that moves to another
place stays the article that it was. What the file system says is unchanged is not read, and what is read but says
the same is not embedded.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from index.articles import complete
from index.errors import ArticleFileError, DuplicateIdError, HaberciError
from index.sources.documents import Document, DocumentError
from index.sources.places import Item, Scan, is_address
from index.storage.catalogue import Origin, Place, Record, version_of
from index.types import Article, Changes

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Plan:
    """What a sync will do. ``put``: articles to enter, new and changed; ``end``: ids to take out; ``places`` and
    ``gone``: what will be known of places afterwards, and what no longer."""

    put: list[Article] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    failed: dict[str, HaberciError] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)

    def synced(self) -> list[Origin]:
        """The sources that could be looked at."""
        return [origin for origin in self.origins if origin.origin not in self.failed]

    def changes(self, revision: int) -> Changes:
        return Changes(
            added=tuple(self.added),
            changed=tuple(self.changed),
            removed=tuple(self.end),
            unchanged=tuple(self.unchanged),
            renamed=tuple(self.renamed),
            failed={place: str(error) for place, error in self.failed.items()},
            errors=dict(self.failed),
            revision=revision,
        )


@dataclass(slots=True)
class _Told:
    """One place with the story it tells. ``document`` only where it had to be parsed."""

    item: Item
    digest: str
    story: str
    document: Document | None


class Planner:
    """Compares sources with what is known of places (``known``) and with the ``live`` articles.

    ``remove``: articles that none of the sources holds are to go.
    """

    def __init__(self, known: Mapping[str, Place], live: Mapping[str, Record], *, remove: bool = True) -> None:
        self._known = known
        self._live = live
        self._remove = remove
        self._by_digest = {p.digest: p for p in known.values() if p.digest and p.story}
        self._by_story: dict[str, list[Place]] = defaultdict(list)
        for place in known.values():
            if place.story and place.article_id in live:
                self._by_story[place.story].append(place)
        self._made_of: dict[str | None, set[str]] = defaultdict(set)
        for place in known.values():
            if place.version is not None:
                self._made_of[place.article_id].add(place.place)
        self._taken: set[str] = set()
        self._unread: set[str] = set()
        self._plan = Plan()

    def plan(self, scans: Sequence[Scan], progress: Progress | None = None) -> Plan:
        """Reads what has to be read. ``progress``: called with (places looked at, places in all)."""
        items = [item for scan in scans for item in scan.items]
        stories: dict[str, list[_Told]] = defaultdict(list)
        for number, item in enumerate(items, start=1):
            told = self._tell(item)
            if told is not None and all(told.item.place != other.item.place for other in stories[told.story]):
                stories[told.story].append(told)
            if progress is not None:
                progress(number, len(items))
        for scan in scans:
            self._plan.failed.update(scan.failed)
        groups = [group for group in stories.values() if group]
        # A story that is known keeps its article; only then does a place give the article it held to a new story.
        waiting = [group for group in groups if not self._settle(group, self._id_by_story(group))]
        for group in waiting:
            self._settle(group, self._id_by_place(group))
        self._end(scans)
        self._plan.origins = [self._looked_at(scan) for scan in scans]
        return self._plan

    def _looked_at(self, scan: Scan) -> Origin:
        if any(item.place in self._plan.failed for item in scan.items):
            # Else a feed that has not changed would not be read again, and its page never be tried again.
            return replace(scan.origin, synced=scan.synced, etag=None, last_modified=None)
        return replace(scan.origin, synced=scan.synced)

    # --- which story a place tells ---

    def _tell(self, item: Item) -> _Told | None:
        """None when the place is gone or cannot be read; then what is known of it stays."""
        before = self._known.get(item.place)
        if before is not None and before.stat is not None and before.stat == item.stat:
            if item.is_once and before.article_id not in self._live:
                return None
            if before.digest and before.story:
                return _Told(item, before.digest, before.story, None)
        try:
            data = item.load()
            digest = hashlib.sha256(data).hexdigest()
            same = self._by_digest.get(digest)
            if same is not None and same.story is not None and _reads_alike(same.place, item.place):
                return _Told(item, digest, same.story, None)
            document = _parse(item, data)
        except FileNotFoundError:
            return None
        except ArticleFileError as error:
            self._plan.failed[item.place] = error
            self._unread.add(item.new_id)
            return None
        return _Told(item, digest, story_of(document.text), document)

    # --- which article a story is ---

    def _id_by_story(self, group: Sequence[_Told]) -> str | None:
        """The article that tells this story already: best the one of the first place."""
        own = {told.item.place for told in group}
        places = self._by_story[group[0].story]
        for place in sorted(
            places, key=lambda p: (p.place != group[0].item.place, p.place not in own, p.version is None)
        ):
            if place.article_id not in self._taken:
                return place.article_id
        return None

    def _id_by_place(self, group: Sequence[_Told]) -> str:
        first = group[0]
        before = self._known.get(first.item.place)
        if before is not None and before.article_id in self._live and before.article_id not in self._taken:
            assert before.article_id is not None
            return before.article_id
        new = first.item.new_id
        return new if new not in self._taken else f"{new}-{first.story[:8]}"

    def _settle(self, group: Sequence[_Told], article_id: str | None) -> bool:
        """Decide what becomes of one story; False when it has no article yet."""
        first = group[0]
        own_id = first.document.id if first.document else None
        if own_id is not None:
            # An id that the document gives itself goes before any other.
            if own_id in self._taken:
                self._plan.failed[first.item.place] = DuplicateIdError(path=first.item.place, article_id=own_id)
                return True
            article_id = own_id
        if article_id is None:
            return False
        self._taken.add(article_id)
        record = self._live.get(article_id)
        if record is not None and self._says_the_same(first, article_id, record):
            self._plan.unchanged.append(article_id)
            version = version_of(record)
        else:
            article = self._article(first, article_id)
            if article is None:
                return True
            version = self._compare(article, record, has_moved=self._has_moved(group, article_id))
        self._remember(group, article_id, version)
        return True

    def _says_the_same(self, told: _Told, article_id: str, record: Record) -> bool:
        """Whether the article was made of this place, and of what it says now."""
        before = self._known.get(told.item.place)
        return (
            before is not None
            and (before.article_id, before.digest) == (article_id, told.digest)
            and before.version == version_of(record)
        )

    def _has_moved(self, group: Sequence[_Told], article_id: str) -> bool:
        """Whether the place that the article was made of tells this story no longer."""
        made_of = self._made_of[article_id]
        return bool(made_of) and made_of.isdisjoint(told.item.place for told in group)

    def _article(self, told: _Told, article_id: str) -> Article | None:
        try:
            document = told.document or _parse(told.item, told.item.load())
            return complete(told.item.article(document, article_id))
        except FileNotFoundError:
            return None
        except ArticleFileError as error:
            self._plan.failed[told.item.place] = error
            return None

    def _compare(self, article: Article, record: Record | None, *, has_moved: bool) -> str:
        fresh, plan = Record.of(article), self._plan
        if record is None:
            plan.added.append(article.id)
        elif replace(fresh, source=None) != replace(record, source=None):
            plan.changed.append(article.id)
        else:
            (plan.renamed if has_moved else plan.unchanged).append(article.id)
        if fresh != record:
            plan.put.append(article)
        return version_of(fresh)

    def _remember(self, group: Sequence[_Told], article_id: str, version: str | None) -> None:
        for told in group:
            item = told.item
            self._plan.places.append(
                Place(item.place, item.origin, article_id, told.digest, told.story, version, item.stat)
            )
            version = None  # of the other places nothing was taken

    # --- what is gone ---

    def _end(self, scans: Sequence[Scan]) -> None:
        """Take out what no source holds any more; what could not be read stays as it was."""
        seen = {place.place for place in self._plan.places}
        kept = set(self._unread)
        if any(scan.failed and not is_address(scan.origin.origin) for scan in scans):
            # Added by hand, they may stand in a folder that could not be listed.
            kept |= set(self._live) - {place.article_id for place in self._known.values()}
        asked = {scan.origin.origin for scan in scans}
        for place in self._known.values():
            if place.place in seen:
                continue
            # What came from an address stays: feeds forget, and a folder says nothing of pages.
            if not self._remove or is_address(place.origin) or self._could_not_be_read(place.place):
                if place.article_id is not None and (self._remove or place.origin in asked):
                    kept.add(place.article_id)
            else:
                self._plan.gone.append(place.place)
        if self._remove:
            self._plan.end = sorted(set(self._live) - self._taken - kept)
        self._plan.unchanged += sorted(kept & set(self._live) - self._taken)

    def _could_not_be_read(self, place: str) -> bool:
        if place in self._plan.failed:
            return True
        return any(str(parent) in self._plan.failed for parent in PurePath(place).parents)


def _parse(item: Item, data: bytes) -> Document:
    try:
        return item.parse(data)
    except DocumentError as error:
        raise ArticleFileError(path=item.place, reason=error.reason, reason_tr=error.reason_tr) from error


def story_of(text: str) -> str:
    """The same for texts that differ in their blanks and line breaks alone."""
    return hashlib.blake2b(" ".join(text.split()).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _reads_alike(one: str, other: str) -> bool:
    """Whether the same bytes make the same document in both places: how a file is read depends on its suffix too."""
    return PurePath(one).suffix.lower() == PurePath(other).suffix.lower()
