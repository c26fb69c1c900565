"""Measure runs on an idle machine and beside busy processes, with threads that wait in different ways.

    python benchmarks/busy.py [--busy 0,1,2] [--repeat 2] [--only TEXT] [--before CHECKOUT]

Prints one JSON line for each run, way of waiting and number of busy processes: seconds of a whole `kit train`, best of
some. The ways of waiting take turns, so that whatever else the machine does disturbs them alike. A busy process adds
numbers without end; it ends with the measurement.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
RUNS = {
    "imdb sample": ("train", "imdb", "--profile", "sample"),
    "imdb baseline": ("train", "imdb", "--profile", "baseline"),
    "patent sample": ("train", "patent", "--profile", "sample", "--folds", "0"),
    "patent baseline": ("train", "patent", "--profile", "baseline"),
    "pets sample": ("train", "pets", "--profile", "sample", "--folds", "0"),
    "pets baseline": ("train", "pets", "--profile", "baseline"),
}
WAYS: dict[str, dict[str, str]] = {
    "kit": {},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "spin 10000": {"GOMP_SPINCOUNT": "10000"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
COMMAND = (sys.executable, "-P", "-c", "import sys; from common.cli import main; sys.exit(main())")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", default="0,1,2", help="numbers of busy processes (default: 0,1,2)")
    parser.add_argument("--repeat", type=int, default=2, help="times each (default: 2)")
    parser.add_argument("--only", default="", help="runs whose name holds one of these texts, separated by commas")
    parser.add_argument("--ways", default=",".join(WAYS), help="ways of waiting (default: all)")
    parser.add_argument("--before", help="another checkout of the kit, run beside this one as it is")
    arguments = parser.parse_args()
    ways = {name: WAYS[name] for name in arguments.ways.split(",")}
    if arguments.before:
        ways["before"] = {"PYTHONPATH": arguments.before}
    with tempfile.TemporaryDirectory() as folder:
        for name, words in RUNS.items():
            if not any(text in name for text in arguments.only.split(",")):
                continue
            data = Path(folder) / words[1]
            if not data.is_dir():
                subprocess.run(
                    [*COMMAND, "sample", words[1], "--out", data, "--rows", "300"],
                    check=True,
                    env=environ({}),
                    stdout=2,
                )
            for busy in map(int, arguments.busy.split(",")):
                seconds: dict[str, list[float]] = {way: [] for way in ways}
                with busy_processes(busy):
                    for _ in range(arguments.repeat):
                        for way, variables in ways.items():
                            seconds[way].append(once([*words, "--data", str(data)], Path(folder), variables))
                best = {way: round(min(values), 2) for way, values in seconds.items()}
                print(json.dumps({"run": name, "busy": busy, "seconds": best}), flush=True)


def environ(variables: dict[str, str]) -> dict[str, str]:
    """Return this process's variables but for those that say how threads wait, with others in their place."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KIT_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def once(words: list[str], folder: Path, variables: dict[str, str]) -> float:
    """Return the seconds of one run, whose prepared data is made anew."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        started = perf_counter()
        subprocess.run(
            [*COMMAND, *words, "--out", f"{own}/run"], check=True, capture_output=True, cwd=folder,
            env=environ({"KIT_CACHE": f"{own}/cache", **variables}),
        )  # fmt: skip
        return perf_counter() - started


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep so many processors busy."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: sum(range(10**6))"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
