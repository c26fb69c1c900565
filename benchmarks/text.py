"""Measure text at speed against fastai's default path, side by side in one run, and the baseline of `imdb`.

    python benchmarks/text.py [--data DIR] [--reviews 25000] [--only TEXT]

fastai's path is the course's: its default tokenizer in its default number of processes, the vocabulary counted, every
review numericalised; the kit's is `common.text.numericalise` with an empty cache, the start of its processes and the writing
of the cache included. Both get the same reviews as text in memory. Agreement is the share of fastai's tokens that stand at
their place in the kit's; `same_vocabulary` says whether ids mean the same. Prints one JSON line per measurement.

The data defaults to ../shared/data/imdb beside the repository; without it, it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
AGREEING = 2000  # reviews whose tokens are compared one by one


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "imdb")
    parser.add_argument("--reviews", type=int, default=25_000, help="for the comparison; all are 100,000")
    parser.add_argument("--only", default="", help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--alone", action="store_true", help="all reviews in this process, which must be a fresh one")
    arguments = parser.parse_args()
    from common import data, registry

    if data.locate(arguments.data, registry.get("imdb").files.train) is None:
        sys.exit(f"skipped: no reviews in {arguments.data}; give --data")
    if arguments.alone:
        alone(arguments.data)
        return
    for name, part in PARTS.items():
        if arguments.only in name:
            part(arguments)


def tokenise(arguments: argparse.Namespace) -> None:
    """Compare speed and result with fastai's."""
    from fastai.text.all import make_vocab  # before time runs

    texts = reviews(arguments.data)[: arguments.reviews]
    (tokens, counts), theirs = timed(lambda: fastai(texts))
    corpus, mine = timed(lambda: ours(texts))
    for name, spent in (("fastai", theirs), ("kit", mine)):
        report(f"tokenise {name}", reviews=len(texts), **spent, reviews_per_s=rate(texts, spent["seconds"]))
    report("tokenise ratio", **{f"{kind}_ratio": round(theirs[kind] / mine[kind], 2) for kind in theirs})
    same = list(corpus.vocabulary.tokens) == list(make_vocab(counts))
    compared = tokens[:AGREEING]
    every = ours(texts[:AGREEING], min_freq=1)  # nothing unknown, so that ids tell every token
    pairs = [(every.vocabulary.decode(every.ids(row)).split(" "), their) for row, their in enumerate(compared)]
    found = sum(agreeing(*pair) for pair in pairs)
    total = sum(map(len, compared))
    report(
        "agreement", reviews=len(compared), tokens=total, share=round(found / total, 6),
        same_reviews=sum(a == b for a, b in pairs), same_vocabulary=same,
    )  # fmt: skip


def timed(call: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what a call returns, its seconds, and those of all processors in this process and those it started.

    The second tells more where other work holds the processors at the same time.
    """
    started, before = perf_counter(), sum(os.times()[:4])
    result = call()
    return result, {
        "seconds": round(perf_counter() - started, 2),
        "cpu_seconds": round(sum(os.times()[:4]) - before, 2),
    }


def fastai(texts: list[str]) -> tuple[list[list[str]], Counter[str]]:
    """Tokenise and numericalise as fastai does by default; returns the tokens of some reviews, and all counts."""
    from fastai.text.all import Numericalize, make_vocab, tokenize_texts

    tokens = tokenize_texts(texts)
    counts = Counter(token for review in tokens for token in review)
    numericalise = Numericalize(make_vocab(counts))
    for review in tokens:
        numericalise(review)
    return [list(review) for review in tokens[:AGREEING]], counts


def ours(texts: list[str], **settings: Any) -> Any:
    """Numericalise with an empty cache; returns the corpus, read into memory."""
    import numpy as np

    from common.text import Corpus, TextSettings, numericalise

    with tempfile.TemporaryDirectory() as cache:
        corpus = numericalise(texts, cache=Path(cache), settings=TextSettings(**settings), progress=quiet())
        return Corpus(np.array(corpus.flat), corpus.offsets, corpus.vocabulary)


def agreeing(mine: list[str], theirs: list[str]) -> int:
    """Return how many of their tokens stand in mine, in order."""
    if mine == theirs:
        return len(theirs)
    return sum(block.size for block in SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks())


def everything(arguments: argparse.Namespace) -> None:
    """Tokenise all reviews in a fresh process, for its memory."""
    command = [sys.executable, __file__, "--data", str(arguments.data), "--alone"]
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="", flush=True)


def alone(data: Path) -> None:
    """Measure all reviews, made and read again from the cache, and the memory of all processes."""
    from common.environment import cpu_count
    from common.text import numericalise

    texts = reviews(data)
    with tempfile.TemporaryDirectory() as cache:
        corpus, first = timed(lambda: numericalise(texts, cache=Path(cache), progress=quiet()))
        _, again = timed(lambda: numericalise(texts, cache=Path(cache), progress=quiet()))
        kinds = (resource.RUSAGE_SELF, *[resource.RUSAGE_CHILDREN] * cpu_count())
        peak = sum(resource.getrusage(kind).ru_maxrss for kind in kinds)
        report(
            "tokenise all", reviews=len(texts), tokens=len(corpus.flat), vocabulary=len(corpus.vocabulary),
            **first, again_s=again["seconds"], reviews_per_s=rate(texts, first["seconds"]),
            peak_mib_at_most=round(peak / 1024),  # as if every process were at its largest at once
            cache_mb=round(sum(file.stat().st_size for file in Path(cache).rglob("*.*")) / 1e6, 1),
        )  # fmt: skip


def signs(arguments: argparse.Namespace) -> None:
    """Tokenise one review of nothing but signs, and one ten times as long: the time must grow as the text does."""
    from common.text.tokens.words import Words

    for unit in (".,", "()", "!?", ":)", "&#39;"):
        Words()([unit])  # what is loaded once
        short, long = (
            min(timed(partial(Words(), [unit * n]))[1]["seconds"] for _ in range(3)) for n in (5_000, 50_000)
        )
        report("signs", unit=unit, seconds_5000=short, seconds_50000=long)


def baseline(arguments: argparse.Namespace) -> None:
    """Train profile `baseline` in a process of its own, with an empty cache."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-c", "from common.cli import main; raise SystemExit(main())", "train", "imdb"]
        command += ["--profile", "baseline", "--data", str(arguments.data), "--json", "--fresh"]
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "KIT_CACHE": f"{scratch}/cache"}
        environ["KIT_ENVIRONMENT"] = f"place=local root={scratch} internet=off"
        run = {"env": environ, "check": True, "capture_output": True, "text": True}
        done, spent = timed(lambda: subprocess.run(command, **run))  # type: ignore[call-overload]
        record = json.loads(done.stdout)
        report(
            "imdb baseline", rows=record["rows_scored"], **spent,
            **{name: round(value, 5) for name, value in record["scores"].items()}, phases=record["seconds"],
            peak_mib=round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        )  # fmt: skip


def reviews(data: Path) -> list[str]:
    """Return all reviews as they were written: labelled, test, unlabelled."""
    from common import registry
    from common.data.frames import read
    from competitions.imdb.reviews import as_written

    frames = as_written(read(registry.get("imdb"), data))
    tables = [frames.training, frames.test, *frames.extra.values()]
    return [text for table in tables for text in table["review"]]


def quiet() -> Any:
    """Return a progress that says nothing."""
    from common.progress import Progress

    return Progress(Path(os.devnull).open("w"), live=False)


def rate(texts: list[str], seconds: float) -> float:
    """Return reviews per second."""
    return round(len(texts) / seconds, 1)


def report(measurement: str, **values: Any) -> None:
    """Print one measurement."""
    print(json.dumps({"measurement": measurement, **values}), flush=True)


PARTS = {"tokenise": tokenise, "all": everything, "baseline": baseline, "signs": signs}


if __name__ == "__main__":
    main()
