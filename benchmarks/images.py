"""Measure the loading of pictures against the course's recipe as written, side by side in one run.

    python benchmarks/images.py [--data ZIP] [--size 224] [--workers 2] [--epochs 3] [--rows 25000] [--gpu]

The recipe is fastai's `ImageDataLoaders.from_name_func(..., item_tfms=Resize(224))`, which decodes every file in every
epoch; the kit decodes once into its cache and reads that. Both train on the same share of the same files, in batches
of 64 on this machine, each in a fresh process; an epoch reads the training pictures. The kit's first epoch contains
the making of the cache, of validation pictures too. Rounds alternate, so that what else the machine does meets both;
the best of each is compared. Then the memory that it takes to build and to read a cache of 25,000 pictures, made of
the same files over and over. Prints one JSON line per measurement; `ratio` is the kit's pictures per second over the
recipe's, `cpu_ratio` the recipe's processor time per picture over the kit's, which is what stays comparable on a
machine that others use too. `--gpu` measures the share of a training step that waits for data instead, of resnet34 in
half precision with 4 workers: what an epoch takes longer than one whose batches are on the device already.

The data defaults to ../shared/data/oxford_pets/images_original.zip beside the repository; without it, it says so and
ends.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BATCH = 64
ROUNDS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pets = ROOT.parent / "shared" / "data" / "oxford_pets"
    parser.add_argument("--data", type=Path, default=pets / "images_original.zip")
    parser.add_argument("--size", type=int, default=224, help="side of what the model is given")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=25_000, help="rows of the cache whose memory is measured")
    parser.add_argument("--gpu", action="store_true", help="measure waiting for data on a GPU")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # fastai's, while it is imported
    if arguments.case:
        print(json.dumps(CASES[arguments.case](arguments)))
        return
    if not arguments.data.is_file():
        sys.exit(f"skipped: no {arguments.data}; give --data")
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(arguments.data) as archive:
            archive.extractall(scratch)
        if arguments.gpu:
            _measure_gpu(arguments, scratch)
        else:
            _measure_loading(arguments, scratch)
            _measure_memory(arguments, scratch)


def _measure_loading(arguments: argparse.Namespace, scratch: str) -> None:
    runs: dict[str, list[list[list[float]]]] = {"recipe": [], "kit": []}
    for _ in range(ROUNDS):
        for name, rounds in runs.items():
            rounds.append(_run(arguments, name, scratch)["epochs"])
    for part, epochs in (("first epoch", slice(0, 1)), ("later epochs", slice(1, None))):
        best = {}
        for name, rounds in runs.items():
            speeds, costs = zip(*(epoch for run in rounds for epoch in run[epochs]), strict=True)
            best[name] = max(speeds), min(costs)
            _print(f"images {name} {part}", pictures_per_s=best[name][0], cpu_ms_per_picture=best[name][1])
        (speed, cost), (recipe_speed, recipe_cost) = best["kit"], best["recipe"]
        _print(f"images {part}", ratio=round(speed / recipe_speed, 2), cpu_ratio=round(recipe_cost / cost, 2))


def _measure_memory(arguments: argparse.Namespace, scratch: str) -> None:
    for case in ("build", "read"):
        _print(f"images memory {case}", **_run(arguments, case, scratch))


def _measure_gpu(arguments: argparse.Namespace, scratch: str) -> None:
    import torch

    if not torch.cuda.is_available():
        sys.exit("skipped: there is no GPU here")
    _print("images waiting for data", gpu=torch.cuda.get_device_name(), **_run(arguments, "gpu", scratch))


def _recipe(arguments: argparse.Namespace) -> dict[str, Any]:
    """Load as the course does."""
    from fastai.vision.all import ImageDataLoaders, Resize, get_image_files

    files = get_image_files(arguments.folder / "images")
    dls = ImageDataLoaders.from_name_func(
        arguments.folder, files, valid_pct=0.2, seed=42, label_func=_is_cat, item_tfms=Resize(arguments.size),
        bs=BATCH, num_workers=arguments.workers, device="cpu",
    )  # fmt: skip
    return {"epochs": [_Clock().epoch(dls.train) for _ in range(arguments.epochs)]}


def _kit(arguments: argparse.Namespace) -> dict[str, Any]:
    """Load through the cache."""
    from common.vision.pictures.loader import dataloaders

    with tempfile.TemporaryDirectory() as cache:
        clock = _Clock()
        pictures = _open(arguments, cache)
        names = [Path(path).name for path in pictures.paths]
        rows = range(len(pictures))
        train, valid = [row for row in rows if row % 5], [row for row in rows if row % 5 == 0]
        dls = dataloaders(
            pictures, train, valid, [_is_cat(name) for name in names], [False, True],
            batch_size=BATCH, workers=arguments.workers, device="cpu",
        )  # fmt: skip
        return {"epochs": [clock.epoch(dls.train), *(_Clock().epoch(dls.train) for _ in range(1, arguments.epochs))]}


def _open(arguments: argparse.Namespace, cache: str, rows: int | None = None) -> Any:
    """Open the pictures, over and over again until there are so many rows."""
    import io
    from itertools import cycle, islice

    from common.progress import Progress
    from common.vision.pictures.cache import open_cache

    files = sorted(str(path) for path in (arguments.folder / "images").iterdir())
    files = list(islice(cycle(files), rows or len(files)))
    return open_cache(files, Path(cache), size=arguments.size, progress=Progress(io.StringIO()))


def _build(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build a large cache in the folder, and look at what this process needs meanwhile."""
    _open(arguments, str(arguments.folder / "small"))  # libraries are loaded
    before = _status("VmRSS")
    started = perf_counter()
    cache = _open(arguments, str(arguments.folder / "large"), arguments.rows)
    spent = perf_counter() - started
    return {
        "rows": len(cache),
        "gb_on_disk": round(cache.pixels.nbytes / 1e9, 2),
        "pictures_per_s": round(len(cache) / spent, 1),
        "peak_mb": round((_status("VmHWM") - before) / 1e3, 1),
    }


def _read(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read an epoch of that cache, and look at private and mapped memory apart."""
    from common.vision.pictures.loader import dataloaders

    cache = _open(arguments, str(arguments.folder / "large"), arguments.rows)
    before = _status("RssAnon")
    rows = range(len(cache))
    dls = dataloaders(
        cache, rows, rows[:1], [0] * len(rows), [0], batch_size=BATCH, workers=arguments.workers, device="cpu"
    )
    speed, _ = _Clock().epoch(dls.train)
    return {
        "rows": len(cache),
        "pictures_per_s": speed,
        "private_mb": round((_status("RssAnon") - before) / 1e3, 1),
        "mapped_mb": round(_status("RssFile") / 1e3, 1),
    }


def _status(name: str) -> int:
    """Return a figure of this process's memory in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def _gpu(arguments: argparse.Namespace, device: str = "cuda", rows: int = 8192, workers: int = 4) -> dict[str, Any]:
    """Train a resnet34 on loaded batches and on one that lies on the device already: the difference is waiting."""
    from fastai.vision.all import CrossEntropyLossFlat, Learner, aug_transforms
    from torchvision.models import resnet34

    from common.vision.pictures.loader import dataloaders

    cache = _open(arguments, str(arguments.folder / "gpu"), rows)
    labels = [_is_cat(Path(path).name) for path in cache.paths]
    dls = dataloaders(
        cache, range(rows), range(BATCH), labels, [False, True], batch_size=BATCH, workers=workers, device=device,
        flip=True, augment=aug_transforms(), normalise=([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    )  # fmt: skip
    learn = Learner(dls, resnet34(num_classes=2), loss_func=CrossEntropyLossFlat(), path=arguments.folder).to_fp16()
    learn.remove_cbs([each for each in learn.cbs if each.name == "progress"])
    learn.logger = lambda line: None
    loaded = dls.train.create_batches
    ready = [part.to(device) for part in next(iter(loaded(range(rows))))]
    steps = rows // BATCH
    learn.fit(1)  # the first steps choose algorithms
    seconds: dict[str, list[float]] = {"loaded": [], "ready": []}
    for _ in range(ROUNDS):
        for name, batches in (("loaded", loaded), ("ready", lambda _: (tuple(ready) for _ in range(steps)))):
            dls.train.create_batches = batches
            started = perf_counter()
            learn.fit(1)  # ends with a validation batch, which waits for the device
            seconds[name].append(perf_counter() - started)
    least = {name: min(each) for name, each in seconds.items()}
    return {
        "pictures_per_s": round(steps * BATCH / least["loaded"], 1),
        "waiting_share": round(max(0.0, 1 - least["ready"] / least["loaded"]), 4),
    }


def _is_cat(name: str) -> bool:
    return name[0].isupper()


class _Clock:
    """Wall time, and processor time of this process and of its ended children, from its making on."""

    def __init__(self) -> None:
        self.started, self.used = perf_counter(), self._used()

    def epoch(self, loader: Any) -> tuple[float, float]:
        """Read one pass; return pictures per second and processor milliseconds per picture since the start."""
        count = sum(len(pictures) for pictures, _ in loader)
        spent, used = perf_counter() - self.started, self._used() - self.used
        return round(count / spent, 1), round(1e3 * used / count, 3)

    @staticmethod
    def _used() -> float:
        parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(part.ru_utime + part.ru_stime for part in parts)


def _run(arguments: argparse.Namespace, case: str, scratch: str) -> Any:
    """Run one case in a process of its own."""
    command = [
        sys.executable, __file__, "--case", case, "--folder", scratch, "--size", str(arguments.size),
        "--workers", str(arguments.workers), "--epochs", str(arguments.epochs), "--rows", str(arguments.rows),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


CASES = {"recipe": _recipe, "kit": _kit, "build": _build, "read": _read, "gpu": _gpu}


def _print(measurement: str, **values: Any) -> None:
    print(json.dumps({"measurement": measurement, **values}), flush=True)


if __name__ == "__main__":
    main()
