"""Three Ray nodes on this machine, each in a network namespace of its own if the system lets us make them."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import psutil

NODES = 3


class Cluster:
    """A head and two more nodes with a processor each, reached by Ray's client; a context manager.

    `hidden` is a folder in whose place the nodes see an empty one, if they are in namespaces: they share no storage there.
    """

    def __init__(self, folder: Path, hidden: Path) -> None:
        self.folder, self.hidden, self.tag = folder, hidden, f"kit{os.getpid() % 10000}"
        self.subnet = f"10.{os.getpid() % 200 + 20}.77"
        self.apart = True
        self.apart = self._can_be_apart()
        self._processes: list[subprocess.Popen[bytes]] = []
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32))
        self.environ = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_health_check_period_ms": "1000",
            "RAY_health_check_failure_threshold": "3",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
            "GRPC_ENABLE_FORK_SUPPORT": "0",  # else the process that the head begins for a client dies now and then
        }

    @property
    def address(self) -> str:
        """What `--workers` takes."""
        host, port = self._listens
        return f"ray://{host}:{port}"

    @property
    def _listens(self) -> tuple[str, int]:
        return self._at(0), 10001 if self.apart else 31001

    def __enter__(self) -> Cluster:
        with ExitStack() as stack:
            stack.callback(self._end)
            if self.apart:
                self._wire()
            for number in range(NODES):
                self._start(number)
            self._wait_for_clients()
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def pids(self, number: int) -> list[int]:
        """The processes of a node."""
        if self.apart:
            listed = subprocess.run(["ip", "netns", "pids", self._name(number)], capture_output=True, text=True)
            return [int(pid) for pid in listed.stdout.split()]
        try:
            first = psutil.Process(self._processes[number].pid)
            return [first.pid, *(each.pid for each in first.children(recursive=True))]
        except psutil.NoSuchProcess:
            return []

    def works(self, number: int, title: str) -> bool:
        """Whether a node does work whose title begins so; Ray names a process by what it does."""
        for pid in self.pids(number):
            try:
                if any(word.startswith(f"ray::{title}") for word in psutil.Process(pid).cmdline()):
                    return True
            except psutil.Error:
                continue
        return False

    def kill(self, number: int) -> None:
        """Kill all processes of a node at once."""
        for pid in self.pids(number):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _at(self, number: int) -> str:
        return f"{self.subnet}.{number + 1}" if self.apart else "127.0.0.1"

    def _name(self, number: int) -> str:
        return f"{self.tag}-{number}"

    def _can_be_apart(self) -> bool:
        """Whether network namespaces can be had, by root with iproute2, and this process reaches what listens in one."""
        if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("ip"):
            return False
        listen = (
            f"import socket; s = socket.create_server(({self.subnet + '.1'!r}, 10001)); print(flush=True); s.accept()"
        )
        words = ["ip", "netns", "exec", self._name(0), sys.executable, "-c", listen]
        try:
            self._wire()
            with subprocess.Popen(words, stdout=subprocess.PIPE) as listener:
                try:
                    assert listener.stdout is not None
                    listener.stdout.readline()
                    socket.create_connection((f"{self.subnet}.1", 10001), timeout=10).close()
                finally:
                    listener.kill()
        except (subprocess.CalledProcessError, OSError):
            return False
        finally:
            self._unwire()
        return True

    def _wire(self) -> None:
        """Connect the namespaces, and this one, by a bridge."""
        _ip("link", "add", self.tag, "type", "bridge")
        _ip("addr", "add", f"{self.subnet}.254/24", "dev", self.tag)
        _ip("link", "set", self.tag, "up")
        for number in range(NODES):
            name, here = self._name(number), f"{self.tag}v{number}"
            _ip("netns", "add", name)
            _ip("link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", here, "master", self.tag, "up")
            _ip("-n", name, "addr", "add", f"{self._at(number)}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def _start(self, number: int) -> None:
        port = 6379 if self.apart else 31079
        ray = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block"]
        words = [*ray, f"--node-ip-address={self._at(number)}", "--num-cpus=1", "--num-gpus=0", "--disable-usage-stats"]
        words += ["--object-store-memory=80000000"]
        if number:
            words += [f"--address={self._at(0)}:{port}"]
        else:
            words += ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={self.folder}"]
            words += [f"--ray-client-server-port={self._listens[1]}"]
        if self.apart:  # in a mount namespace of its own, too
            script = 'mount -t tmpfs none "$0" && exec "$@"'
            words = ["ip", "netns", "exec", self._name(number), "sh", "-c", script, str(self.hidden), *words]
        log = (self.folder / f"node-{number}.log").open("wb")
        with log:
            self._processes.append(
                subprocess.Popen(
                    words, env={**os.environ, **self.environ}, stdout=log, stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL, start_new_session=True,
                )
            )  # fmt: skip
        self._wait_for(self.folder / f"node-{number}.log", self._processes[-1])

    def _wait_for(self, log: Path, process: subprocess.Popen[bytes]) -> None:
        for _ in range(600):
            if b"Ray runtime started" in log.read_bytes():
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the node did not start: {log.read_text(errors='replace')}")

    def _wait_for_clients(self) -> None:
        """Wait until the head takes clients, later than it says that it has started; Ray's client asks three times only."""
        for _ in range(600):
            try:
                socket.create_connection(self._listens, timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        logs = "\n".join(
            path.read_text(errors="replace") for path in self.folder.glob("session_latest/logs/ray_client*")
        )
        raise RuntimeError(f"the head takes no clients at {self._listens}: {logs}")

    def _end(self) -> None:
        for number in reversed(range(len(self._processes))):
            self.kill(number)
        for process in self._processes:
            process.wait()
        if self.apart:
            self._unwire()

    def _unwire(self) -> None:
        for number in range(NODES):  # a cable first: one that goes with its namespace goes later
            _ip("link", "del", f"{self.tag}v{number}", check=False)
            _ip("netns", "del", self._name(number), check=False)
        _ip("link", "del", self.tag, check=False)


def _ip(*words: str, check: bool = True) -> Sequence[str]:
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True).stdout.splitlines()
