"""How long a kernel takes to build, and how large it is: beside its sources as they are, and beside Kaggle's limit.

Prints one JSON line.
Usage: python benchmarks/kernel.py [--repeat 9]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from common.environment import PROJECT
from common.kaggle.build import MAX_BYTES, build, names


def measure(name: str, repeat: int, out: Path) -> dict[str, Any]:
    """Build a kernel several times; the first build, which also imports, is not counted."""
    build(name, "someone", out)
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        built = build(name, "someone", out)
        seconds.append(time.perf_counter() - started)
    raw = sum((PROJECT / path).stat().st_size for path in built.files if path.endswith(".py"))
    return {
        "seconds": round(statistics.median(seconds), 3),
        "files": len(built.files),
        "source_bytes": raw,
        "kernel_bytes": built.bytes,
        "kernel_to_sources": round(built.bytes / raw, 3),
        "of_the_limit": round(built.bytes / MAX_BYTES, 3),
    }


def main() -> None:
    """Measure every kernel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=9)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({name: measure(name, repeat, Path(folder, name)) for name in names()}))


if __name__ == "__main__":
    main()
