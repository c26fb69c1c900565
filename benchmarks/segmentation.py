"""Masks: run lengths a second, and an epoch of the kit beside one of the course as it is written.

    python benchmarks/segmentation.py rle
    python benchmarks/segmentation.py epochs DATA [PICTURES] [LONGEST] [EPOCHS]

DATA is the folder of `camvid`; PICTURES are trained on (default 32), at LONGEST pixels of their longer side (default 240). Both
sides train from nothing, EPOCHS of one cycle (default 6), on the same pictures at the same size, and are asked about
as many others. What an epoch of the kit sees of each picture is a window.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def rle() -> None:
    """Encode and decode pictures of 1,000 × 1,000 with sixty objects each."""
    from common.masks import rle

    rng = np.random.default_rng(0)
    down, across = np.mgrid[:1000, :1000]
    masks = []
    for _ in range(10):
        places = rng.integers(0, 1000, (60, 2))
        sizes = rng.integers(10, 45, 60)
        masks.append(np.zeros((1000, 1000), bool))
        for (y, x), size in zip(places, sizes, strict=True):
            masks[-1] |= (down - y) ** 2 + (across - x) ** 2 < size**2
    for along in ("columns", "rows"):
        texts = [rle.encode(mask, along) for mask in masks]
        assert all(
            np.array_equal(rle.decode(text, (1000, 1000), along), mask) for text, mask in zip(texts, masks, strict=True)
        )
        for name, action in (
            ("encode", lambda along=along: [rle.encode(mask, along) for mask in masks]),
            ("decode", lambda along=along, texts=texts: [rle.decode(text, (1000, 1000), along) for text in texts]),
        ):
            spent = min(timed(action) for _ in range(5)) / len(masks)
            print(f"{name} along the {along}: {1 / spent:,.0f} pictures a second ({spent * 1e3:.2f} ms each)")


def epochs(data: Path, pictures: int, longest: int, count: int) -> None:
    """Time epochs of the course's code and of the kit's profile `best`, and say what each has learnt in them."""
    from fastai.vision.all import Resize, SegmentationDataLoaders, resnet34, unet_learner

    from common import data as kit_data
    from common import registry
    from common.data.zipped import read_bytes
    from common.environment import detect
    from common.masks import VOID
    from common.model import Context
    from common.progress import Progress
    from common.vision.rows import ROW
    from common.vision.segmentation.rows import cache_of
    from common.vision.segmentation.unet import UnetModel

    competition, models = registry.get("camvid"), registry.models("camvid")
    frames = kit_data.read(competition, data)
    rows, columns = longest * 3 // 4, longest
    best = replace(competition.profile("best"), longest=longest, weights="random", epochs=count, batch_size=8,
                   window=min(160, longest * 3 // 128 * 32))  # fmt: skip
    chosen = frames.training.iloc[:: max(1, len(frames.training) // (2 * pictures))][: 2 * pictures]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        context = Context.of("camvid", detect(), folder, cache=folder, progress=Progress(live=False))
        for name in ("images", "labels"):
            (folder / name).mkdir()
        paths = []
        for id, picture, mask in chosen[["id", "picture", "mask"]].itertuples(index=False):
            paths.append(folder / "images" / f"{id}.jpg")
            paths[-1].write_bytes(read_bytes(picture))
            (folder / "labels" / f"{id}_P.png").write_bytes(read_bytes(mask))

        def course() -> np.ndarray:
            dls = SegmentationDataLoaders.from_label_func(
                folder, bs=8, fnames=paths[::2], valid_pct=0.0, num_workers=0,
                label_func=lambda path: folder / "labels" / f"{path.stem}_P.png",
                codes=list(competition.submission.cell.labels), item_tfms=Resize((rows, columns), method="squish"),
            )  # fmt: skip
            learn = unet_learner(dls, resnet34, pretrained=False)
            started = time.perf_counter()
            with learn.no_bar(), learn.no_logging():
                learn.fit_one_cycle(count, 2e-3)
            spent.append((time.perf_counter() - started) / count)
            return learn.get_preds(dl=dls.test_dl(paths[1::2]))[0][:, : len(models.task.classes)].argmax(1).numpy()

        def kit() -> np.ndarray:
            enriched = models.enrich(replace(frames, train=chosen), best, context).training
            cache = cache_of(enriched)
            model = UnetModel(models.task, best, context)
            started = time.perf_counter()
            model.fit(enriched.iloc[::2], enriched.iloc[1::2])
            spent.append((time.perf_counter() - started) / count)
            held_out = enriched[ROW].iloc[1::2].tolist()
            truths.append(np.stack([cache.truth(row) for row in held_out]))
            return np.stack([layers.argmax(0) for layers in model.layers([cache.picture(row) for row in held_out])])

        spent: list[float] = []
        truths: list[np.ndarray] = []
        answers = [course(), kit()]
    print(f"{pictures} pictures of {columns} × {rows}, as many held out, {count} epochs")
    for name, seconds, answer in zip(("the course as written (resnet34)", "profile best"), spent, answers, strict=True):
        right = (answer == truths[0])[truths[0] != VOID].mean()
        print(f"{name}: {seconds:.1f} s an epoch, {right:.3f} of the pixels held out are right")
    print(f"{spent[0] / spent[1]:.1f} times as fast")


def timed(action) -> float:
    """Return the seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1:2] == ["rle"]:
        rle()
    elif len(sys.argv) > 2 and sys.argv[1] == "epochs":
        epochs(Path(sys.argv[2]), *map(int, [*sys.argv[3:], *("32", "240", "6")[len(sys.argv) - 3 :]]))
    else:
        sys.exit(__doc__)
