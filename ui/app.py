"""The web page: its layout, its events, and the server that carries it.

Gradio takes seconds to import, so it is imported by the functions that need it.
"""

from __future__ import annotations

import errno
import os
import socket
from importlib.resources import files
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from index import HaberciError

if TYPE_CHECKING:
    import gradio as gr

    from bot import Chatbot
    from ui.adding import Adding
    from ui.chat import Chat

TITLE = "Haberci"
FIRST_PORT, LAST_PORT = 7860, 7959
# Questions that are worked on at once; the others wait in line.
CONCURRENT_QUESTIONS = 4
MAX_WAITING = 100
# How often an open page asks whether the library has changed.
FOLLOW_S = 3.0

# Sent with every response: the page may load and call nothing but its own server. Gradio's scripts need
# the two "unsafe" sources.
CONTENT_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)

# The box takes the focus back after an answer, but not where that would open a keyboard over it.
FOCUS_QUESTION = (
    "() => { if (window.matchMedia('(pointer: fine)').matches)"
    " document.querySelector('#hb-question textarea')?.focus({ preventScroll: true }); }"
)
# The address box cannot keep the focus while it is closed for an addition; nobody who went elsewhere is called back.
FOCUS_ADDRESS = (
    "() => { if (document.activeElement === document.body)"
    " document.querySelector('#hb-address :is(input, textarea)')?.focus({ preventScroll: true }); }"
)
# What a screen reader is to read out whenever it changes.
STATUS = "element.setAttribute('role', 'status');"
CLEAR = "() => ''"


class PortError(HaberciError):
    """The server cannot listen where it was told to."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The page cannot be served at {host}:{port}: {reason}. Choose another port with --port, "
        "or leave it out to take a free one.",
        "tr": "Sayfa {host}:{port} adresinde sunulamıyor: {reason}. --port ile başka bir kapı seçin ya da "
        "boş bir kapı bulunması için yazmayın.",
    }


class HostError(HaberciError):
    """What the server was to listen at is no address of this computer."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The page cannot be served at {host}: this computer has no such address. Give --host a name or an "
        "address of this computer, such as 127.0.0.1.",
        "tr": "Sayfa {host} adresinde sunulamıyor: bu bilgisayarın böyle bir adresi yok. --host ile bu bilgisayarın "
        "bir adını ya da adresini verin, örneğin 127.0.0.1.",
    }


class RunningApp:
    """A served page. Use it in a ``with`` statement, or call :meth:`close`."""

    def __init__(self, blocks: gr.Blocks, url: str, chat: Chat, adding: Adding | None = None) -> None:
        self._blocks = blocks
        self._chat = chat
        self._adding = adding
        self.url = url

    def wait(self) -> None:
        """Serve until the process is interrupted (Ctrl-C), then close."""
        try:
            self._blocks.server.thread.join()
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Stop serving and free the port; break off an addition under way. A second call does nothing."""
        self._chat.close()
        self._blocks.close(verbose=False)
        if self._adding is not None:
            self._adding.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def launch(
    chatbot: Chatbot,
    host: str = "127.0.0.1",
    port: int | None = None,
    *,
    title: str | None = None,
    open_browser: bool = False,
    may_add: bool = False,
) -> RunningApp:
    """Serve the page in the background and return at once.

    ``port``: None takes the first free one from 7860 on, 0 any free one. ``may_add``: whoever reaches the page may
    put articles into the library, by the address of a page or feed. Nothing is printed, shared or sent
    anywhere; the page loads nothing from other hosts. Raises ValueError for a host or port that cannot be
    one, :class:`PortError` when the port is taken, :class:`HostError` when the host is not this computer.
    """
    if not isinstance(host, str) or not host.strip():
        raise ValueError(f"host must be a name or an address such as 127.0.0.1, not {host!r}")
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535):
        raise ValueError(f"port must be None or a whole number from 0 to 65535, not {port!r}")
    blocks, chat, adding = _build(chatbot, title, may_add=may_add)
    chosen = free_port(host, port)
    try:
        blocks.launch(
            server_name=host,
            server_port=chosen,
            inbrowser=open_browser,
            theme=_theme(),
            # Not as css=, which Gradio rewrites with a prefix that breaks rules about its own frame.
            head=f"<style>{_resource('style.css')}</style>",
            app_kwargs={"middleware": _middleware(), "docs_url": None, "redoc_url": None},
            prevent_thread_lock=True,
            quiet=True,
            inline=False,
            share=False,
            debug=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=[],
            max_file_size="1kb",
        )
    except OSError as error:
        blocks.close(verbose=False)
        raise PortError(host=host, port=chosen, reason=str(error)) from error
    return RunningApp(blocks, str(blocks.local_url), chat, adding)


def build_app(chatbot: Chatbot, *, title: str | None = None, may_add: bool = False) -> gr.Blocks:
    """The page around ``chatbot``, not yet served. :func:`launch` serves it with its style and its theme."""
    return _build(chatbot, title, may_add=may_add)[0]


def _build(chatbot: Chatbot, title: str | None, *, may_add: bool) -> tuple[gr.Blocks, Chat, Adding | None]:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Nobody is to be told that Haberci is used.
    import gradio as gr
    from gradio.events import api

    from ui.adding import Adding
    from ui.chat import Chat

    chat = Chat(chatbot, title or TITLE)
    adding = Adding(chatbot.index, chat.shelf) if may_add else None
    blocks = gr.Blocks(title=title or TITLE, analytics_enabled=False, fill_width=True)
    with blocks:
        # First, since the page's own events would otherwise take the name.
        api(chat.api_ask, api_name="ask", api_description="Answer a question about the articles in the library.")
        parts = _layout(may_add=may_add)
        _wire(blocks, parts, chat)
        if adding is not None:
            _wire_adding(blocks, parts, adding)
    blocks.queue(default_concurrency_limit=CONCURRENT_QUESTIONS, max_size=MAX_WAITING)
    return blocks, chat, adding


def _layout(*, may_add: bool) -> dict[str, Any]:
    """The components by name. They are filled when somebody arrives, in the language of their browser."""
    import gradio as gr

    plain: dict[str, Any] = {"apply_default_css": False, "padding": False}
    parts: dict[str, Any] = {"turns": gr.State([])}
    parts["masthead"] = gr.HTML("", elem_id="hb-head", js_on_load=_resource("masthead.js"), **plain)
    with gr.Row(elem_id="hb-layout", equal_height=False):
        with gr.Column(elem_id="hb-left", scale=6, min_width=280):
            parts["conversation"] = gr.HTML(
                "", elem_id="hb-conversation", js_on_load=_resource("conversation.js"), **plain
            )
            with gr.Row(elem_id="hb-composer", equal_height=True):
                parts["question"] = gr.Textbox(
                    label="Haberci", show_label=False, container=False, lines=1, max_lines=5, scale=8, min_width=120,
                    autofocus=True, elem_id="hb-question",
                )  # fmt: skip
                parts["send"] = gr.Button("", variant="primary", scale=0, min_width=72, elem_id="hb-send")
                parts["clear"] = gr.Button("", variant="secondary", scale=0, min_width=72, elem_id="hb-clear")
        with gr.Column(elem_id="hb-right", scale=5, min_width=280):
            # Apart, so that a library that changes never writes over what somebody is reading.
            parts["shelf"] = gr.HTML("", elem_id="hb-library", js_on_load=_resource("shelf.js"), **plain)
            parts["gone"] = gr.HTML("", elem_id="hb-news", js_on_load=STATUS, **plain)
            parts["panel"] = gr.HTML("", elem_id="hb-side", js_on_load=_resource("panel.js"), **plain)
            if may_add:
                with gr.Row(elem_id="hb-add", equal_height=True):
                    parts["address"] = gr.Textbox(
                        label="URL", lines=1, max_lines=1, scale=8, min_width=120, elem_id="hb-address"
                    )  # fmt: skip
                    parts["add"] = gr.Button("", variant="secondary", scale=0, min_width=72, elem_id="hb-add-send")
                parts["added"] = gr.HTML("", elem_id="hb-added", js_on_load=STATUS, **plain)
    parts["sight"] = gr.JSON(visible=False)
    parts["timer"] = gr.Timer(FOLLOW_S)
    return parts


def _wire(blocks: gr.Blocks, parts: dict[str, Any], chat: Chat) -> None:
    """Which event calls which function. Only the ``ask`` endpoint is open to programs."""
    import gradio as gr

    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    quick: dict[str, Any] = {**hidden, "concurrency_limit": None}
    turns, question, conversation, panel = (parts[name] for name in ("turns", "question", "conversation", "panel"))
    answered = [turns, conversation, panel, question, parts["send"]]

    blocks.load(
        chat.arrive,
        None,
        [parts["masthead"], conversation, parts["shelf"], question, parts["send"], parts["clear"]],
        **quick,
    )
    asked = gr.on([question.submit, parts["send"].click], chat.ask, [question, turns], answered, **hidden)
    chosen = conversation.example(chat.example, [turns], answered, **hidden)
    cleared = parts["clear"].click(chat.clear, None, answered, cancels=[asked, chosen], **quick)
    for event in (asked, chosen, cleared):
        event.then(None, js=FOCUS_QUESTION, **hidden)
    for part in (conversation, parts["shelf"], panel):
        part.show(chat.show, [turns], [panel], trigger_mode="always_last", **quick)
    # Not in the queue, where many open pages would keep questions waiting.
    parts["timer"].tick(
        chat.follow, [parts["sight"]], [parts["shelf"], parts["gone"]], js=_resource("sight.js"), queue=False, **quick
    )  # fmt: skip
    panel.change(None, None, [parts["gone"]], js=CLEAR, **hidden)


def _wire_adding(blocks: gr.Blocks, parts: dict[str, Any], adding: Adding) -> None:
    import gradio as gr

    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    address, send = parts["address"], parts["add"]
    told = [parts["added"], parts["shelf"], address, send]
    blocks.load(adding.arrive, None, [address, send], concurrency_limit=None, **hidden)
    waiting = gr.on([address.submit, send.click], adding.wait, [address], told, concurrency_limit=None, **hidden)
    added = waiting.then(adding.add, [address], told, concurrency_limit=1, **hidden)
    added.then(None, js=FOCUS_ADDRESS, **hidden)


def _theme() -> Any:
    import gradio as gr

    return gr.themes.Base(
        primary_hue="red",
        neutral_hue="stone",
        radius_size="sm",
        font=["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"],
        font_mono=["ui-monospace", "Consolas", "monospace"],
    ).set(body_background_fill="#f6f2ea", body_background_fill_dark="#161412")


def free_port(host: str, port: int | None) -> int:
    """``port``, or a free one when it is None or 0.

    Raises :class:`PortError` when it is taken, :class:`HostError` when no port of ``host`` can be listened on.
    """
    for candidate in range(FIRST_PORT, LAST_PORT + 1) if port is None else (port,):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), candidate))
            except (socket.gaierror, TypeError) as error:  # TypeError: what no name of a computer may hold
                raise HostError(host=host) from error
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise HostError(host=host) from error
                reason = error.strerror or str(error)
                continue
            return int(probe.getsockname()[1])
    raise PortError(host=host, port=port if port is not None else f"{FIRST_PORT}-{LAST_PORT}", reason=reason)


def _middleware() -> list[Any]:
    from starlette.middleware import Middleware

    return [Middleware(_ResponseHeaders)]


class _ResponseHeaders:
    """ASGI middleware that adds the content policy to every response."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"content-security-policy", CONTENT_POLICY.encode()),
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _resource(name: str) -> str:
    return (files("ui") / name).read_text(encoding="utf-8")
