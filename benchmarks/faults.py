"""A thousand journeys from push to score under random faults: how they end, and how long one takes.

Each is judged as in `tests/kaggle_faults.py`: one right submission or a clear refusal, never two submissions, never a
wrong score, never a hang. Prints one JSON line. Usage: python benchmarks/faults.py [--journeys 1000] [--first 0]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from kaggle_faults import Ending, Road, count  # noqa: E402 (the path comes first)
from stand_in_world import environment  # noqa: E402


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--journeys", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    arguments = parser.parse_args()
    endings: list[Ending] = []
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        os.environ.update(environment(home))
        road = Road(Path(folder))
        for seed in range(arguments.first, arguments.first + arguments.journeys):
            started = time.monotonic()
            endings.append(road.journey(seed))
            seconds.append(time.monotonic() - started)
    result = {
        "benchmark": "faults",
        "journeys": len(endings),
        "endings": count(endings),
        "submissions": sum(ending.submissions for ending in endings),
        "seconds": round(sum(seconds), 1),
        "median_seconds": round(statistics.median(seconds), 3),
        "longest_seconds": round(max(seconds), 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
