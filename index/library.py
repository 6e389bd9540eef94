"""The index: articles go in, passages come out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.articles import complete
from index.embedding import Embedder, TokenVectors
from index.encoding import encode_articles
from index.errors import SettingsError
from index.language import detect_question_language
from index.scoring import SPACE_FILE_PREFIX, LanguageSpace, cohort_digest, load_space, space_file_name
from index.search import MAX_PASSAGES, Searcher, check_question
from index.settings import Settings
from index.sources.documents import DocumentReader
from index.sources.fetch import Fetcher
from index.sources.places import FolderSource, Source, open_sources
from index.sources.sync import Plan, Planner
from index.spelling import SpellingRestorer
from index.storage.catalogue import Catalogue, Origin, Record, key_of
from index.storage.chroma import ChromaServer
from index.storage.formats import read_old_articles, remove_old_files
from index.storage.health import Report, Status, find_problems, take_stock
from index.storage.manifest import FORMAT, IN_FOLDER, Recipe
from index.storage.repair import mend, recover_catalogue, recover_manifest
from index.storage.store import Store, Writer
from index.storage.view import View
from index.types import Article, Changes, Passage
from index.words import WORD_DIMENSIONS

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

    from index.retriever import PassageRetriever

Progress = Callable[[int, int], None]
"""Called with (articles done, articles in all)."""

# Articles that are embedded and written together.
_ARTICLES_AT_ONCE = 32
# How often what has been added comes to light while more is being added: each time readers open a new view.
_COMMIT_INTERVAL_S = 5.0


class Index:
    """A library of articles that can be searched. Open one with :meth:`open`; safe to share among threads.

    Everything that writes holds the library's lock; other processes wait for it, and readers anywhere
    (this process and others) see what has been written with their next search.
    """

    def __init__(self, folder: Path, settings: Settings, embedder: Embedder) -> None:
        self.folder = folder
        self.settings = settings
        self.embedder = embedder
        self._store = Store(folder, settings.lock_timeout_s, chroma_server(settings))
        self._searcher = Searcher()
        self._space: LanguageSpace | None = None
        self._made_restorer: SpellingRestorer | None = None

    @classmethod
    def open(
        cls,
        folder: Path | str | None = None,
        *,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        for_rebuild: bool = False,
    ) -> Index:
        """The library in ``folder`` (None: the user's data folder, ``HABERCI_HOME``); made when missing.

        ``embedder``: one to share between indexes; by default one is made from the settings. Opening loads no
        model. ``for_rebuild`` opens an index that was built with another model, or is damaged, so that
        :meth:`rebuild` can make it new, or :meth:`check` mend it.

        Raises :class:`~index.errors.IndexMismatchError` when the index was built with another model or
        chunking, :class:`~index.errors.StoreError` when the folder cannot be used.
        """
        settings = settings or Settings.read()
        path = Path(folder).expanduser() if folder is not None else settings.home
        index = cls(path.absolute(), settings, embedder or make_embedder(settings))
        index._store.create_folder()
        if not for_rebuild:
            manifest = index._store.manifest()
            if manifest is not None:
                manifest.check(index._recipe(), index.folder)
        return index

    # --- reading ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many articles the library holds."""
        return self._store.read(lambda view: len(view.live) if view else 0)

    @property
    def revision(self) -> int:
        """Grows with every write that any process finishes; 0 for a library nobody has written to."""
        manifest = self._store.manifest()
        return manifest.revision if manifest else 0

    def articles(self) -> list[Article]:
        """All articles with their texts, the newest first, those without a date last."""
        articles = self._store.read(lambda view: view.read_articles(list(view.live)) if view else [])
        articles.sort(key=lambda a: a.id)
        return sorted(articles, key=lambda a: a.published.toordinal() if a.published else 0, reverse=True)

    def article(self, article_id: str) -> Article | None:
        """One article, None when the library does not hold it."""
        return self._store.read(lambda view: view.article(article_id) if view else None)

    def search(self, question: str, k: int = 5) -> list[Passage]:
        """The ``k`` passages nearest to a Turkish or English question, best first; fewer when there are fewer.

        Raises :class:`~index.errors.QuestionError` for a question that cannot be asked, ValueError for a
        ``k`` outside 1 to 100, :class:`~index.errors.HaberciError` when model or store fail.
        """
        check_question(question)
        if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= MAX_PASSAGES:
            raise ValueError(f"k must be a whole number from 1 to {MAX_PASSAGES}, not {k!r}")
        if not len(self):
            return []
        typed = self.restore(question)
        tokens = self.embedder.encode_query_tokens([typed])[0]
        return self._store.read(lambda view: self._search(view, typed, tokens, k))

    def restore(self, question: str) -> str:
        """The question as a model should read it: Turkish letters restored, capitals lowered; mostly unchanged."""
        return self._restorer.restore(question, detect_question_language(question))

    def _search(self, view: View | None, question: str, tokens: TokenVectors, k: int) -> list[Passage]:
        if view is None:
            return []
        view.manifest.check(replace(self._recipe(), dimension=len(tokens.vector)), self.folder)
        with _one_blas_thread():
            placed = self.space.place(question, tokens, detect_question_language(question))
            return self._searcher.search(view, placed, k)

    def as_retriever(self, *, k: int = 5) -> PassageRetriever:
        """The index as a LangChain ``BaseRetriever`` whose documents carry the passage's fields as metadata."""
        from index.retriever import PassageRetriever

        return PassageRetriever(index=self, k=k)

    @property
    def space(self) -> LanguageSpace:
        """The model's language space; made on first use."""
        if self._space is None:
            self._space = load_space(self.embedder, self.folder, self.settings.cache)
        return self._space

    @property
    def _restorer(self) -> SpellingRestorer:
        if self._made_restorer is None:
            self._made_restorer = SpellingRestorer(self.embedder.piece_scores())
        return self._made_restorer

    # --- writing ------------------------------------------------------------------------------------

    def add(self, articles: Iterable[Article], progress: Progress | None = None) -> Changes:
        """Put articles in; one with an id that is there already replaces it, an unchanged one costs nothing.

        Of several with one id the last counts. What has been written stays when the rest is broken off.
        Raises ValueError for anything that is not an :class:`~index.types.Article`.
        """
        wanted = {article.id: article for article in _checked(articles)}
        if not wanted:
            return Changes(revision=self.revision)
        added: list[str] = []
        changed: list[str] = []
        with self._writing() as writer:
            fresh = [complete(a) for a in wanted.values()]
            fresh = [a for a in fresh if writer.live.get(a.id) != Record.of(a)]
            committed = -math.inf
            try:
                for done, part in _parts(fresh):
                    self._put(writer, part)
                    changed += [a.id for a in part if a.id in writer.live]
                    added += [a.id for a in part if a.id not in writer.live]
                    writer.stage(part)
                    if time.monotonic() - committed >= _COMMIT_INTERVAL_S:
                        writer.commit()
                        committed = time.monotonic()
                    if progress:
                        progress(done, len(fresh))
            finally:
                if writer.is_changed:
                    writer.commit()
            touched = {*added, *changed}
            unchanged = tuple(i for i in wanted if i not in touched)
            return Changes(tuple(added), tuple(changed), (), unchanged, revision=writer.manifest.revision)

    def remove(self, ids: Iterable[str]) -> Changes:
        """Take articles out. Ids that the library does not hold are no error; they are not in the result."""
        if isinstance(ids, str):
            raise ValueError(f"ids must be several ids, such as [{ids!r}], not one text")
        wanted = list(dict.fromkeys(ids))
        if self._store.manifest() is None or not wanted:
            return Changes(revision=self.revision)
        with self._writing(embeds=False) as writer:
            present = [i for i in wanted if i in writer.live]
            if present:
                writer.end(present)
                writer.commit()
            return Changes(removed=tuple(present), revision=writer.manifest.revision)

    def sync(
        self,
        *sources: Path | str | Source,
        remove: bool = True,
        progress: Progress | None = None,
        reading: Progress | None = None,
    ) -> Changes:
        """Make the library equal to folders of article files, and take in what feeds and pages have that is new.

        ``sources``: folders (or single files), addresses of pages and of RSS or Atom feeds. Articles that none of them
        holds are removed, those that were added by hand too, but not what came from an address; with
        ``remove=False``, and where no folder is among the sources, nothing is. The same text in two files is one
        article, and a file that was renamed stays the article that it was. What is unchanged is neither read nor
        embedded again. All of it counts at once, when the sync is done; one that was broken off is completed by the
        next, which embeds only the rest. A file that cannot be read is named in ``Changes.failed``, its article stays,
        and the rest goes on.

        ``progress`` is called with (articles embedded, in all), ``reading`` with (files looked at, in all). Raises
        :class:`~index.errors.ArticleFileError` for a folder that is not there, ValueError without any source.
        """
        with DocumentReader() as reader, self.open_fetcher() as fetcher:
            opened = open_sources(sources, reader, fetcher)
            remove = remove and any(isinstance(source, FolderSource) for source in opened)
            revision, plan = self._plan(opened, remove, reading)
            with self._writing(embeds=False) as writer:
                if writer.manifest.revision != revision:
                    # Another process has written meanwhile.
                    plan = self._plan_with(writer.catalogue, writer.live, opened, remove, reading)
                if self._without_rows(writer, plan.put):
                    # Only now is the model loaded: a sync that finds nothing but new names is quick.
                    writer.require(replace(self._recipe(), dimension=self.embedder.dimension))
                for done, part in _parts(plan.put):
                    self._put(writer, part)
                    writer.stage(part)
                    if progress is not None:
                        progress(done, len(plan.put))
                writer.end(plan.end)
                if plan.put or plan.end:
                    writer.commit()
                writer.catalogue.replace_places(plan.places, plan.gone)
                writer.catalogue.replace_origins(plan.synced())
                return plan.changes(writer.manifest.revision)

    def _plan(self, sources: Sequence[Source], remove: bool, reading: Progress | None) -> tuple[int, Plan]:
        """The plan, made without the write lock, and the revision that it is for."""
        manifest = self._store.manifest()
        if manifest is None or not manifest.revision:
            return 0, Planner({}, {}, remove=remove).plan([each.scan(Origin(each.origin)) for each in sources], reading)
        manifest.check(self._recipe(), self.folder)
        catalogue = Catalogue(self.folder, create=False)
        try:
            live = catalogue.live(manifest.revision)
            return manifest.revision, self._plan_with(catalogue, live, sources, remove, reading)
        finally:
            catalogue.close()

    @staticmethod
    def _plan_with(
        catalogue: Catalogue,
        live: Mapping[str, Record],
        sources: Sequence[Source],
        remove: bool,
        reading: Progress | None,
    ) -> Plan:
        known, origins = catalogue.places(), catalogue.origins()
        scans = [each.scan(origins.get(each.origin, Origin(each.origin))) for each in sources]
        return Planner(known, live, remove=remove).plan(scans, reading)

    def open_fetcher(self) -> Fetcher:
        """What fetches pages and feeds, as far as the settings allow. Raises :class:`~index.errors.SettingsError`."""
        hosts = [host.strip() for host in self.settings.allowed_hosts.split(",")]
        try:
            return Fetcher(allowed_hosts=[host for host in hosts if host])
        except ValueError as error:
            value = self.settings.allowed_hosts
            raise SettingsError(name="HABERCI_ALLOWED_HOSTS", value=value, reason=str(error)) from error

    def rebuild(self, progress: Progress | None = None) -> Changes:
        """Chunk and embed every article again, beside the old index, which serves until the new one is whole.

        Needed after a change of model, chunking or of the place of the vectors; the articles' texts come from the
        library itself.
        """
        manifest = self._store.manifest()
        if manifest is None:
            return Changes()
        with self._store.rebuilding(replace(self._recipe(), dimension=self.embedder.dimension)) as writer:
            is_old = manifest.format != FORMAT
            articles = read_old_articles(self.folder, manifest) if is_old else writer.articles()
            for done, part in _parts(articles):
                self._put(writer, part)
                if is_old:
                    writer.stage(part)
                if progress:
                    progress(done, len(articles))
            writer.commit()
            if is_old:
                remove_old_files(self.folder)
            for file in self.folder.glob(f"{SPACE_FILE_PREFIX}*"):
                if file.name != space_file_name(self.embedder):
                    file.unlink(missing_ok=True)  # of the model before
            return Changes(changed=tuple(a.id for a in articles), revision=writer.manifest.revision)

    # --- health -------------------------------------------------------------------------------------

    def status(self) -> Status:
        """What the library holds, how large it is and when it was synced; reads little and loads no model."""
        return take_stock(self._store, self._recipe(), self.settings)

    def check(self, repair: bool = False, progress: Progress | None = None) -> Report:
        """Read all of the library and tell what is wrong with it; with ``repair``, mend it.

        ``progress`` is called with (articles embedded, in all) where vectors have to be made again. Raises
        :class:`~index.errors.LibraryBusyError`, and :class:`~index.errors.IndexMismatchError` for an index of another
        model, which :meth:`rebuild` mends.
        """
        found = find_problems(self._store, self._recipe())
        if not repair or not found:
            return Report(tuple(found))
        self._repair({problem.kind for problem in found}, progress)
        left = find_problems(self._store, self._recipe())
        kinds = {problem.kind for problem in left}
        return Report(tuple(left), tuple(problem for problem in found if problem.kind not in kinds))

    def _repair(self, kinds: set[str], progress: Progress | None) -> None:
        self._store.close()
        if "manifest" in kinds:
            recover_manifest(self._store, self._recipe())
        if "catalogue" in kinds:
            recover_catalogue(self._store)
        if not kinds & {"manifest", "vectors", "graph"}:
            with self._writing() as writer:
                mend(writer, self._put)
            kinds = {problem.kind for problem in find_problems(self._store, self._recipe())}
        if kinds & {"manifest", "vectors", "graph", "missing"}:
            self.rebuild(progress)

    def seed(self, articles: Callable[[], Iterable[Article]], progress: Progress | None = None) -> Changes:
        """Put the first articles into a library that nobody has ever written to; otherwise do nothing."""
        manifest = self._store.manifest()
        if manifest is not None and (manifest.seeded or manifest.revision):
            return Changes(revision=manifest.revision)
        changes = self.add(articles(), progress)
        with self._writing(embeds=False) as writer:
            writer.mark_seeded()
        return changes

    def close(self) -> None:
        """Let go of the files. The index can be used again; it then opens them anew."""
        self._store.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- how ----------------------------------------------------------------------------------------

    def _recipe(self) -> Recipe:
        centring = f"{cohort_digest()}/{WORD_DIMENSIONS}"
        place = self._store.server.url if self._store.server else IN_FOLDER
        return Recipe(self.embedder.fingerprint, centring, self.settings.max_chunk_tokens, place)

    def _writing(self, *, embeds: bool = True) -> AbstractContextManager[Writer]:
        """``embeds``: whether vectors will be written; only then is the model loaded, for their dimension."""
        return self._store.writing(replace(self._recipe(), dimension=self.embedder.dimension if embeds else None))

    def _put(self, writer: Writer, articles: Sequence[Article]) -> None:
        """Make and write the rows of articles that do not have them yet."""
        wanted = self._without_rows(writer, articles)
        if wanted:
            writer.put(encode_articles(wanted, self.embedder, self.space, self.settings.max_chunk_tokens))

    @staticmethod
    def _without_rows(writer: Writer, articles: Sequence[Article]) -> list[Article]:
        whole = writer.whole_keys([key_of(article) for article in articles])
        return [article for article in articles if key_of(article) not in whole]


def chroma_server(settings: Settings) -> ChromaServer | None:
    """The Chroma server that the settings name, None when the vectors stay in the library's folder."""
    if settings.chroma is None or settings.chroma == IN_FOLDER:
        return None
    token = settings.chroma_token.get_secret_value() if settings.chroma_token else None
    return ChromaServer(settings.chroma.rstrip("/"), token)


def make_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name; loads nothing."""
    return Embedder(
        settings.model,
        cache=settings.cache,
        query_prefix=settings.query_prefix,
        passage_prefix=settings.passage_prefix,
        dtype=settings.dtype,
    )


@cache
def _thread_pools() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_blas_thread() -> AbstractContextManager[object]:
    """NumPy's threads go on spinning after a multiplication, in the way of the model's: with them, a search took 40 ms
    on two cores, without 20. A search's own multiplications are too small to need them."""
    limited: AbstractContextManager[object] = _thread_pools().limit(limits=1, user_api="blas")
    return limited


def _checked(articles: Iterable[Article]) -> Iterator[Article]:
    if isinstance(articles, Article):
        raise ValueError("articles must be several articles, such as [article], not one")
    for article in articles:
        if not isinstance(article, Article):
            raise ValueError(f"articles must be index.Article objects, not {type(article).__name__}")
        yield article


def _parts(articles: Sequence[Article]) -> Iterator[tuple[int, Sequence[Article]]]:
    for at in range(0, len(articles), _ARTICLES_AT_ONCE):
        part = articles[at : at + _ARTICLES_AT_ONCE]
        yield at + len(part), part
