"""Workers: processes on this machine, or on a cluster, that do pieces of work side by side. They are Ray's (Ray Core only).

On this machine Ray is started for as long as the work takes: it listens on loopback only, wants a token that nobody else
can read, shows no dashboard, reports nothing to anybody, and keeps its files in a folder that is gone afterwards. A
cluster is only ever used when its address is given. The working directory is never uploaded.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from common import environment
from common.environment import PROJECT
from common.errors import RunError, SettingError
from common.progress import Progress
from common.wording import first_line
from common.workers.restoring import environ, private_folder, signals
from common.workers.work import Task, travelling

CLUSTER, LOOPBACK = "ray://", "127.0.0.1"
STORE = 100 * 2**20  # bytes of Ray's object store on this machine: through it go settings and records only
RECONNECT = 180  # seconds that a cluster waits for a driver whose network was cut
TRIES = 2
MEMORY = 2 * 2**30  # bytes that a worker on the CPU takes, with its libraries and a table

# Read by Ray when it is imported or started, and by all that it starts.
_ENVIRON = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # under `uv run` it would upload the working directory
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on any system: without it the address 127.0.0.1 is replaced by the network's
    "RAY_DEDUP_LOGS": "0",
    "RAY_COLOR_PREFIX": "0",
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": str(RECONNECT),
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # work without a GPU leaves CUDA_VISIBLE_DEVICES alone
}


def count(text: str, here: environment.Environment, tasks: int | None = None) -> int | str:
    """Return how many workers an option asks for, at most one for each task; the address of a cluster stays as it is.

    `auto` is one for each GPU, else one for each processor as far as there is memory.

    Raises:
        SettingError: for anything else.
    """
    if text.startswith(CLUSTER):
        return text
    if text == "auto":
        fitting = min(environment.cpu_count(), environment.available_memory() // MEMORY)
        found = len(here.gpus()) or max(1, fitting)
    elif text.isdecimal() and 0 < int(text) < 10_000:
        found = int(text)
    else:
        raise SettingError(
            f"--workers takes a number, auto, or the address of a cluster as {CLUSTER}HOST:PORT, not {text!r}"
        )
    return found if tasks is None else min(found, tasks)


@dataclass
class Workers:
    """Workers for the time of a block, on this machine or on the cluster at `asked`.

    Processes here start with the first work; each has a whole one of the `gpus`, if there are any. `tasks` is how many there
    are to share a cluster's processors; without it each gets one. `code` returns the sources that a cluster gets.
    """

    asked: int | str
    progress: Progress
    gpus: int = 0
    tasks: int | None = None
    code: Callable[[], bytes] | None = None
    cache: Path | None = None
    title: str = "kit"
    threads: int = field(init=False, default=1)
    _options: dict[str, Any] = field(init=False, default_factory=dict)
    _ray: Any = field(init=False, default=None)
    _remote: Any = field(init=False, default=None)
    _sources: tuple[str, Any] = field(init=False, default=(str(PROJECT), None))

    def __enter__(self) -> Workers:
        if find_spec("ray") is None:
            raise SettingError("workers need Ray, which is not installed here: pip install 'ray[client]'")
        self._stack = ExitStack()
        self.threads = environment.threads()
        try:
            if isinstance(self.asked, int):
                self.threads = min(self.threads, max(1, environment.cpu_count() // self.asked))
            else:
                self._connect(self.asked)
            self._stack.enter_context(environ({"OMP_NUM_THREADS": str(self.threads)}))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def remote(self) -> bool:
        """Whether they are those of a cluster."""
        return isinstance(self.asked, str)

    def each(self, function: str, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Yield each task with what `module:function` returns for its arguments, in the order in which they end.

        A task is taken when there is a worker for it. One whose worker or machine is lost, or that fails otherwise than
        by a user's mistake, is begun once more, elsewhere if there is another machine.

        Raises:
            RunError: for a task that fails twice or by a user's mistake, with its last words; the others are stopped.
        """
        if self._ray is None:
            self._begin(int(self.asked))
        waiting, running, slots = iter(tasks), dict[Any, tuple[Task, int]](), self.slots
        try:
            while True:
                while len(running) < slots and (task := next(waiting, None)) is not None:
                    running[self._submit(function, task)] = task, 1
                if not running:
                    return
                done, answer = self._next(list(running))
                task, tried = running.pop(done)
                if "words" not in answer:
                    yield task, answer["value"]
                    continue
                if answer.get("final") or tried == TRIES:
                    how = "" if answer.get("final") else f"failed {TRIES} times: "
                    raise RunError(f"{task.title}: {how}{answer['words']}")
                self.progress.warn(f"{task.title} is begun again: {answer['words']}")
                running[self._submit(function, task, answer.get("node"))] = task, tried + 1
        finally:
            for ref in running:
                with suppress(Exception):  # a cluster that is out of reach cannot be told
                    self._ray.cancel(ref, force=True)

    @property
    def slots(self) -> int:
        """How many tasks there is room for at once."""
        if isinstance(self.asked, int):
            return self.asked
        need = {"CPU": self._options["num_cpus"], "GPU": self._options["num_gpus"]}
        nodes = [node["Resources"] for node in self._nodes()]
        return max(1, sum(int(min(n.get(kind, 0) // part for kind, part in need.items() if part)) for n in nodes))

    def put(self, value: bytes) -> list[Any]:
        """Return what stands for bytes in the arguments of a task on a cluster, where `fetch` gets them."""
        return [self._ray.put(value)]

    def _begin(self, workers: int) -> None:
        """Start Ray on this machine, for nobody else."""
        folder = self._stack.enter_context(private_folder())
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32), encoding="ascii")
        self._stack.enter_context(
            environ(
                {
                    **_ENVIRON,
                    "RAY_AUTH_MODE": "token",  # which releases before 2.59 know as well, but do not turn on by themselves
                    "RAY_AUTH_TOKEN_PATH": str(token),
                    "KIT_CACHE": str(self.cache) if self.cache else os.environ.get("KIT_CACHE"),
                    "RAY_ADDRESS": None,
                    "RAY_AUTH_TOKEN": None,
                }
            )
        )
        gpus = min(self.gpus, workers)
        self._init(
            "local", num_cpus=workers, num_gpus=gpus, include_dashboard=False, _node_ip_address=LOOPBACK,
            _temp_dir=str(folder / "ray"), object_store_memory=STORE,
        )  # fmt: skip
        if any(node["NodeManagerAddress"] != LOOPBACK for node in self._nodes()):  # Ray was imported before, by others
            raise RunError(
                "Ray would listen on the network here, since this process has used it before; start a new one"
            )
        self._options = {"num_cpus": 1, "num_gpus": 1 if gpus else 0}

    def _connect(self, address: str) -> None:
        """Become a client of a cluster; a task gets a GPU where there are any, else a fair share of a machine's processors."""
        self._stack.enter_context(environ(_ENVIRON))
        self._init(address)
        resources = [node["Resources"] for node in self._nodes()]
        cpus = [int(each.get("CPU", 0)) for each in resources]
        if gpus := sum(int(each.get("GPU", 0)) for each in resources):
            shares = [int(each["CPU"] // each["GPU"]) for each in resources if each.get("GPU")]
            self._options = {"num_cpus": max(1, min(shares)), "num_gpus": 1}
        else:
            wanted = self.tasks or sum(cpus)
            fair = [share for share in range(1, max(cpus) + 1) if sum(count // share for count in cpus) >= wanted]
            self._options = {"num_cpus": max(fair, default=1), "num_gpus": 0}
        self.threads = (
            min(self.threads, self._options["num_cpus"])
            if "OMP_NUM_THREADS" in os.environ
            else self._options["num_cpus"]
        )
        where = f"{len(resources)} machines, {sum(cpus)} CPUs, {gpus} GPUs"
        self.progress.say(f"workers of {address}: {where}")
        if self.code is not None:
            packed = self.code()
            self._sources = ("", [self._ray.put(packed)])

    def _init(self, address: str, **options: Any) -> None:
        import ray

        tokens = getattr(import_module("ray._raylet"), "AuthenticationTokenLoader", None)
        if tokens is not None:  # a process keeps the first token that it has read
            tokens.instance().reset_cache()
        self._ray = ray
        self._stack.enter_context(signals())
        self._stack.callback(self._end)
        try:
            ray.init(address, logging_level=logging.ERROR, log_to_driver=True, namespace=self.title, **options)
        except Exception as error:  # of its own, of gRPC, of the system
            why = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            raise RunError(f"no workers at {address}: {why[-1].strip()}") from error  # above it is its traceback
        self._remote = ray.remote(travelling())

    def _end(self) -> None:
        self._ray.shutdown()
        self._ray = None

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _submit(self, function: str, task: Task, avoided: str | None = None) -> Any:
        options: dict[str, Any] = {**self._options, "name": task.title, "max_retries": 0}
        others = [node["NodeID"] for node in self._nodes() if node["NodeID"] != avoided] if avoided else []
        if others:
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(secrets.choice(others), soft=True)
        return self._remote.options(**options).remote(self._sources, self.threads, function, dict(task.arguments()))

    def _next(self, running: list[Any]) -> tuple[Any, dict[str, Any]]:
        """Return the first of these pieces of work that ends, and what it answers."""
        from ray.exceptions import RayError

        try:
            (done,), _ = self._ray.wait(running, num_returns=1)
        except ConnectionError as error:
            raise RunError(f"{self.asked} is out of reach ({first_line(error)}); the same command goes on") from error
        try:
            answer: dict[str, Any] = self._ray.get(done)
        except RayError as error:
            return done, {"words": f"{type(error).__name__}: {first_line(error)}"}
        if trace := answer.get("trace"):
            self.progress.note(trace)
        return done, answer
