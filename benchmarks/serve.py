"""Load on `lifecast serve`: 200 requests over loopback, 16 at a time, some broken, some aborted midway.

    python benchmarks/serve.py --weights compact --resolution 128

Every whole photograph is first reconstructed alone; under load its answer must be the same to the byte, and every
refusal the same to the word. Clients whom the full queue sends away (503) come again after the seconds that
Retry-After says. The server is a process of its own with a folder of its own for temporary files, so its memory,
threads and open files can be counted, and whatever it leaves behind seen.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps

BOUNDARY = "lifecast-load"
SETTLED = 20
"""Requests after which memory is to be level."""


@dataclass(frozen=True)
class Case:
    """One kind of client."""

    kind: str
    photo: bytes
    name: str = "me.jpg"
    height: float = 1.7
    leaves: str = ""
    """"" waits for the answer; "sending" goes away in the middle of the upload, "waiting" before the answer."""

    def body(self, resolution: int) -> bytes:
        """A multipart form."""
        fields = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in (("height", self.height), ("resolution", resolution))
        )
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="{self.name}"\r\n\r\n'
        return (fields + head).encode() + self.photo + f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    words: str
    """The reason of a refusal; of a model, its checksum."""
    retry_after: int = 0


def cases_from(photo: Image.Image) -> list[Case]:
    """Two photographs at two heights, and clients with whom something is wrong."""
    whole = []
    for picture in (photo, ImageOps.mirror(photo)):
        file = io.BytesIO()
        picture.convert("RGB").save(file, "JPEG", quality=92)
        whole.append(file.getvalue())
    good = [Case("whole", data, height=height) for data in whole for height in (1.5, 1.9)]
    return [
        good[0],
        Case("text named .jpg", b"dear diary\n" * 100, "notes.jpg"),
        good[1],
        Case("left while sending", whole[0], leaves="sending"),
        good[2],
        Case("cut short", whole[1][: len(whole[1]) // 3], "half.jpg"),
        good[3],
        Case("left while waiting", whole[1], leaves="waiting"),
        Case("empty", b"", "nothing.jpg"),
        Case("height of 17 m", whole[0], height=17.0),
    ]


def ask(port: int, case: Case, resolution: int, patience: float = 0.3) -> Answer | None:
    """Post one photograph; None where the client leaves, at the latest after `patience` seconds."""
    body = case.body(resolution)
    if case.leaves:
        head = (
            f"POST /api/reconstruct HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(head.encode() + body[: len(body) // 2 if case.leaves == "sending" else None])
            time.sleep(patience)
        return None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
    try:
        connection.request(
            "POST", "/api/reconstruct", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        )
        response = connection.getresponse()
        content = response.read()
        retry_after = int(response.getheader("Retry-After") or 0)
    finally:
        connection.close()
    if response.status == 200:
        return Answer(200, hashlib.sha256(content).hexdigest())
    return Answer(response.status, json.loads(content)["detail"], retry_after)


@dataclass
class Tally:
    """What a load brought."""

    right: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    sent_away: int = 0
    """503 answers, each with a Retry-After that the client kept to."""
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def load(
    port: int,
    cases: Sequence[Case],
    resolution: int,
    requests: int = 200,
    together: int = 16,
    settled: Callable[[], None] = lambda: None,
    patience: float = 0.3,
) -> Tally:
    """Send `requests`, `together` at a time, the cases in turn; `settled` is called once, after the first 20."""
    expected = {case: ask(port, case, resolution) for case in cases if not case.leaves}
    tally, lock, begun = Tally(), threading.Lock(), time.monotonic()
    count = 0

    def one(number: int) -> None:
        nonlocal count
        case = cases[number % len(cases)]
        answer = ask(port, case, resolution, patience)
        while answer is not None and answer.status == 503:
            with lock:
                tally.sent_away += 1
                if answer.retry_after < 1:
                    tally.wrong.append(f"{case.kind}: 503 without Retry-After")
            time.sleep(max(1, answer.retry_after))
            answer = ask(port, case, resolution, patience)
        with lock:
            if answer is None:
                tally.left[case.kind] += 1
            elif answer == expected[case]:
                tally.right[f"{case.kind}: {answer.status}"] += 1
            else:
                tally.wrong.append(f"{case.kind}: {answer}, alone it was {expected[case]}")
            count += 1
            now = count == SETTLED
        if now:
            settled()

    with ThreadPoolExecutor(together) as clients:
        list(clients.map(one, range(requests)))
    tally.seconds = time.monotonic() - begun
    return tally


@dataclass(frozen=True)
class Process:
    """What the server holds (Linux)."""

    megabytes: float
    threads: int
    files: int

    @classmethod
    def of(cls, number: int) -> Process:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines())
        files = len(list(Path(f"/proc/{number}/fd").iterdir()))
        return cls(int(status["VmRSS"].split()[0]) / 1e3, int(status["Threads"]), files)

    def __str__(self) -> str:
        return f"{self.megabytes:7.0f} MB  {self.threads:4d} threads  {self.files:4d} open files"


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_idle(port: int, seconds: float = 120.0) -> int:
    """Wait for an empty queue; returns how many are still in it at the end."""
    end = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/api/health")
            left = int(json.loads(connection.getresponse().read())["queue"])
        finally:
            connection.close()
        if left == 0 or time.monotonic() > end:
            return left
        time.sleep(0.2)


def main() -> None:
    """Start the server, load it, print what came of it; exit status 1 for a wrong answer or a leak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sample = Path(__file__).resolve().parents[1] / "src" / "lifecast" / "samples" / "person.jpg"
    parser.add_argument("photo", nargs="?", default=str(sample))
    parser.add_argument("--weights", default="compact")
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--together", type=int, default=16)
    parser.add_argument("--queue", type=int, default=8)
    options = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="lifecast-load-") as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "lifecast", "serve", "--port", str(port), "--weights", options.weights,
             "--queue", str(options.queue), "--time-limit", "600"],
            env={**os.environ, "TMPDIR": folder},
        )  # fmt: skip
        try:
            while True:
                if server.poll() is not None:
                    sys.exit("the server ended before it listened")
                try:
                    wait_until_idle(port)
                    break
                except OSError:
                    time.sleep(0.5)
            print(f"after loading     {Process.of(server.pid)}", flush=True)

            def after_20() -> None:
                print(f"after 20 requests {Process.of(server.pid)}", flush=True)

            cases = cases_from(Image.open(options.photo))
            tally = load(port, cases, options.resolution, options.requests, options.together, after_20)
            waiting = wait_until_idle(port)
            time.sleep(15)  # idle threads of the server's pool end after 10 s
            print(f"after {options.requests:3d} requests {Process.of(server.pid)}")
            files = [path for path in Path(folder).rglob("*") if path.is_file()]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=120)
        left_behind = [path for path in Path(folder).rglob("*") if path.is_file()]
    whole = sum(n for kind, n in tally.right.items() if kind.startswith("whole"))
    print(f"{options.requests} requests, {options.together} at a time, {tally.seconds:.0f} s, "
          f"{tally.seconds / max(1, whole):.2f} s a model")  # fmt: skip
    for kind, number in [*sorted(tally.right.items()), *sorted(tally.left.items())]:
        print(f"  {number:4d}  {kind}")
    print(f"  {tally.sent_away:4d}  times 503 with Retry-After")
    print(f"wrong answers: {len(tally.wrong)}; still in the queue: {waiting}")
    print(f"temporary files while idle: {len(files)}; left after the end: {len(left_behind)}")
    for line in tally.wrong[:20]:
        print(f"  wrong: {line}")
    sys.exit(1 if tally.wrong or waiting or files or left_behind else 0)


if __name__ == "__main__":
    main()
