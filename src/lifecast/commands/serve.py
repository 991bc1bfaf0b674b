"""`lifecast serve`: a web page and an HTTP API."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

from rich.console import Console

from lifecast.errors import MissingExtra, OptionError, OptionsError
from lifecast.options import Inline, NetworkOptions
from lifecast.writable import check_temporary_folder


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Serve:
    """What `lifecast serve` is asked for."""

    host: str = "127.0.0.1"
    """Address to listen on. Nothing but this machine reaches the default."""
    port: int = 7860
    """TCP port."""
    networks: Inline[NetworkOptions] = field(default_factory=NetworkOptions)
    queue: int = 8
    """Photographs that may wait; who comes later is asked to come again, and when."""
    time_limit: float = 300.0
    """Seconds that one reconstruction may take."""
    upload_limit: int = 32
    """Largest upload in MiB."""

    def __post_init__(self) -> None:
        for name in ("queue", "upload_limit"):
            if getattr(self, name) < 1:
                raise OptionError(name, getattr(self, name), "give at least 1")
        if not self.time_limit > 0:
            raise OptionError("time_limit", self.time_limit, "give seconds above 0")
        if not 0 <= self.port <= 65_535:
            raise OptionError("port", self.port, "give 0 to 65535")


def serve(asked: Inline[Serve]) -> int:
    """Serve a page to drop a photograph on, and an HTTP API (documented at /api/docs)."""
    host, port = asked.host, asked.port
    check_temporary_folder()
    _check_port(host, port)
    try:
        import uvicorn

        from lifecast.web.page import mount_page
    except ImportError as error:
        raise MissingExtra(error.name or "gradio", "web", "lifecast serve") from error
    from lifecast import load
    from lifecast.web.api import make_app
    from lifecast.web.queue import ReconstructionQueue

    console = Console(stderr=True, highlight=False, emoji=False)
    if not _is_loopback(host):
        console.print(
            f"lifecast serve: listening on {host}: everybody who reaches this address can use it; there is no login",
            style="yellow",
        )
    reconstructor = load(asked.networks.weights, asked.networks.device, asked.networks.normals_at)
    limit = asked.upload_limit << 20
    # uvicorn ends on SIGTERM by raising it once more: as an exit, which cleans up, and not as a sudden death.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _private_folder():
        work = ReconstructionQueue(capacity=asked.queue, time_limit=asked.time_limit)
        try:
            app = mount_page(make_app(work, reconstructor, upload_limit=limit), work, reconstructor, limit)
            console.print(f"lifecast: http://{host}:{port}/  (API: /api/docs; Ctrl-C ends)")
            uvicorn.run(app, host=host, port=port, log_level="warning")
        finally:
            work.close()
    return 0


def _check_port(host: str, port: int) -> None:
    """OptionsError where nothing can listen there; found out before the networks are loaded."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise OptionsError(
            f"{{host}} {host} {{port}} {port}: cannot listen there ({error}); name another port"
        ) from error


@contextmanager
def _private_folder() -> Iterator[None]:
    """All that the server writes goes to one folder that only this user may read, and goes away with the server."""
    with tempfile.TemporaryDirectory(prefix="lifecast-serve-", ignore_cleanup_errors=True) as folder:
        before = tempfile.tempdir
        tempfile.tempdir = folder
        os.environ["GRADIO_TEMP_DIR"] = f"{folder}/page"
        try:
            yield
        finally:
            tempfile.tempdir = before
