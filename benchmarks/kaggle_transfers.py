"""Memory and speed of the Kaggle client's transfers: one download and one upload of 1 GiB on loopback.

`python benchmarks/kaggle_transfers.py [--mib 1024]` prints one JSON line per transfer: MiB per second, and the
most memory that the client's process had, in all and over what it had before. The server is another process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = bytes(1 << 20)


class Handler(BaseHTTPRequestHandler):
    """Sends any number of MiB, and takes any number of bytes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the MiB that the path asks for."""
        blocks = int(self.path.strip("/"))
        self.send_response(200)
        self.send_header("Content-Length", str(blocks * len(BLOCK)))
        self.send_header("ETag", '"zeros"')
        self.end_headers()
        for _ in range(blocks):
            self.wfile.write(BLOCK)

    def do_PUT(self) -> None:
        """Read the body and forget it."""
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


def peak() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(kind: str, url: str, mib: int, folder: Path) -> dict[str, object]:
    """Do one transfer in this process."""
    from common.kaggle.official import downloads, guard, uploads
    from common.kaggle.retry import Retry

    session = guard.guard(guard.requests.Session(), loopback=True)
    session.put(url, data=b"")  # what the first request loads is no cost of the transfer
    before, began = peak(), time.perf_counter()
    if kind == "download":
        downloads.receive(
            lambda headers: session.get(f"{url}/{mib}", headers=dict(headers), stream=True),
            folder / "file",
            kind,
            retry=Retry(),
        )
    else:
        uploads.send(session, folder / "file", url, kind, retry=Retry())
    seconds = time.perf_counter() - began
    speed, most = round(mib / seconds), peak()
    return {"transfer": kind, "mib": mib, "mib_per_second": speed, "mib_peak": most, "mib_over_idle": most - before}


def main() -> None:
    """Run both transfers, each in a fresh process."""
    parser = argparse.ArgumentParser(description="Measure the Kaggle client's transfers on loopback.")
    parser.add_argument("--mib", type=int, default=1024, help="size of the file (default 1024)")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "URL", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        sys.path.insert(0, str(ROOT))
        kind, url, folder = arguments.one
        print(json.dumps(measure(kind, url, arguments.mib, Path(folder))))
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("download", "upload"):
            command = [sys.executable, __file__, "--mib", str(arguments.mib), "--one", kind, url, folder]
            subprocess.run(command, check=True)
    server.shutdown()


if __name__ == "__main__":
    main()
