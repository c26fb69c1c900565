"""Kernel sessions: the queue, the worker threads, the log of each run, and the accelerator time used."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from common.rehearsal.stand_in.running import KernelRun, LogEntry, RunResult
from common.rehearsal.stand_in.world import World, moment

GPU_SESSIONS = 2  # concurrent batch sessions of an account
GPU_HOURS, TPU_HOURS = 30, 20  # a week
ACTIVE = ("QUEUED", "RUNNING")
OUTPUT_FILES = 500
LOG, WORK, OUTPUT = "log.jsonl", "run", "output"
RERUNS = "_rerun/"  # no user is called so

Then = Callable[[RunResult], None]


class Sessions:
    """Runs sessions on a few threads, in the order in which they were queued.

    A document `session` under the key `owner/slug/version` (`_rerun/<submission>` for a hidden rerun) holds
    its state. Its serial number, never used twice, names its folder: a kernel that is deleted and
    pushed again has nothing to do with what may still be running of the old one.
    """

    def __init__(self, world: World, workers: int = GPU_SESSIONS) -> None:
        self._world = world
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="kernel-session")
        self._cancelled: dict[int, threading.Event] = {}

    def queue(self, key: str, kind: str, run: Callable[[], KernelRun], then: Then | None = None) -> None:
        """Queue a session on a kind of machine; `run` returns what to run when its turn comes, `then` gets the result."""
        shutil.rmtree(self.folder(key), ignore_errors=True)  # of the same session before a restart
        serial = self._world.store.next("session")
        session = {"key": key, "kind": kind, "serial": serial, "status": "QUEUED", "failure": ""}
        self._world.store.put("session", key, session)
        self._cancelled[serial] = threading.Event()
        self._pool.submit(self._run, key, serial, run, then)

    def remove(self, ref: str) -> None:
        """Stop the sessions of a kernel and forget them."""
        for session in self._world.store.all("session", f"{ref}/"):
            shutil.rmtree(self.folder(session["key"]), ignore_errors=True)
            self._world.store.delete("session", session["key"])
            if event := self._cancelled.get(session["serial"]):
                event.set()

    def stop(self) -> None:
        """Stop what runs and return when the threads have ended; a restart begins anew what is not done."""
        for event in list(self._cancelled.values()):
            event.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def folder(self, key: str) -> Path:
        """Return where a session keeps its log and output; a folder that does not exist if there is no session."""
        session = self._world.store.get("session", key)
        return self._folder(session["serial"] if session else 0)

    def _folder(self, serial: int) -> Path:
        return self._world.folder / "sessions" / str(serial)

    def _run(self, key: str, serial: int, prepare: Callable[[], KernelRun], then: Then | None) -> None:
        cancelled, folder = self._cancelled[serial], self._folder(serial)
        if not self._update(key, serial, status="RUNNING", started=self._world.now()):
            return
        result = self._result(folder, cancelled, prepare)
        if result.output.is_dir():
            result.output.rename(folder / OUTPUT)
        shutil.rmtree(folder / WORK, ignore_errors=True)
        if cancelled.is_set():
            shutil.rmtree(folder, ignore_errors=True)
            return
        if then is not None:
            then(replace(result, output=folder / OUTPUT))
        self._update(key, serial, status=result.status, failure=result.failure, ended=self._world.now())
        del self._cancelled[serial]

    def _result(self, folder: Path, cancelled: threading.Event, prepare: Callable[[], KernelRun]) -> RunResult:
        (folder / WORK).mkdir(parents=True)
        with _LogFile(folder / LOG) as log:
            try:
                return self._world.runner(replace(prepare(), emit=log.write, cancelled=cancelled), folder / WORK)
            except Exception as error:  # the runner is someone else's code; a session must end whatever it does
                log.write(LogEntry("stderr", 0.0, f"{type(error).__name__}: {error}\n"))
                return RunResult(status="ERROR", output=folder / "none", failure=f"The session failed: {error}")

    def _update(self, key: str, serial: int, **fields: Any) -> bool:
        """Change the document of a session unless it is gone or another's by now; return whether it was changed."""
        store = self._world.store
        with store.transaction():
            session = store.get("session", key)
            if session is None or session["serial"] != serial or self._cancelled[serial].is_set():
                return False
            store.put("session", key, {**session, **fields})
            return True

    def log(self, key: str) -> list[dict[str, Any]]:
        """Return the log of a session so far, as Kaggle's entries."""
        path = self.folder(key) / LOG
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]

    def output(self, key: str) -> list[tuple[str, Path]]:
        """Return the files that a session left, of which Kaggle keeps the first 500: names and paths.

        The names are relative to `/kaggle/working`.
        """
        root = self.folder(key) / OUTPUT
        files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        return [(path.relative_to(root).as_posix(), path) for path in files[:OUTPUT_FILES]]

    def is_active(self, key: str) -> bool:
        """Whether a session is queued or runs."""
        session = self._world.store.get("session", key)
        return session is not None and session["status"] in ACTIVE

    def active(self, user: str, accelerator: str) -> int:
        """Count a user's sessions that are queued or run on an accelerator (`gpu` or `tpu`)."""
        sessions = self._world.store.all("session", f"{user}/")
        return sum(item["kind"] == accelerator and item["status"] in ACTIVE for item in sessions)

    def used(self, user: str, accelerator: str) -> timedelta:
        """Return how long a user's sessions have held an accelerator since the quota was last filled."""
        now = self._world.clock()
        since = refreshed(now)
        total = timedelta(0)
        for item in self._world.store.all("session", f"{user}/"):
            if item["kind"] == accelerator and item.get("started"):
                ended = moment(item["ended"]) if item.get("ended") else now
                total += max(ended - max(moment(item["started"]), since), timedelta(0))
        return total


def refreshed(now: datetime) -> datetime:
    """Return the last Saturday 00:00 UTC, when Kaggle fills the weekly quota."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=(now.weekday() - 5) % 7)


class _LogFile(contextlib.AbstractContextManager["_LogFile"]):
    """One JSON line per entry, in the format of Kaggle's log; unbuffered, since it is read while it grows."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, entry: LogEntry) -> None:
        line = {"stream_name": entry.stream, "time": round(entry.time, 6), "data": entry.text}
        with self._lock:
            self._file.write(json.dumps(line) + "\n")

    def __exit__(self, *error: object) -> None:
        self._file.close()
