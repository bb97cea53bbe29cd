"""Starting and stopping a sandbox: in a thread for tests and the demo, in the foreground for the command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import uvicorn

from leafcast.sandbox.app import build
from leafcast.sandbox.clock import SandboxClock
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.journal import Journal
from leafcast.sandbox.settings import SandboxSettings
from leafcast.sandbox.wire import protocol_for, stamping

LOOPBACK = "127.0.0.1"
USUAL_PORT = 8765
_START, _STOP, _ASK = 10.0, 10.0, 30.0
_DIRECT = build_opener(ProxyHandler({}))
"""Past any proxy of the environment: this machine is not on its other side."""

__all__ = ["LOOPBACK", "USUAL_PORT", "RunningSandbox", "SandboxSettings", "running", "serve"]


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that answers. `url` is also the address of its inbox page."""

    url: str
    settings: SandboxSettings = field(default_factory=SandboxSettings)

    @property
    def leaf_url(self) -> str:
        """For LEAF_API_URL."""
        return f"{self.url}/leaf"

    @property
    def sendgrid_url(self) -> str:
        """For SENDGRID_API_URL."""
        return f"{self.url}/sendgrid"

    @property
    def twilio_url(self) -> str:
        """For TWILIO_API_URL."""
        return f"{self.url}/twilio"

    @property
    def webhook_url(self) -> str:
        """For `webhook.url` of a campaign: the stand-in of the team's own application."""
        return f"{self.url}/app/links"

    @property
    def credentials(self) -> dict[str, str]:
        """The environment that a client of this sandbox needs, addresses included."""
        return self.settings.environment(self.url)

    @property
    def environment_lines(self) -> str:
        """The same as lines to paste into a shell."""
        return "\n".join(f"export {name}='{value}'" for name, value in self.credentials.items())

    def control(self, what: str, body: Any = None) -> Any:
        """Ask the control interface: GET without a body, POST with one. Raises ValueError for what makes no sense."""
        return json.loads(self._asked(what, body))

    def _asked(self, what: str, body: Any = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/control/{what}", data=data)  # noqa: S310 - our own loopback address
        try:
            with _DIRECT.open(request, timeout=_ASK) as answer:
                found: bytes = answer.read()
                return found
        except HTTPError as refused:
            with refused:
                raise ValueError(refused.read().decode()) from None

    def state(self) -> dict[str, Any]:
        """Everything that the sandbox received; see `control`."""
        told: dict[str, Any] = self.control("state")
        return told

    def snapshot(self) -> str:
        """The inbox as one HTML file that outlives the sandbox. It holds names, addresses and links."""
        return self._asked("snapshot").decode()

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """Put these fault switches in the place of all others; none clears them."""
        self.control("faults", list(rules))

    def advance(self, seconds: float) -> None:
        """Let time pass on the sandbox's clock."""
        self.control("clock", {"advance": seconds})

    def reset(self) -> None:
        """Forget everything but the journal."""
        self.control("reset", {})


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which says when it is ready and stops at once, whatever hangs."""

    def __init__(self, config: uvicorn.Config, desk: Desk, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._desk = desk
        self._ready = ready
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._ready()

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop. Clients that still wait see a reset."""
        self._desk.wires.reset_all()
        await super().shutdown(sockets)

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


def _prepared(settings: SandboxSettings, host: str, port: int) -> tuple[Desk, socket.socket]:
    """A sandbox and its listening socket. Raises OSError where the port is taken."""
    listener = _listening(host, port)
    shown = LOOPBACK if host in ("", "0.0.0.0", "localhost") else host  # noqa: S104 - compared, not bound
    url = f"http://{shown}:{listener.getsockname()[1]}"
    return Desk(settings, url, Journal(settings.journal), clock=SandboxClock(settings.speed)), listener


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket that names its protocol: only then does asyncio switch off Nagle's algorithm, which would
    hold back the body of every answer until the client has acknowledged its head (40 ms)."""
    family, kind, _, _, address = socket.getaddrinfo(host or LOOPBACK, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        stamping(listener)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _server(desk: Desk, ready: Callable[[], None]) -> _Server:
    config = uvicorn.Config(
        build(desk),
        loop="asyncio",  # its faults reach into the transport, and others have other ones
        http=protocol_for(desk.wires),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=3,
    )
    return _Server(config, desk, ready)


@contextlib.contextmanager
def running(settings: SandboxSettings | None = None, *, port: int = 0) -> Iterator[RunningSandbox]:
    """A sandbox on loopback in a thread of this process; gone when the block ends."""
    settings = settings or SandboxSettings()
    desk, listener = _prepared(settings, LOOPBACK, port)
    started = threading.Event()
    server = _server(desk, started.set)
    thread = threading.Thread(target=server.run, args=([listener],), name="leafcast-sandbox", daemon=True)
    thread.start()
    try:
        if not started.wait(_START):
            raise RuntimeError("The sandbox did not start. Look for another program on its port.")
        yield RunningSandbox(desk.url, settings)
    finally:
        server.stop()
        thread.join(_STOP)
        desk.journal.close()


def serve(
    settings: SandboxSettings | None = None,
    host: str = LOOPBACK,
    port: int = USUAL_PORT,
    ready: Callable[[RunningSandbox], None] = lambda _sandbox: None,
) -> None:
    """A sandbox in the foreground, until SIGINT or SIGTERM. `ready` is called once it answers.

    Raises OSError where the port is taken. For the main thread only."""
    settings = settings or SandboxSettings()
    desk, listener = _prepared(settings, host, port)
    server = _server(desk, lambda: ready(RunningSandbox(desk.url, settings)))

    async def until_signal() -> None:
        loop = asyncio.get_running_loop()
        for caught in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(caught, server.stop)
        await server.serve([listener])

    try:
        asyncio.run(until_signal())
    finally:
        listener.close()
        desk.journal.close()
