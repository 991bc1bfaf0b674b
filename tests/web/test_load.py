"""Many clients at once, some broken, some gone midway: the load is the one of `benchmarks/serve.py`.

The networks' stand-in is quick and answers with what it was given, so that an answer to somebody else's photograph is
seen. The benchmark does the same with real weights.
"""

import hashlib
import importlib.util
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the extra lifecast[web] is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="the extra lifecast[web] is not installed")

from lifecast.photo.decode import read_photo  # noqa: E402  (only where the extra is there)
from lifecast.web.api import make_app  # noqa: E402
from lifecast.web.queue import ReconstructionQueue  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_serve", ROOT / "benchmarks" / "serve.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


class Mirror:
    """A loaded model's stand-in: decodes the photograph, takes its time, and answers with a checksum of all of it."""

    def reconstruct(self, path, *, person, box, turn, height, resolution, without, body, progress):
        progress("finding the person")
        photo = read_photo(path)
        for stage in ("normals", "features", "surface", "colour"):
            progress(stage)
            time.sleep(0.005)
        answer = hashlib.sha256(photo.colour.tobytes() + f"{height} {resolution}".encode()).digest() * 4000
        return SimpleNamespace(
            timings={"surface": 0.02},
            steps={},
            mesh=SimpleNamespace(vertices=[0] * 8, faces=[0] * 12),
            save=lambda target, *_: [target] if target.write_bytes(answer) else [],
            preview=lambda size: Image.new("RGB", (size, size)),
        )


@pytest.fixture
def port(tmp_path, monkeypatch, benchmark):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    queue = ReconstructionQueue(capacity=8)
    port = benchmark.free_port()
    server = uvicorn.Server(uvicorn.Config(make_app(queue, Mirror()), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield port
    server.should_exit = True
    thread.join(timeout=30)
    queue.close()


def test_two_hundred_requests_sixteen_at_a_time(port, benchmark, tmp_path):
    cases = benchmark.cases_from(Image.open(ROOT / "src" / "lifecast" / "samples" / "person.jpg").resize((300, 400)))
    # Threads that are there for good: the server's own pool, filled once.
    benchmark.load(port, cases, 128, requests=32, patience=0.05)
    threads = threading.active_count()
    held = []
    tracemalloc.start()
    try:
        tally = benchmark.load(
            port, cases, 128, settled=lambda: held.append(tracemalloc.get_traced_memory()[0]), patience=0.05
        )
        assert benchmark.wait_until_idle(port) == 0
        held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert not tally.wrong
    assert sum(tally.right.values()) == 160
    assert sum(tally.left.values()) == 40
    assert tally.sent_away > 0  # 16 clients and a queue of 8
    assert tally.right["text named .jpg: 422"] == 20
    assert tally.right["whole: 200"] == 80
    assert [path for path in tmp_path.rglob("*") if "lifecast" in path.name] == []
    assert threading.active_count() <= threads
    assert held[1] - held[0] < 4 << 20, held  # one answer is 128 kB: 80 of them would be 10 MB
