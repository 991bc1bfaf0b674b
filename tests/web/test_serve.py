"""`lifecast serve` as a process of its own, from its start to its end."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the extra lifecast[web] is not installed")
pytest.importorskip("uvicorn", reason="the extra lifecast[web] is not installed")


@pytest.fixture
def served(tmp_path, doll_weights):
    """The server's address, its process, and the only folder for temporary files that it knows."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lifecast", "serve", "--port", str(port), "--weights", str(doll_weights)]
    server = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)})
    address = f"http://127.0.0.1:{port}"
    while True:
        assert server.poll() is None, "the server ended before it listened"
        try:
            urllib.request.urlopen(f"{address}/api/health").close()
            break
        except urllib.error.URLError:
            time.sleep(0.2)
    yield address, server, folder
    server.kill()
    server.wait()


def post(address: str, photo: bytes, name: str) -> tuple[int, bytes]:
    head = f'--b\r\nContent-Disposition: form-data; name="photo"; filename="{name}"\r\n\r\n'
    field = '--b\r\nContent-Disposition: form-data; name="resolution"\r\n\r\n128\r\n'
    request = urllib.request.Request(
        f"{address}/api/reconstruct",
        (field + head).encode() + photo + b"\r\n--b--\r\n",
        {"Content-Type": "multipart/form-data; boundary=b"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_from_start_to_end(served, doll):
    address, server, folder = served
    with urllib.request.urlopen(address) as page:
        assert b"lifecast" in page.read()
    file = io.BytesIO()
    Image.fromarray(np.dstack([doll[0], doll[1] * 255]).astype(np.uint8), "RGBA").save(file, "PNG")
    status, model = post(address, file.getvalue(), "doll.png")
    assert (status, model[:4]) == (200, b"glTF")
    status, refusal = post(address, b"dear diary", "notes.jpg")
    assert status == 422
    assert json.loads(refusal)["detail"].startswith("notes.jpg: is text")
    (private,) = folder.glob("lifecast-*")
    assert private.stat().st_mode & 0o077 == 0  # nobody else may look into it
    assert not [path for path in folder.rglob("*") if path.is_file()]
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0
    assert not private.exists()
    assert not [path for path in folder.rglob("*") if path.is_file()]  # Gradio itself leaves an empty folder
