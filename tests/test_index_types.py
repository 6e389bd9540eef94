"""Articles, errors and settings refuse what they cannot be, and say so in both languages."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import re
import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import index.errors
from index import Article, Changes, HaberciError, Passage, Sentence, Settings
from index.errors import ArticleError, ArticleFileError, LibraryBusyError, QuestionError, SettingsError


def all_errors() -> list[type[HaberciError]]:
    found, waiting = [], [HaberciError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__ == index.errors.__name__:
            found.append(kind)
    return sorted(found, key=lambda kind: kind.__name__)


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def example_of(kind: type[HaberciError]) -> HaberciError:
    if kind is ArticleFileError:
        return ArticleFileError(path="«path»", reason="«reason»", reason_tr="«reason_tr»")
    names = placeholders(kind.templates["en"]) | placeholders(kind.templates["tr"])
    return kind(**{name: 2.5 if name.endswith("_s") else f"«{name}»" for name in names})


# --- articles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", " \n", None, 5, b"a", "x" * 513, "\ud800", ["a"]])
def test_ids_that_cannot_be(value: object) -> None:
    with pytest.raises(ArticleError, match="An article's id cannot be"):
        Article(value, "Metin.")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", " \u00a0\r\n", None, 5, b"Metin.", "half \udfff"])
def test_texts_that_cannot_be(value: object) -> None:
    with pytest.raises(ArticleError, match="An article's text cannot be"):
        Article("a", value)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["title", "url", "source"])
@pytest.mark.parametrize("value", [5, b"a", "\udcff", ["a"]])
def test_other_fields_that_cannot_be(field: str, value: object) -> None:
    with pytest.raises(ArticleError, match=f"An article's {field} cannot be"):
        Article("a", "Metin.", **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["de", "TR", "", 1, ["tr"]])
def test_languages_that_cannot_be(value: object) -> None:
    with pytest.raises(ArticleError, match=r'"tr", "en" or None'):
        Article("a", "Metin.", language=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "dün", "2025-02-30", "23.12.2025", 20251223, 1.5, (2025, 12, 23)])
def test_dates_that_cannot_be(value: object) -> None:
    with pytest.raises(ArticleError, match="such as 2025-12-23"):
        Article("a", "Metin.", published=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        "2025-12-23",
        " 2025-12-23 ",
        "2025-12-23T23:59:59+03:00",
        date(2025, 12, 23),
        datetime(2025, 12, 23, 23, tzinfo=UTC),
    ],
)
def test_dates_that_can_be(value: object) -> None:
    article = Article("a", "Metin.", published=value)  # type: ignore[arg-type]
    assert type(article.published) is date
    assert article.published == date(2025, 12, 23)


def test_values_of_an_article_are_kept_as_they_are() -> None:
    text = "\ufeff İ\u0307ı \r\n\u00a0🙂 "
    article = Article("Ç/ğ: 1", text, title="", url="", source="")
    assert (article.id, article.text, article.title, article.url) == ("Ç/ğ: 1", text, "", "")
    with pytest.raises(dataclasses.FrozenInstanceError):
        article.text = "başka"  # type: ignore[misc]


def test_the_message_of_an_article_error_shows_the_value_and_is_short() -> None:
    with pytest.raises(ArticleError) as caught:
        Article(5, "Metin.")  # type: ignore[arg-type]
    assert "id cannot be 5:" in str(caught.value), "a number is not shown as a text"
    with pytest.raises(ArticleError) as caught:
        Article("x" * 100_000, "Metin.")
    assert len(str(caught.value)) < 300
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("value", [5, lambda: 0, b"\xff" * 100, object()])
def test_article_errors_travel_between_processes(value: object) -> None:
    with pytest.raises(ArticleError) as caught:
        Article(value, "Metin.")  # type: ignore[arg-type]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_values_travel_between_processes() -> None:
    sentence = Sentence("Metin.", 0, 6, 1.0)
    values = [
        Article("a", "Metin."),
        sentence,
        Passage("a", "Metin.", 0, 6, 1.0, "tr", sentences=(sentence,)),
        Changes(("a",)),
    ]
    assert pickle.loads(pickle.dumps(values)) == values


# --- errors -----------------------------------------------------------------------------------------


def test_every_error_is_one_of_the_family() -> None:
    kinds = {kind for kind in vars(index.errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds == set(all_errors())
    assert len(kinds) > 10


@pytest.mark.parametrize("kind", all_errors())
def test_errors_speak_both_languages_with_the_same_values(kind: type[HaberciError]) -> None:
    assert set(kind.templates) == {"en", "tr"}
    english, turkish = (placeholders(kind.templates[language]) for language in ("en", "tr"))
    assert english
    assert {name.removesuffix("_tr") for name in turkish} == english


@pytest.mark.parametrize("kind", all_errors())
def test_errors_show_their_values(kind: type[HaberciError]) -> None:
    error = example_of(kind)
    for language in ("en", "tr"):
        for name in placeholders(kind.templates[language]):
            assert ("2.5" if name.endswith("_s") else f"«{name}»") in error.message(language)
    assert str(error) == error.message("en") == error.message("fr")


@pytest.mark.parametrize("kind", all_errors())
def test_errors_pickle_and_copy(kind: type[HaberciError]) -> None:
    error = example_of(kind)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert again.values == error.values
        assert (str(again), again.message("tr")) == (str(error), error.message("tr"))


@pytest.mark.parametrize(
    "kind", [kind for kind in all_errors() if issubclass(kind, (ArticleError, QuestionError, SettingsError))]
)
def test_errors_of_arguments_are_value_errors(kind: type[HaberciError]) -> None:
    assert issubclass(kind, ValueError)


def test_messages_survive_braces_and_percent_signs_in_values() -> None:
    error = ArticleFileError(path="{0} %s {name}", reason="{}")
    assert "{0} %s {name}" in str(error)
    assert error.message("tr").endswith("{}.")


def test_a_time_in_a_message_has_no_idle_zeros() -> None:
    assert "within 60 s" in str(LibraryBusyError(folder="x", timeout_s=60.0))


def test_commands_and_settings_named_in_messages_are_the_same_in_both_languages() -> None:
    for kind in all_errors():
        names = [
            set(re.findall(r"HABERCI_\w+|haberci \w+|pip install [^.]+", kind.templates[lang])) for lang in ("en", "tr")
        ]
        assert names[0] == names[1], kind


# --- settings ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HABERCI_")]:
        monkeypatch.delenv(name)


def test_arguments_go_before_the_environment_and_that_before_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    default = Settings.read()
    assert (default.model, default.max_chunk_tokens, default.query_prefix) == ("packaged", 320, None)
    assert default.home.is_absolute()
    assert default.home != default.cache
    monkeypatch.setenv("HABERCI_MAX_CHUNK_TOKENS", "200")
    monkeypatch.setenv("HABERCI_HOME", "/tmp/Haber kitaplığı")
    monkeypatch.setenv("HABERCI_QUERY_PREFIX", "")
    read = Settings.read(max_chunk_tokens=None, cache="/tmp/c")
    assert (read.max_chunk_tokens, read.home, read.cache) == (200, Path("/tmp/Haber kitaplığı"), Path("/tmp/c"))
    assert read.query_prefix == "", "an empty prefix is not the same as none"
    assert Settings.read(max_chunk_tokens=100).max_chunk_tokens == 100


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_chunk_tokens", "abc"), ("max_chunk_tokens", "31"), ("max_chunk_tokens", "1.5"), ("lock_timeout_s", "0"),
     ("lock_timeout_s", "-1"), ("lock_timeout_s", "soon")],
)  # fmt: skip
def test_settings_that_cannot_be_name_the_variable_and_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"HABERCI_{name.upper()}", value)
    with pytest.raises(SettingsError) as caught:
        Settings.read()
    for language in ("en", "tr"):
        assert f"HABERCI_{name.upper()}" in caught.value.message(language)
        assert value in caught.value.message(language)
    monkeypatch.delenv(f"HABERCI_{name.upper()}")
    with pytest.raises(SettingsError, match=value):
        Settings.read(**{name: value})


def test_settings_do_not_change_and_touch_no_disk(tmp_path: Path) -> None:
    settings = Settings.read(home=tmp_path / "home", cache=tmp_path / "cache")
    with pytest.raises(ValueError):
        settings.model = "başka"  # type: ignore[misc]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["home", "cache"])
def test_an_empty_folder_setting_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = getattr(Settings.read(), name)
    monkeypatch.setenv(f"HABERCI_{name.upper()}", "")
    assert getattr(Settings.read(), name) == default
