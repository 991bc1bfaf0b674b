"""`lifecast serve`: a web page and an HTTP API."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from rich.console import Console

from lifecast.errors import MissingExtra, UsageError
from lifecast.writable import check_temporary_folder


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def serve(
    host: str = "127.0.0.1",
    port: int = 7860,
    weights: str = "compact",
    device: str = "auto",
    queue: int = 8,
    time_limit: float = 300.0,
    upload_limit: int = 32,
) -> int:
    """A page to drop a photograph on, and an HTTP API (documented at /api/docs).

    Args:
        host: Address to listen on. Nothing but this machine reaches the default.
        port: TCP port.
        weights: Name or file of the weights.
        device: auto, cpu, cuda or cuda:N.
        queue: Photographs that may wait; who comes later is told when to come again.
        time_limit: Seconds that one reconstruction may take.
        upload_limit: Largest upload in MiB.
    """
    if queue < 1 or time_limit <= 0 or upload_limit < 1:
        raise UsageError("--queue and --upload-limit must be at least 1, --time-limit above 0")
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
    reconstructor = load(weights, device=device)
    limit = upload_limit << 20
    # uvicorn ends on SIGTERM by raising it once more: as an exit, which cleans up, and not as a sudden death.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _private_folder():
        work = ReconstructionQueue(capacity=queue, time_limit=time_limit)
        try:
            app = mount_page(make_app(work, reconstructor, upload_limit=limit), work, reconstructor, limit)
            console.print(f"lifecast: http://{host}:{port}/  (API: /api/docs; Ctrl-C ends)")
            uvicorn.run(app, host=host, port=port, log_level="warning")
        finally:
            work.close()
    return 0


def _check_port(host: str, port: int) -> None:
    """UsageError where nothing can listen there; found out before the networks are loaded."""
    if not 0 <= port <= 65_535:
        raise UsageError(f"--port {port}: give 0 to 65535")
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise UsageError(f"--host {host} --port {port}: cannot listen there ({error}); name another port") from error


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
