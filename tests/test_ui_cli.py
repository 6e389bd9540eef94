"""The terminal: real commands on a real library with the real packaged model."""

from __future__ import annotations

import json
import os
import re
import signal
import string
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot import Chatbot, Citation
from docs.generate_cli import PAGE, page
from index import LANGUAGES, Article, Index, Language, Settings, seed_articles
from index.embedding import Embedder
from index.packaged_model import packaged_model_folder
from tests.fakes_index import ROOT
from ui import cli
from ui.cli_strings import EXIT_CODES, TEXTS, exit_codes, terminal_language

HABERCI = Path(sys.executable).with_name("haberci")
SEED_ID = "2025-12-23-kazakistan-baris-gorusmeleri"
QUESTION = "Where might Putin and Zelenskyy meet?"
UNANSWERED = "2022 Dünya Kupası'nı kim kazandı?"
HEAVY = ("torch", "chromadb", "gradio", "transformers", "sentence_transformers", "langchain_core", "tantivy")

Run = Callable[..., Any]

pytest_plugins = ["tests.cli_fixtures"]


@pytest.fixture(scope="module")
def asked_home(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, embedder: Embedder) -> Path:
    """A library that the shipped article is in, for tests that only read it."""
    folder = tmp_path_factory.mktemp("asked")
    with Index.open(folder, settings=Settings(cache=cache_folder), embedder=embedder) as index:
        index.seed(seed_articles)
    return folder


def haberci(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own."""
    return subprocess.run(
        [HABERCI, *arguments], capture_output=True, encoding="utf-8", timeout=300, check=False, **more
    )


# --- texts ------------------------------------------------------------------------------------------


def placeholders(template: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_both_languages_say_everything() -> None:
    assert set(TEXTS) == set(LANGUAGES)
    assert list(TEXTS["tr"]) == list(TEXTS["en"])
    for key, english in TEXTS["en"].items():
        assert english.strip()
        assert TEXTS["tr"][key].strip()
        assert placeholders(TEXTS["tr"][key]) == placeholders(english), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_its_help_and_its_exit_codes(run: Run, language: Language) -> None:
    command = typer.main.get_command(cli.app)
    assert set(command.commands) == set(EXIT_CODES)  # type: ignore[attr-defined]
    for name in EXIT_CODES:
        result = run("--language", language, name, "--help")
        assert result.exit_code == 0
        shown = " ".join(result.stdout.split())
        assert TEXTS[language][f"help_{name}"] in shown
        assert TEXTS[language]["opt_help"] in shown
        for code, meaning in exit_codes(language, name).items():
            assert f"{code} {meaning}" in shown


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "tr_TR.UTF-8"}, "tr"),
        ([], {"LANG": "tr"}, "tr"),
        ([], {"LANG": "tr_TR.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LANG": "en_US.UTF-8", "LC_MESSAGES": "tr_TR"}, "tr"),
        ([], {"LANG": "tr_TR", "LC_ALL": ""}, "tr"),
        ([], {"LANG": "try"}, "en"),
        (["--language", "en", "list"], {"LANG": "tr_TR"}, "en"),
        (["--debug", "--language=tr"], {"LANG": "C"}, "tr"),
        (["--language"], {"LANG": "tr_TR"}, "en"),
        (["ask", "--language", "tr"], {"LANG": "C"}, "en"),
    ],
)
def test_the_language_of_messages(arguments: list[str], environment: dict[str, str], language: str) -> None:
    assert terminal_language(arguments, environment) == language


def test_the_documentation_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m docs.generate_cli"


# --- help, usage, errors ----------------------------------------------------------------------------


def test_help_loads_neither_model_nor_database_nor_page() -> None:
    code = f"""
import sys
from ui.cli import main
sys.argv = ["haberci", "--help"]
try:
    main()
finally:
    print([name for name in {HEAVY} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: haberci")
    assert result.stdout.splitlines()[-1] == "[]"
    assert result.stderr == ""


def test_the_installed_command_shows_help_and_version() -> None:
    assert "Usage: haberci" in haberci("--help").stdout
    assert re.fullmatch(r"haberci \d+\.\d+\.\d+\n", haberci("--version").stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["ask"],
        ["ask", "?!"],
        ["ask", "x" * 5000],
        ["ask", "Neden?", "--nonsense"],
        ["--language", "de", "list"],
        ["chat", "--port", "70000"],
        ["chat", "--host", " "],
        ["index"],
        ["nonsense"],
    ],
)
def test_wrong_usage_exits_with_2_before_anything_is_loaded(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(Index, "open", lambda *_, **__: pytest.fail("the library was opened"))
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "turkish", "english"),
    [
        ("list --bad", "--bad diye bir seçenek yok. Bkz. haberci list", "There is no option --bad. See: haberci list"),
        ("list --jso", "Şunu mu demek istediniz: --json? Bkz.", "There is no option --jso. Did you mean --json? See:"),
        ("lst", "'lst' diye bir komut yok. Şunu mu demek istediniz: list?", "There is no command 'lst'. Did you mean"),
        ("index", "FILE|FOLDER|URL eksik. Bkz. haberci index", "FILE|FOLDER|URL is missing. See: haberci index"),
        (
            "chat --port abc",
            "--port 0 ile 65535 arasında bir tam",
            "--port must be a whole number from 0 to 65535. See:",
        ),
        ("chat --port 70000", "--port 0 ile 65535 arasında bir", "--port must be a whole number from 0 to 65535. See:"),
        ("chat --port", "--port bir değer ister. Bkz. haberci --help", "--port needs a value. See: haberci --help"),
        (
            "watch --interval 0 .",
            "--interval dakika olarak en az 1",
            "--interval must be a number of minutes, at least",
        ),
        ("list --json=1", "--json değer almaz. Bkz.", "--json takes no value. See:"),
        (
            "ask two words",
            "Bu, 'haberci ask' komutunun aldığından fazla;",
            "That is more than 'haberci ask' takes; what",
        ),
        ("chat --host=", "--host: 127.0.0.1 gibi bir ad ya da adres gerekir. Bkz.", "--host: a name or an address is"),
    ],
)
def test_wrong_usage_is_one_line_in_the_users_language(run: Run, arguments: str, turkish: str, english: str) -> None:
    for language, said in (("tr", turkish), ("en", english)):
        result = run("--language", language, *arguments.split())
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr
        assert result.stderr.endswith(" --help\n")
        assert result.stderr.count("\n") == 1
    assert "--language must be en or tr." in run("--language", "de", *arguments.split()).stderr


def test_whatever_may_be_given_wrongly_has_its_text() -> None:
    group = typer.main.get_command(cli.app)
    params = [param for each in (group, *group.commands.values()) for param in each.params]  # type: ignore[attr-defined]
    checked = {param.name for param in params if param.type_descriptor.is_choice or param.type_descriptor.is_ranged}
    assert checked == {"language", "port", "interval_min"}
    assert {f"usage_{name}" for name in checked} <= set(TEXTS["en"])


def test_no_arguments_at_all_show_the_help_in_the_users_language(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    result = run()
    assert result.exit_code == 2
    assert TEXTS["tr"]["opt_language"] in " ".join(result.stderr.split())


def test_errors_are_one_line_in_the_users_language(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for language, said in (("en", "Check the folder's permissions"), ("tr", "Klasörün izinlerine")):
        result = run("--language", language, "list", "--home", str(tmp_path / "file" / "below"))
        assert result.exit_code == 3
        assert result.stdout == ""
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
    assert "Traceback" in run("--debug", "list", "--home", str(tmp_path / "file" / "below")).stderr


def test_a_bad_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HABERCI_MAX_CHUNK_TOKENS", "many")
    result = run("list")
    assert result.exit_code == 3
    assert "HABERCI_MAX_CHUNK_TOKENS" in result.stderr


def test_a_mistake_of_ours_does_not_pass_for_an_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Index, "open", lambda *_, **__: 1 / 0)
    result = run("ask", QUESTION)
    assert result.exit_code == 3
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run("--debug", "ask", QUESTION).stderr


def test_an_interrupt_exits_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> Index:
        raise KeyboardInterrupt

    monkeypatch.setattr(Index, "open", interrupted)
    result = run("--language", "tr", "list")
    assert result.exit_code == 130
    assert result.stderr.startswith("Durduruldu.")


def test_an_interrupt_while_the_modules_are_imported_exits_with_130_too() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, function = project["scripts"]["haberci"].split(":")
    code = f"""
import sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == "index":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from {module} import {function} as main
main()
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (130, b"", b"")


# --- ask --------------------------------------------------------------------------------------------


def test_ask_prints_the_answer_and_its_places(
    run: Run, asked_home: Path, cache_folder: Path, embedder: Embedder
) -> None:
    result = run("ask", QUESTION, "--home", str(asked_home))
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert result.stdout.startswith("According to the article (in its original Turkish):\n“")
    assert "23 December 2025" in result.stdout
    with Index.open(asked_home, settings=Settings(cache=cache_folder), embedder=embedder) as index:
        text = index.articles()[0].text
    places = re.findall(r"characters (\d+)-(\d+) of " + SEED_ID, result.stdout)
    assert places
    for start, end in places:
        assert " ".join(text[int(start) : int(end)].split()) in result.stdout


def test_ask_starts_a_library_that_nobody_has_written_to(run: Run, home: Path) -> None:
    assert run("list").stderr.startswith("Nobody has written to this library yet.")
    assert run("ask", QUESTION).exit_code == 0
    assert run("list").stdout.startswith(f"{SEED_ID}\t2025-12-23\ttr\t")


def test_ask_says_when_the_articles_do_not(run: Run, asked_home: Path) -> None:
    result = run("ask", UNANSWERED, "--home", str(asked_home))
    assert (result.exit_code, result.stdout) == (1, "Makaleler bu soruya yanıt vermiyor.\n")


def test_ask_as_json_prints_the_answer_and_nothing_else(run: Run, asked_home: Path) -> None:
    result = run("ask", "-", "--json", "--home", str(asked_home), input="Putin ve Zelenskyy nerede buluşabilir?\n")
    assert (result.exit_code, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert (answer["found"], answer["language"], answer["method"]) == (True, "tr", "quote")
    assert {citation["published"] for citation in answer["citations"]} == {"2025-12-23"}
    nothing = run("ask", UNANSWERED, "--json", "--home", str(asked_home))
    assert (nothing.exit_code, json.loads(nothing.stdout)["found"]) == (1, False)


@pytest.mark.parametrize("typed", ["", "\n", "x" * 100_000, b"kim kazand\xfd?"])
def test_ask_refuses_a_bad_question_on_standard_input(run: Run, typed: str | bytes) -> None:
    assert run("ask", "-", input=typed).exit_code == 2


def test_ask_in_a_locale_without_turkish_letters(home: Path, asked_home: Path) -> None:
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = haberci("ask", "ABD barış planını ne zaman sundu?", "--home", str(asked_home), env=plain)
    assert result.returncode == 0
    assert result.stdout.startswith("Makaleye göre:")
    assert result.stderr == ""


def test_colours_only_where_they_are_wanted(run: Run, asked_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colour = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7])m")
    arguments = ("list", "--home", str(asked_home))
    assert "\x1b" not in run(*arguments).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert colour.search(run(*arguments).stdout)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour.search(run(*arguments).stdout)


def test_the_words_that_answer_are_bold_and_nothing_else() -> None:
    quote = "Kar\n  pazartesi günü  başladı."
    at = quote.index("pazartesi")
    read = Citation(
        "a", quote, 40, 40 + len(quote), 7.0, answer_start=40 + at, answer_end=40 + at + len("pazartesi günü")
    )
    beside = Citation("a", "Okullar kapandı.", 0, 16, 6.0)
    lines = cli._quote_lines([read, beside])
    assert lines["“Kar pazartesi günü başladı.”"] == [("“Kar ", ""), ("pazartesi günü", "bold"), (" başladı.”", "")]
    assert lines["“Okullar kapandı.”"] == [("“Okullar kapandı.”", "")]
    # Without a reader the quotes stand out from what is said about them.
    assert cli._quote_lines([beside]) == {"“Okullar kapandı.”": [("“Okullar kapandı.”", "bold")]}


# --- list -------------------------------------------------------------------------------------------


def test_an_article_cannot_steer_the_terminal(run: Run, home: Path, cache_folder: Path, embedder: Embedder) -> None:
    with Index.open(home, settings=Settings(cache=cache_folder), embedder=embedder) as index:
        index.add([Article("evil\x1b[2J", "The bridge\x9b31m was closed on Sunday.", title="Title\x1b]0;hi\x07")])
    for arguments in (["list"], ["list", "--json"], ["ask", "When was the bridge closed?"]):
        shown = run(*arguments).stdout
        assert shown
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)
    assert json.loads(run("list", "--json").stdout)[0]["id"] == "evil\x1b[2J"


def test_a_reader_that_leaves_early_is_no_error(home: Path, asked_home: Path) -> None:
    process = subprocess.Popen(
        [HABERCI, "list", "--home", str(asked_home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(60) == 141


# --- model and chat ---------------------------------------------------------------------------------


def test_model_prints_the_folder(run: Run, cache_folder: Path) -> None:
    folder = str(packaged_model_folder(cache_folder).absolute())
    result = run("model")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{folder}\n", "")
    assert json.loads(run("model", "--json").stdout) == {"model": "packaged", "folder": folder}


def test_model_says_when_there_is_none(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HABERCI_MODEL", str(tmp_path / "none"))
    result = CliRunner().invoke(cli.app, ["model"])
    assert (result.exit_code, result.stdout) == (3, "")
    assert "there is no such folder" in result.stderr


@pytest.fixture
def chat(home: Path, asked_home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A chat that is served by a process of its own, and its address."""
    process = subprocess.Popen(
        [HABERCI, "chat", "--port", "0", "--home", str(asked_home)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.fullmatch(r"Haberci is ready, with 1 article: (http://127\.0\.0\.1:\d+/)\n", line)
            if found is None:
                process.kill()
                pytest.fail(f"{line!r} {process.communicate()}")
            yield process, found[1]
        finally:
            process.kill()


def test_chat_serves_the_page_until_ctrl_c(chat: tuple[subprocess.Popen[str], str], run: Run, asked_home: Path) -> None:
    process, url = chat
    with urllib.request.urlopen(url, timeout=60) as response:
        assert response.status == 200
        assert "Haberci" in response.read().decode("utf-8")

    busy = run("chat", "--port", url.rstrip("/").rpartition(":")[2], "--home", str(asked_home))
    assert (busy.exit_code, busy.stdout) == (3, "")
    assert "Choose another port with --port" in busy.stderr

    process.send_signal(signal.SIGINT)
    said, warned = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == ""
    assert warned.endswith("Ctrl-C stops it.\nStopped.\n")
    assert "Traceback" not in warned


@pytest.mark.parametrize("host", ["nope.invalid", "192.0.2.1", "1::zz", pytest.param("ş" * 100, id="long")])
def test_a_host_that_is_not_this_computer_is_named_before_anything_is_loaded(
    run: Run, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(Index, "open", lambda *_, **__: pytest.fail("the library was opened"))
    for language, said, more in (("en", "no such address", ["--port", "8123"]), ("tr", "böyle bir adresi yok", [])):
        result = run("--language", language, "chat", "--host", host, *more)
        assert (result.exit_code, result.stdout) == (3, "")
        assert said in result.stderr
        assert host in result.stderr
        assert "127.0.0.1" in result.stderr
        assert "--port" not in result.stderr
        assert result.stderr.count("\n") == 1


class UnservedPage:
    """Stands in for a served page; nobody visits it."""

    url = "http://127.0.0.1:7860/"

    def wait(self) -> None:
        return

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The options of each page that a command would have served."""
    options: list[dict[str, Any]] = []
    monkeypatch.setattr("ui.app.launch", lambda chatbot, **given: options.append(given) or UnservedPage())
    monkeypatch.setattr(Chatbot, "load", lambda self: None)
    return options


def test_chat_lets_visitors_add_only_when_told_to(run: Run, asked_home: Path, launched: list[dict[str, Any]]) -> None:
    for arguments, said in ((["--add"], "can use this page and add articles"), ([], "can use this page;")):
        result = run("chat", "--host", "0.0.0.0", "--home", str(asked_home), *arguments)
        assert result.exit_code == 0
        assert said in result.stderr
    assert [options["may_add"] for options in launched] == [True, False]


def test_a_watch_that_fails_is_said_and_the_page_goes_on(
    run: Run, asked_home: Path, launched: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABERCI_ALLOWED_HOSTS", "not a host!")
    result = run("chat", "--home", str(asked_home), "--watch", "https://example.org/rss")
    assert result.exit_code == 0
    assert "HABERCI_ALLOWED_HOSTS" in result.stderr
    assert result.stderr.endswith("Stopped.\n")


def test_chat_follows_folders_while_the_page_is_served(home: Path, tmp_path: Path) -> None:
    folder, missing = tmp_path / "news", tmp_path / "none"
    folder.mkdir()
    (folder / "museum.txt").write_text("The museum opened in Ankara on Monday. It shows 300 works.\n")
    process = subprocess.Popen(
        [HABERCI, "chat", "--port", "0", "--watch", str(folder), "--watch", str(missing)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Haberci is ready, with no articles yet")
            assert process.stdout.readline().startswith("added\t")
            assert process.stdout.readline().endswith("Articles in the library: 1.\n")
            (folder / "bridge.txt").write_text("The bridge was closed on Sunday. Nobody was hurt.\n")
            assert process.stdout.readline().endswith("\tThe bridge was closed on Sunday.\n")
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            said, warned = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, said) == (0, "")
    assert f"{missing} cannot be read" in warned
    assert warned.endswith("Watching. Ctrl-C stops it.\nStopped.\n")
    assert "Traceback" not in warned
