"""Feeds: every format and encoding, what malformed ones still tell, and bombs that do not go off."""

from __future__ import annotations

import pickle
import time
import tracemalloc
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import HaberciError
from index.sources.feeds import Entry, Feed, FeedError, find_feeds, is_feed, parse_feed

URL = "https://haber.example/rss/gundem.xml"
TURKISH = "Şişli'de çığ: İğdır'ın ılık günü"
SOON_S = 20.0


def rss(items: str, channel: str = "<title>Gündem</title>", attributes: str = "", encoding: str = "utf-8") -> bytes:
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<rss version="2.0" {attributes}><channel>{channel}'
    return f"{head}{items}</channel></rss>".encode(encoding)


def read(data: bytes, **options: str) -> Feed:
    return parse_feed(data, url=URL, **options)


def entry(item: str, attributes: str = "") -> Entry:
    (only,) = read(rss(f"<item>{item}</item>", attributes=attributes)).entries
    return only


# --- formats ----------------------------------------------------------------------------------------

RSS_20 = rss(
    """<item><title>Bir</title><link>https://haber.example/1</link><guid isPermaLink="false">no-1</guid>
    <pubDate>Tue, 23 Dec 2025 09:00:00 +0300</pubDate><description>Özet</description>
    <content:encoded><![CDATA[<p>Metin &amp; devamı</p>]]></content:encoded>
    <media:title>Resim</media:title><media:content url="https://haber.example/1.jpg"/></item>
    <item><title>İki</title><link>/2</link></item>""",
    "<title>Gündem</title><link>https://haber.example/</link><language>tr-TR</language>"
    "<image><title>Logo</title><url>https://haber.example/logo.png</url></image>",
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"',
)
RSS_091 = b"""<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>G&#252;ndem</title><language>tr</language>
<item><title>Bir</title><link>https://haber.example/1</link></item>
<item><title>&#304;ki</title><link>https://haber.example/2</link></item></channel></rss>"""
RSS_10 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://haber.example/"><title>Gündem</title>
<dc:language>tr</dc:language><items><rdf:Seq><rdf:li resource="https://haber.example/1"/></rdf:Seq></items></channel>
<item rdf:about="https://haber.example/1"><title>Bir</title><link>https://haber.example/1</link>
<dc:date>2025-12-23T09:00:00+03:00</dc:date></item>
<item rdf:about="https://haber.example/2"><title>İki</title><link>https://haber.example/2</link></item></rdf:RDF>""".encode()
RSS_090 = RSS_10.replace(b"http://purl.org/rss/1.0/", b"http://my.netscape.com/rdf/simple/0.9/")
ATOM_10 = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="tr"><title>Gündem</title>
<link rel="self" href="https://haber.example/atom.xml"/><link href="https://haber.example/"/>
<entry><id>tag:haber.example,2025:1</id><title type="html">&lt;b&gt;Bir&lt;/b&gt;</title>
<link rel="enclosure" href="https://haber.example/1.mp3"/><link rel="alternate" href="https://haber.example/1"/>
<published>2025-12-23T09:00:00+03:00</published><updated>2026-01-02T09:00:00Z</updated><author><name>Ada</name></author>
<summary>Özet</summary><content type="html">&lt;p&gt;Metin &amp;amp; devamı&lt;/p&gt;</content></entry>
<entry><title>İki</title><link href="/2"/></entry></feed>""".encode()
ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="tr"><title>Gündem</title>
<entry><id>1</id><title>Bir</title><link rel="alternate" type="text/html" href="https://haber.example/1"/>
<issued>2025-12-23T09:00:00Z</issued><content type="text/html" mode="escaped">&lt;p&gt;Metin&lt;/p&gt;</content></entry>
<entry><title>İki</title><link rel="alternate" type="text/html" href="https://haber.example/2"/></entry></feed>""".encode()
FORMATS = {
    "RSS 2.0": RSS_20,
    "RSS 0.91": RSS_091,
    "RSS 1.0": RSS_10,
    "RSS 0.90": RSS_090,
    "Atom": ATOM_10,
    "Atom 0.3": ATOM_03,
}
every_format = pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)


@every_format
def test_every_format_is_told_and_read(data: bytes) -> None:
    feed = read(data)
    assert is_feed(data, None)
    assert feed.title == "Gündem"
    assert feed.url == URL
    assert feed.language == "tr"
    assert [each.title for each in feed.entries] == ["Bir", "İki"]
    assert [each.url for each in feed.entries] == ["https://haber.example/1", "https://haber.example/2"]


@pytest.mark.parametrize("data", [RSS_20, RSS_10, ATOM_10, ATOM_03], ids=["RSS 2.0", "RSS 1.0", "Atom", "Atom 0.3"])
def test_dates_are_days_as_they_were_written(data: bytes) -> None:
    assert [each.published for each in read(data).entries] == [date(2025, 12, 23), None]


def test_rss_entries_carry_their_content_but_no_teaser() -> None:
    first, second = read(RSS_20).entries
    assert (first.id, first.html) == ("no-1", "<p>Metin &amp; devamı</p>")
    assert (second.id, second.html) == ("https://haber.example/2", None)


def test_atom_entries_carry_their_content_but_no_teaser() -> None:
    first, second = read(ATOM_10).entries
    assert (first.id, first.html) == ("tag:haber.example,2025:1", "<p>Metin &amp; devamı</p>")
    assert (second.id, second.html) == ("https://haber.example/2", None)


def test_atom_content_may_be_xhtml_or_plain() -> None:
    def html(content: str) -> str | None:
        entries = read(
            f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id>{content}</entry></feed>'.encode()
        ).entries
        return entries[0].html if entries else None

    xhtml = '<x:div xmlns:x="http://www.w3.org/1999/xhtml"><x:p>Bir &lt; <x:br/>iki</x:p></x:div>'
    assert html(f'<content type="xhtml">{xhtml}</content>') == "<div><p>Bir &lt; <br>iki</p></div>"
    assert html("<content>Bir &lt; iki\n\nÜç</content>") == "<p>Bir &lt; iki</p><p>Üç</p>"
    assert html("<summary>Bir &lt; iki</summary>") == "<p>Bir &lt; iki</p>"
    assert html('<content type="image/png">iVBORw0KGgo=</content>') is None


# --- encodings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-9", "windows-1254"])
@pytest.mark.parametrize("content_type", [None, "text/xml", "application/rss+xml"])
def test_turkish_letters_are_right_in_every_encoding(encoding: str, content_type: str | None) -> None:
    data = rss(f"<item><title>{TURKISH}</title><link>https://haber.example/1</link></item>", encoding=encoding)
    assert is_feed(data, content_type)
    assert parse_feed(data, url=URL, content_type=content_type).entries[0].title == TURKISH


@pytest.mark.parametrize("options", [{"charset": "iso-8859-9"}, {"content_type": "text/xml; charset=Windows-1254"}])
def test_the_servers_charset_counts_when_the_feed_names_none(options: dict[str, str]) -> None:
    item = f"<rss><channel><item><title>{TURKISH}</title><link>/1</link></item></channel></rss>"
    assert read(item.encode("windows-1254"), **options).entries[0].title == TURKISH


def test_a_wrong_charset_does_not_make_mojibake_of_utf_8() -> None:
    data = rss(f"<item><title>{TURKISH}</title><link>/1</link></item>").replace(b'"utf-8"', b'"iso-8859-1"')
    assert read(data, charset="windows-1252").entries[0].title == TURKISH


# --- what is a feed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"<", b"rss", b"<html><body><rss></body></html>", b"<!DOCTYPE html><html><head><title>rss</title>",
     b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><p>a</p></html>',
     b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>a</loc></url></urlset>',
     b'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', b'{"version": "https://jsonfeed.org/version/1"}',
     b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:foaf="http://xmlns.com/foaf/0.1/"/>',
     b'<feed xmlns="http://example.org/animals"><hay/></feed>', b"<rssfeed/>", b"<!-- <rss> --><html/>",
     b"%PDF-1.7 <rss>", b"\x89PNG\r\n\x1a\n\x00\x00", b"<svg><rss/></svg>", b"<!DOCTYPE rss [", b"<!-- <rss>"],
)  # fmt: skip
def test_what_is_no_feed_is_refused_by_name(data: bytes) -> None:
    assert not is_feed(data, "text/html; charset=utf-8")
    assert not is_feed(data, None)
    with pytest.raises(FeedError) as caught:
        parse_feed(data, url="https://ada:gizli@haber.example/a")
    assert isinstance(caught.value, HaberciError)
    assert str(caught.value).startswith("https://haber.example/a cannot be read as a feed: ")
    assert caught.value.message("tr").startswith("https://haber.example/a haber akışı olarak okunamıyor: ")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    "before",
    ["\ufeff", "\n \t", '<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?>', "<!-- <rss> a > b --> \n<!-- c -->",
     "<!DOCTYPE rss>", '<!DOCTYPE rss [<!ENTITY a "b">\n<!ENTITY % c SYSTEM "file:///etc/passwd">]>'],
)  # fmt: skip
def test_what_may_stand_before_a_feed(before: str) -> None:
    data = f"{before}<RSS><channel><item><link>https://a.example/</link></item></channel></RSS>".encode()
    assert is_feed(data, "text/html")
    assert len(read(data).entries) == 1


def test_a_servers_warning_may_stand_before_what_is_served_as_a_feed() -> None:
    data = b"<br />\n<b>Warning</b>: date() in <b>/var/www/rss.php</b><br />\n" + RSS_20
    assert not is_feed(data, "text/html")
    assert is_feed(data, "application/rss+xml; charset=utf-8")
    assert len(read(data, content_type="application/rss+xml; charset=utf-8").entries) == 2


def test_an_empty_feed_has_no_entries() -> None:
    assert read(rss("", "")) == Feed(None, URL, None, ())


@pytest.mark.parametrize(
    ("said", "language"),
    [("tr", "tr"), ("TR_tr", "tr"), ("en-us", "en"), ("de", None), ("", None), ("trk", None), ("english", None)],
)
def test_a_feeds_language(said: str, language: str | None) -> None:
    assert read(rss("", f"<language>{said}</language>")).language == language


# --- links and ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "url"),
    [("haber/1", "https://haber.example/rss/haber/1"), ("/haber/ş?a=1&amp;b=2#c", "https://haber.example/haber/ş?a=1&b=2#c"),
     ("//b.example/1", "https://b.example/1"), ("  \n http://b.example/1 \t", "http://b.example/1"),
     ("<![CDATA[https://b.example/?a=1&b=2]]>", "https://b.example/?a=1&b=2")],
)  # fmt: skip
def test_links_are_absolute(link: str, url: str) -> None:
    assert entry(f"<link>{link}</link>").url == url


def test_links_are_taken_from_where_the_feed_says() -> None:
    data = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/c/"><entry>
    <link href="1"/></entry><entry xml:base="d/"><link rel="alternate" type="text/plain" href="2"/></entry></feed>"""
    assert [each.url for each in read(data.encode()).entries] == ["https://b.example/c/1", "https://b.example/c/d/2"]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "data:,a", "mailto:a@b.example", "http://[", "", "/" * 5000]
)
def test_what_is_no_web_address_is_no_link(link: str) -> None:
    assert read(rss(f"<item><title>a</title><link>{link}</link></item>")).entries == ()
    assert entry(f"<title>a</title><link>{link}</link><description>b</description>").url is None


def test_a_guid_is_a_link_when_it_is_an_address() -> None:
    assert entry("<guid>https://haber.example/7</guid>").url == "https://haber.example/7"
    assert entry("<guid>7</guid><description>a</description>") == Entry(None, "7", None, None, "a")


def test_entries_with_neither_link_nor_content_are_left_out() -> None:
    assert (
        read(rss("<item><title>a</title><guid>1</guid></item><item/><item><description> </description></item>")).entries
        == ()
    )


def test_without_a_link_the_description_is_all_there_is() -> None:
    one = entry("<title>a</title><description>&lt;p&gt;b&lt;/p&gt;</description>")
    assert (one.url, one.html) == (None, "<p>b</p>")
    assert one.id.startswith("sha256:")
    assert one == entry("<title>a</title><description>&lt;p&gt;b&lt;/p&gt;</description>")
    assert one.id != entry("<title>b</title><description>&lt;p&gt;b&lt;/p&gt;</description>").id


def test_the_same_entry_comes_once() -> None:
    items = [("1", "/1"), ("1", "/2"), ("2", "/1"), ("3", "/3"), ("https://haber.example/3", "/4"), ("5", "/3")]
    data = rss("".join(f"<item><guid>{guid}</guid><link>{link}</link></item>" for guid, link in items))
    assert [each.id for each in read(data).entries] == ["1", "3"]


def test_at_most_a_thousand_entries_are_read() -> None:
    data = rss("".join(f"<item><title>{n}</title><link>/{n}</link></item>" for n in range(1500)))
    assert [each.title for each in read(data).entries] == [str(n) for n in range(1000)]


# --- titles and dates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "title"),
    [("Ara &amp; bul", "Ara & bul"), ("&lt;b&gt;Son&lt;/b&gt; dakika", "Son dakika"),
     ("<![CDATA[<i>Son</i> &nbsp; dakika]]>", "Son dakika"), ("A &amp;amp; B &amp;#39;C&amp;#x2019;", "A & B 'C’"),
     ("5 &lt; 6 &gt; 4", "5 < 6 > 4"),
     ("  iki \n satır ", "iki satır"), ("&lt;!-- a --&gt;Bir", "Bir"), ("&#304;zmir", "İzmir"),
     ("<b>Son</b> dakika", "Son dakika"), ("a\u00adb", "a\u00adb")],
)  # fmt: skip
def test_titles_are_plain_text(written: str, title: str) -> None:
    assert entry(f"<title>{written}</title><link>/1</link>").title == title


def test_titles_are_bounded_and_never_blank() -> None:
    assert len(entry(f"<title>{'uzun ' * 500}</title><link>/1</link>").title or "") <= 500
    for blank in ("", " ", "&lt;br&gt;", "&amp;nbsp;"):
        assert entry(f"<title>{blank}</title><link>/1</link>").title is None


@pytest.mark.parametrize(
    ("written", "day"),
    [("Tue, 23 Dec 2025 01:30:00 +0300", date(2025, 12, 23)), ("Tue, 23 Dec 2025 22:00:00 EST", date(2025, 12, 23)),
     ("2025-12-23T23:30:00-05:00", date(2025, 12, 23)), ("2025-12-23", date(2025, 12, 23)),
     ("23 Dec 2025", date(2025, 12, 23)), ("0001-01-01", None), ("1766480000", None),
     ("Sal, 23 Ara 2025 01:30:00 +0300", date(2025, 12, 23)), ("3 Şubat 2026 Salı, 18:30", date(2026, 2, 3)),
     ("Pzt, 04 AĞU 2025 09:00", date(2025, 8, 4)), ("23.12.2025 18:30", date(2025, 12, 23)),
     ("1.2.2026", date(2026, 2, 1)), ("32.12.2025", None), ("31 Şubat 2025", None), ("31 Feb 2025", None),
     ("23 Foo 2025", None), ("dün", None), ("", None),
     ("Tue, 99 Dec 99999 99:99:99 +9999", None), ("9" * 100, None)],
)  # fmt: skip
def test_dates(written: str, day: date | None) -> None:
    assert entry(f"<link>/1</link><pubDate>{written}</pubDate>").published == day


def test_the_last_change_dates_what_has_no_other_date() -> None:
    updated = "<link href='/1'/><updated>2025-12-23T09:00:00Z</updated>"
    data = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry>{updated}<published>?</published></entry></feed>"
    assert read(data.encode()).entries[0].published == date(2025, 12, 23)


# --- malformed feeds --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "title"),
    [("<item><title>AT&T &nbsp; &copy; &yok;</title><link>/1?a=1&b=2</link></item>", "AT&T © &yok;"),
     ("<item><title>5 < 6</title><link>/1?a=1&b=2</link></item>", "5 < 6"),
     ("<item><title>a\x0bb\x1fc&#11;</title><link>/1?a=1&b=2</link></item>", "abc"),
     ("<item><title>a</title><description>b<br>c</description><link>/1?a=1&b=2</link></item>", "a"),
     ("<item><title>a</title><link>/1?a=1&b=2</link>", "a"),
     ("<item><title>a</title><link>/1?a=1&b=2</link><description>b", "a"),
     ("<item><title><![CDATA[a & b]]></title><link>/1?a=1&b=2</link><description><![CDATA[c", "a & b"),
     ("<item><dc:creator>x</dc:creator><title>a</title><link>/1?a=1&b=2</link><o:p>&</o:p></item>", "a"),
     ("<ITEM><TITLE>a</TITLE><LINK>/1?a=1&b=2</LINK></ITEM>", "a"),
     ("</item><item><title>a</title><link>/1?a=1&b=2</link></item></channel></rss><rss>", "a")],
)  # fmt: skip
def test_malformed_feeds_are_read(item: str, title: str) -> None:
    feed = read(rss(item))
    assert [(each.title, each.url) for each in feed.entries] == [(title, "https://haber.example/1?a=1&b=2")]
    assert feed.title == "Gündem"


def test_what_is_cdata_stays_as_it_is_in_a_malformed_feed() -> None:
    one = entry(
        "<title>&nbsp;</title><link>/1</link><content:encoded><![CDATA[<p>a & b &nbsp;<br></p>]]></content:encoded>"
    )
    assert one.html == "<p>a & b &nbsp;<br></p>"


def test_unclosed_entries_come_apart() -> None:
    data = rss("<item><title>1</title><link>/1</link><item><title>2</title><link>/2</link><item><link>/3</link>")
    assert [each.url for each in read(data).entries] == [f"https://haber.example/{n}" for n in (1, 2, 3)]
    atom = "".join(f"<entry><link href='/{n}'/><content type='xhtml'><p>{n}</p>" for n in (1, 2))
    data = f"<feed xmlns='http://www.w3.org/2005/Atom'>{atom}".encode()
    assert [each.html for each in read(data).entries] == ["<p>1</p>", "<p>2</p>"]


@given(st.binary(max_size=300), st.integers(0, 2000))
@settings(max_examples=200, deadline=None)
def test_a_damaged_feed_is_read_or_refused(noise: bytes, at: int) -> None:
    for whole in (RSS_20, ATOM_10):
        data = whole[: at % len(whole)] + noise + whole[at % len(whole) + len(noise) :]
        is_feed(data, None)
        find_feeds(data, URL)
        try:
            feed = read(data)
        except FeedError:
            continue
        assert all(each.url or each.html for each in feed.entries)


_names = st.sampled_from(["item", "entry", "title", "link", "guid", "id", "content", "description", "updated",
                          "content:encoded", "channel", "p", "dc:date", "o:p", "svg", "a:", "rss"])  # fmt: skip
_pieces = st.one_of(
    _names.map("<{}>".format), _names.map("</{}>".format), _names.map("<{} type='xhtml' href='a'/>".format),
    st.text(max_size=5),
    st.sampled_from(["<![CDATA[", "]]>", "<!--", "-->", "<?a", "<!DOCTYPE a [", "<title type='&#11;'>"]),
    st.sampled_from(["&#99999999999;", "&#x110000;", "&#11;", "<x:a:b>", "<y xmlns='z'>", "<x:p xmlns:x='z'>"]),
)  # fmt: skip


@given(
    st.lists(_pieces, max_size=40), st.sampled_from(["<rss>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<x:rss>"])
)
@settings(max_examples=300, deadline=None)
def test_whatever_tags_come_they_are_read_or_refused(pieces: list[str], root: str) -> None:
    try:
        read((root + "".join(pieces)).encode("utf-8", "replace"))
    except FeedError as error:
        str(error)


# --- bombs ------------------------------------------------------------------------------------------


def soon(data: bytes) -> Feed | None:
    """``data`` read within bounds of time; None when it is refused."""
    began = time.monotonic()
    try:
        return read(data)
    except FeedError:
        return None
    finally:
        assert time.monotonic() - began < SOON_S


def test_billion_laughs_are_never_laughed() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    item = "<item><link>/1</link><title>&l11;</title></item>"
    data = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]><rss><channel>{item}</channel></rss>'.encode()
    read(rss(item))  # what is imported once is imported
    tracemalloc.start()
    feed = soon(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert feed is not None
    assert feed.entries[0].title == "&l11;"
    assert peak < 2_000_000


@pytest.mark.parametrize(
    "doctype",
    ['<!DOCTYPE rss [<!ENTITY x "]>">%s]>', '<!DOCTYPE rss [<!ENTITY x "<rss>">%s]>', "<!DOCTYPE rss [<!-- ]> -->%s]>",
     '<?a ?><!DOCTYPE rss SYSTEM "a[b" [%s]>', "%s"],
)  # fmt: skip
def test_entities_are_not_expanded_however_they_hide(doctype: str) -> None:
    entities = '<!ENTITY a "%s"><!ENTITY f SYSTEM "file:///etc/passwd">' % ("ha" * 50_000)
    item = "<item><link>/1</link><title>&f;" + "&a;" * 20_000 + "</title></item>"
    for content_type in ("text/xml", "application/rss+xml"):
        data = (doctype % entities + "<rss><channel>" + item + "</channel></rss>").encode()
        try:
            feed = read(data, content_type=content_type)
        except FeedError:
            continue
        assert all("ha" not in (each.title or "") and "root:" not in (each.title or "") for each in feed.entries)


BOMBS = {
    "categories": rss("<item>" + "<category>a%d</category>" * 60_000 % tuple(range(60_000)) + "</item>"),
    "links": rss("<item>" + "<link>/a</link>" * 100_000 + "</item>"),
    "deep": rss("<a>" * 400_000),
    "entries in entries": rss("<item><description>" * 200_000),
    "all in all": b"<rss>" + b"<item><link>/1</link><description>" * 80 + b"a" * 9_000_000,
    "comments in a title": rss("<item><title>" + "&lt;!-- " * 200_000 + "</title><link>/1</link></item>"),
    "tag in a title": rss("<item><title>&lt;" + "a " * 3_000_000 + "</title><link>/1</link></item>"),
    "CDATA": rss("<![CDATA[" * 300_000),
    "comments": rss("<!--" * 400_000),
    "ampersands": rss("<item><title>" + "&" * 1_400_000),
    "attributes": rss("<item " + "a='1' " * 300_000),
    "breaks": rss("<br " * 400_000),
    "less": rss("<" * 400_000),
    "comments before": b"<!--" * 1_000_000,
    "instructions before": b"<?" * 1_000_000,
    "doctypes before": b"<!DOCTYPE [" * 500_000,
    "roots": b"<rss " * 400_000,
    "date": rss("<item><link>/1</link><pubDate>" + "1 " * 1_000_000 + "</pubDate></item>"),
    "link": rss("<item><link>" + "../" * 1_000_000 + "</link></item>"),
    "guid": rss("<item><guid>" + "[" * 3_000_000 + "</guid></item>"),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_feeds_that_would_take_forever_do_not(data: bytes) -> None:
    assert len(data) < 20_000_000
    soon(data)


def test_too_much_of_anything_is_refused() -> None:
    with pytest.raises(FeedError, match="larger than 20 MB"):
        read(b"<rss>" + b" " * 20_000_000)
    for much in (b"<a/>" * 600_000, b"&" * 2_000_000):
        with pytest.raises(FeedError, match="too many tags"):
            read(b"<rss>" + much)


# --- the feeds of a page ----------------------------------------------------------------------------


def test_a_page_names_its_feeds() -> None:
    page = f"""<!doctype html><html><head><base href="/en/"><title>{TURKISH}</title>
    <link rel="stylesheet" href="a.css"><link rel="alternate" hreflang="en" href="/en">
    <LINK REL="Alternate Home" TYPE="Application/RSS+XML; charset=utf-8" HREF="rss?a=1&amp;b=ş">
    <link rel=alternate type=application/atom+xml href=https://b.example/atom.xml>
    <link rel="alternate" type="application/rss+xml" href="rss?a=1&b=ş"><link rel="feed" type="text/xml" href=" /c ">
    <!-- <link rel="alternate" type="application/rss+xml" href="/yorum"> -->
    <script>'<link rel="alternate" type="application/rss+xml" href="/betik">'</script>
    <link rel="alternate" type="application/json+oembed" href="/oembed">
    <link rel="alternate" type="application/rss+xml">
    <link rel="alternate" type="application/rss+xml" href="javascript:1"></head><body></body></html>"""
    assert find_feeds(page.encode(), "https://haber.example/tr/a") == [
        "https://haber.example/en/rss?a=1&b=ş", "https://b.example/atom.xml", "https://haber.example/c",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "page", [b"", b"   ", b"\x00", b"a", b"<", b"<!-- a", b"%PDF-1.7", b"\xff\xfe\x00\xd8", RSS_20]
)
def test_a_page_without_feeds_names_none(page: bytes) -> None:
    assert find_feeds(page, URL) == []


def test_at_most_twenty_feeds_of_a_page_are_named() -> None:
    page = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{n}">' for n in range(100))
    assert find_feeds(page.encode(), URL) == [f"https://haber.example/{n}" for n in range(20)]
