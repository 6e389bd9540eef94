"""Pages and feeds as sources of a sync, from a real server on loopback."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_index import make_article, open_index

from index import Changes, Index
from index.errors import SettingsError
from index.sources.documents import DocumentReader
from index.sources.fetch import Fetched
from index.sources.places import AddressSource
from tests.web_server import Request, WebServer, response

STORY = (
    "<p>{0} belediye meclisi pazartesi günü bütçeyi görüştü ve oy çokluğuyla kabul etti.</p>"
    "<p>Toplantı altı saat sürdü; meclis üyeleri gelecek yılın yatırımlarını tek tek oyladı.</p>"
    "<p>Başkan, {0} için ayrılan payın geçen yıla göre arttığını söyledi ve üyelere teşekkür etti.</p>"
)


def page(name: str) -> bytes:
    html = (
        f"<html lang='tr'><head><title>{name} bütçesi</title></head><body><nav><a href='/'>Ana sayfa</a></nav>"
        f"<article><h1>{name} bütçesi</h1>{STORY.format(name)}</article></body></html>"
    )
    return response(html.encode(), Content_Type="text/html; charset=utf-8")


def feed(*entries: str, etag: str | None = None) -> bytes:
    xml = f"<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>Haberler</title>{''.join(entries)}</channel></rss>"
    more = {"ETag": etag} if etag else {}
    return response(xml.encode(), Content_Type="application/rss+xml", **more)


def entry(url: str, title: str, content: str = "") -> str:
    return (
        f"<item><title>{title}</title><link>{url}</link><guid>{url}</guid>"
        f"<pubDate>Tue, 23 Dec 2025 08:00:00 GMT</pubDate><content:encoded>{content}</content:encoded></item>"
    )


class Site:
    """A site whose pages a test may change; it knows what ETags are."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.server = WebServer(self.answer)

    def answer(self, request: Request, connection: socket.socket) -> None:
        content = self.pages.get(request.path, response(status=404))
        known = request.headers.get("if-none-match")
        if known and f"ETag: {known}".encode() in content:
            content = response(status=304)
        connection.sendall(content)

    def url(self, path: str) -> str:
        return self.server.url(path)

    def asked(self) -> list[str]:
        """The paths that were asked for since this was last called."""
        paths = [request.path for request in self.server.requests]
        self.server.requests.clear()
        return paths


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with site.server:
        yield site


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with open_index(tmp_path / "library", allowed_hosts="127.0.0.0/8, localhost") as opened:
        yield opened


def counts(changes: Changes) -> dict[str, int]:
    names = ("added", "changed", "renamed", "removed", "unchanged", "failed")
    return {name: len(getattr(changes, name)) for name in names if getattr(changes, name)}


def test_a_page_becomes_an_article(index: Index, site: Site) -> None:
    site.pages["/haber/ankara-butcesi.html"] = page("Ankara")
    url = site.url("/haber/ankara-butcesi.html")
    (article_id,) = index.sync(url).added
    article = index.article(article_id)
    assert article is not None
    assert article_id.startswith("ankara-butcesi-")
    assert (article.title, article.language, article.url) == ("Ankara bütçesi", "tr", url)
    assert "Toplantı altı saat sürdü" in article.text
    assert "Ana sayfa" not in article.text
    assert counts(index.sync(url)) == {"unchanged": 1}
    site.pages["/haber/ankara-butcesi.html"] = page("Ankara ve İzmir")
    assert index.sync(url).changed == (article_id,)


def test_a_feed_brings_its_pages_and_forgets_nothing(index: Index, site: Site) -> None:
    for name in ("ankara", "izmir", "bursa"):
        site.pages[f"/{name}"] = page(name.title())
    site.pages["/rss"] = feed(*(entry(site.url(f"/{n}"), f"{n} haberi") for n in ("ankara", "izmir")), etag='"1"')
    assert counts(index.sync(site.url("/rss"))) == {"added": 2}
    assert {article.title for article in index.articles()} == {"ankara haberi", "izmir haberi"}
    assert {str(article.published) for article in index.articles()} == {"2025-12-23"}
    assert sorted(site.asked()) == ["/ankara", "/izmir", "/rss"]
    assert counts(index.sync(site.url("/rss"))) == {"unchanged": 2}
    assert site.asked() == ["/rss"], "the server says that nothing is new"
    site.pages["/rss"] = feed(*(entry(site.url(f"/{n}"), f"{n} haberi") for n in ("bursa", "izmir")), etag='"2"')
    assert counts(index.sync(site.url("/rss"))) == {"added": 1, "unchanged": 2}
    assert sorted(site.asked()) == ["/bursa", "/rss"], "what is known is not fetched again"
    assert len(index) == 3


def test_pages_that_were_read_are_not_held(index: Index, site: Site) -> None:
    """A feed may have a thousand, of megabytes each."""
    site.pages["/ankara"] = page("Ankara")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara"))
    with DocumentReader() as reader, index.open_fetcher() as fetcher:
        source = AddressSource(site.url("/rss"), reader, fetcher, interval_s=3600)
        assert counts(index.sync(source)) == {"added": 1}
        gc.collect()
        held = [each for each in gc.get_objects() if type(each) is Fetched and each.url == site.url("/ankara")]
        assert held
        assert [each for each in held if each.data] == []


def test_an_entry_that_was_removed_by_hand_does_not_come_back(index: Index, site: Site) -> None:
    site.pages["/ankara"] = page("Ankara")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara"))
    (article_id,) = index.sync(site.url("/rss")).added
    index.remove([article_id])
    assert counts(index.sync(site.url("/rss"))) == {}
    assert len(index) == 0


def test_an_entry_that_was_written_anew_is_fetched_again(index: Index, site: Site) -> None:
    site.pages["/ankara"] = page("Ankara")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara"))
    (article_id,) = index.sync(site.url("/rss")).added
    site.pages["/ankara"] = page("Ankara Çankaya")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara: son durum"))
    assert index.sync(site.url("/rss")).changed == (article_id,)
    assert index.articles()[0].title == "Ankara: son durum"


def test_what_the_feed_carries_serves_where_its_page_cannot_be_had(index: Index, site: Site) -> None:
    content = STORY.format("Ankara").replace("<", "&lt;").replace(">", "&gt;")
    site.pages["/rss"] = feed(
        entry(site.url("/gitti"), "Ankara bütçesi", content), entry(site.url("/o-da"), "Hiçbir şey")
    )
    changes = index.sync(site.url("/rss"))
    assert counts(changes) == {"added": 1, "failed": 1}
    assert "Toplantı altı saat sürdü" in index.articles()[0].text
    (place,) = changes.failed
    assert place == site.url("/o-da")
    assert "404" in changes.failed[place]
    assert "okunamıyor" in changes.errors[place].message("tr")


def test_a_page_that_cannot_be_had_is_tried_again_although_its_feed_is_the_same(index: Index, site: Site) -> None:
    site.pages["/ankara"], site.pages["/izmir"] = page("Ankara"), response(status=500)
    site.pages["/rss"] = feed(*(entry(site.url(f"/{n}"), f"{n} haberi") for n in ("ankara", "izmir")), etag='"1"')
    assert counts(index.sync(site.url("/rss"))) == {"added": 1, "failed": 1}
    site.pages["/izmir"] = page("İzmir")
    assert counts(index.sync(site.url("/rss"))) == {"added": 1, "unchanged": 1}
    site.asked()
    assert counts(index.sync(site.url("/rss"))) == {"unchanged": 2}
    assert site.asked() == ["/rss"], "now that all is there the feed's own word is taken again"


def test_a_feed_that_cannot_be_had_keeps_what_it_brought(index: Index, site: Site, tmp_path: Path) -> None:
    (tmp_path / "haberler").mkdir()
    (tmp_path / "haberler" / "a.txt").write_text(make_article(1).text, encoding="utf-8")
    site.pages["/ankara"] = page("Ankara")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara"))
    sources = (tmp_path / "haberler", site.url("/rss"))
    assert counts(index.sync(*sources)) == {"added": 2}
    site.pages["/rss"] = response(status=500)
    (tmp_path / "haberler" / "a.txt").unlink()
    changes = index.sync(*sources)
    assert counts(changes) == {"removed": 1, "unchanged": 1, "failed": 1}
    assert list(changes.failed) == [site.url("/rss")]


def test_the_same_story_in_a_feed_and_a_folder_is_one_article(index: Index, site: Site, tmp_path: Path) -> None:
    site.pages["/ankara"] = page("Ankara")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara"))
    index.sync(site.url("/rss"))
    (tmp_path / "haberler").mkdir()
    (tmp_path / "haberler" / "a.md").write_text(index.articles()[0].text, encoding="utf-8")
    index.sync(tmp_path / "haberler", site.url("/rss"))
    assert len(index) == 1


def test_a_folder_that_is_synced_by_itself_takes_nothing_from_the_feeds(
    index: Index, site: Site, tmp_path: Path
) -> None:
    site.pages["/ankara"] = page("Ankara")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara"))
    index.sync(site.url("/rss"))
    (tmp_path / "haberler").mkdir()
    (tmp_path / "haberler" / "a.txt").write_text(make_article(1).text, encoding="utf-8")
    assert counts(index.sync(tmp_path / "haberler")) == {"added": 1, "unchanged": 1}
    (tmp_path / "haberler" / "a.txt").unlink()
    assert counts(index.sync(tmp_path / "haberler")) == {"removed": 1, "unchanged": 1}
    (tmp_path / "haberler" / "a.txt").write_text(make_article(1).text, encoding="utf-8")
    index.sync(tmp_path / "haberler")
    assert counts(index.sync(site.url("/rss"))) == {"unchanged": 1}
    assert len(index) == 2, "nor does a feed by itself take what came from a folder"


def test_a_feed_is_not_asked_before_its_time(index: Index, site: Site) -> None:
    site.pages["/ankara"] = page("Ankara")
    site.pages["/rss"] = feed(entry(site.url("/ankara"), "Ankara"))
    with DocumentReader() as reader, index.open_fetcher() as fetcher:
        source = AddressSource(site.url("/rss"), reader, fetcher, interval_s=3600)
        assert counts(index.sync(source)) == {"added": 1}
        site.asked()
        assert counts(index.sync(source)) == {"unchanged": 1}
        assert site.asked() == []


@pytest.mark.parametrize("allowed", ["", "10.0.0.0/8"])
def test_private_addresses_are_refused_unless_they_are_allowed(tmp_path: Path, site: Site, allowed: str) -> None:
    site.pages["/ankara"] = page("Ankara")
    with open_index(tmp_path / "library", allowed_hosts=allowed) as index:
        changes = index.sync(site.url("/ankara"))
        assert counts(changes) == {"failed": 1}
        assert site.asked() == []
        for url in ("file:///etc/passwd", "ftp://example.org/x"):
            assert counts(index.sync(url)) == {"failed": 1}


def test_a_list_of_allowed_hosts_that_cannot_be_one_names_the_setting(tmp_path: Path) -> None:
    index = open_index(tmp_path / "library", allowed_hosts="10.0.0.0/99")
    with pytest.raises(SettingsError, match="HABERCI_ALLOWED_HOSTS"):
        index.sync("http://example.org/")


def test_a_password_in_an_address_is_sent_and_kept_nowhere(index: Index, site: Site) -> None:
    site.pages["/ankara"] = page("Ankara")
    url = site.url("/ankara").replace("http://", "http://ada:gizli@")
    changes = index.sync(url)
    assert counts(changes) == {"added": 1}
    assert site.server.requests[0].headers["authorization"].startswith("Basic ")
    assert counts(index.sync(url)) == {"unchanged": 1}
    site.pages.clear()
    assert counts(index.sync(url)) == {"unchanged": 1, "failed": 1}
    kept = [file.read_bytes() for file in index.folder.rglob("*") if file.is_file()]
    assert not any(b"gizli" in content for content in kept)
    assert "gizli" not in repr(index.articles()) + repr(index.status()) + repr(index.sync(url).failed)
