"""Folds on workers: two against one, what the engine costs to start and per fold, and a coordinator of 10,000 folds.

    python benchmarks/workers.py [--data DIR] [--name patent] [--profile baseline] [--workers 2] [--tasks 10000]

Without --data only the engine is measured: sleeping folds. The two runs are compared byte by byte. Needs a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from common.progress import Progress
from common.workers import Task, Workers

SLEEP = "timeit:timeit"
FILES = ("oof.csv", "submission.csv", "folds.csv")


def main() -> None:
    """Measure, and print one line of JSON for each measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--name", default="patent")
    parser.add_argument("--profile", default="baseline")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    print(json.dumps(engine(arguments.workers)), flush=True)
    if arguments.tasks:
        print(json.dumps(coordinator(16, arguments.tasks)), flush=True)
    if arguments.data:
        print(json.dumps(speed(arguments)), flush=True)


def engine(workers: int) -> dict[str, float | str | int]:
    """Measure the start of Ray until the first work is done, what a piece of work costs, and the end."""
    began = time.perf_counter()
    with Workers(asked=workers, progress=Progress(io.StringIO())) as started:
        list(started.each(SLEEP, [_sleep(0)]))
        start = time.perf_counter() - began
        began, count = time.perf_counter(), 50
        for number in range(count):  # one after another, so that it is the time from end to end
            list(started.each(SLEEP, [_sleep(0, number)]))
        each = (time.perf_counter() - began) / count
        began = time.perf_counter()
    end = time.perf_counter() - began
    return {"benchmark": "engine", "workers": workers, "start": start, "per fold": each, "end": end}


def coordinator(workers: int, tasks: int) -> dict[str, float | str | int]:
    """Let many folds sleep on many workers: what the driver does for each, and its memory at the end."""
    process = psutil.Process()
    with Workers(asked=workers, progress=Progress(io.StringIO())) as started:
        list(started.each(SLEEP, (_sleep(0.5, number) for number in range(2 * workers))))  # all workers are there
        memory, used, began = process.memory_info().rss, process.cpu_times(), time.perf_counter()
        done = sum(1 for _ in started.each(SLEEP, (_sleep(0.01, number) for number in range(tasks))))
        seconds, now = time.perf_counter() - began, process.cpu_times()
        grown = process.memory_info().rss - memory
    return {
        "benchmark": "coordinator", "workers": workers, "folds": done, "seconds": seconds,
        "folds a second": done / seconds,
        "driver's CPU ms a fold": 1000 * (now.user + now.system - used.user - used.system) / done,
        "driver's memory grew by MB": grown / 1e6, "driver's memory MB": (memory + grown) / 1e6,
    }  # fmt: skip


def speed(arguments: argparse.Namespace) -> dict[str, float | str | int | bool]:
    """Train all folds with one worker and with several, on one thread each, and compare the bytes."""
    seconds, made = [], []
    with TemporaryDirectory() as folder:
        for workers in (1, arguments.workers):
            out = Path(folder, str(workers))
            words = ["train", arguments.name, "--data", str(arguments.data), "--profile", arguments.profile]
            words += ["--workers", str(workers), "--out", str(out), "--json"]
            words += [word for each in arguments.set for word in ("--set", each)]
            command = [sys.executable, "-P", "-c", "import sys; from common.cli import main; sys.exit(main())", *words]
            here = f"place=local root={folder} internet=off"  # so that the ledger of the project stays as it is
            environ = {
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "KIT_CACHE": f"{folder}/cache-{workers}",
                "KIT_ENVIRONMENT": here,
            }
            began = time.perf_counter()
            subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - began)
            made.append([(out / name).read_bytes() for name in FILES])
    return {
        "benchmark": "speed", "name": arguments.name, "profile": arguments.profile, "one": seconds[0],
        f"{arguments.workers}": seconds[1], "times": seconds[0] / seconds[1], "same bytes": made[0] == made[1],
    }  # fmt: skip


def _sleep(seconds: float, number: int = 0) -> Task:
    return Task(f"fold {number}", lambda: {"stmt": f"import time; time.sleep({seconds})", "number": 1})


if __name__ == "__main__":
    main()
