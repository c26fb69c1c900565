"""Masks: run lengths a second, and an epoch of the kit beside one of the course as it is written.

    python benchmarks/segmentation.py rle
    python benchmarks/segmentation.py epochs DATA [PICTURES] [LONGEST]

DATA is the folder of `camvid`; PICTURES are trained on (default 32), at LONGEST pixels of their longer side (default 240). Both
sides train from nothing, one epoch of all layers after one that warms up, on the same pictures at the same size. What an
epoch of the kit sees is windows, so the seconds for a million pixels are shown, too.
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


def epochs(data: Path, pictures: int, longest: int) -> None:
    """Time an epoch of the course's code and of the kit's profile `best`."""
    from fastai.vision.all import Resize, SegmentationDataLoaders, get_image_files, resnet34, unet_learner

    from common import data as kit_data
    from common import registry
    from common.data.zipped import read_bytes
    from common.environment import detect
    from common.model import Context
    from common.progress import Progress
    from common.vision import backbones
    from common.vision.segmentation.network import UNet
    from common.vision.segmentation.training import learner

    competition, models = registry.get("camvid"), registry.models("camvid")
    frames = kit_data.read(competition, data)
    frames = replace(frames, train=frames.training.iloc[:: len(frames.training) // pictures][:pictures])
    best = replace(
        competition.profile("best"), longest=longest, weights="random", window=min(160, longest * 3 // 128 * 32)
    )
    rows, columns = longest * 3 // 4, longest
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        context = Context.of("camvid", detect(), folder, cache=folder, progress=Progress(live=False))
        enriched = models.enrich(frames, best, context)
        for name in ("images", "labels"):
            (folder / name).mkdir()
        for id, picture, mask in frames.training[["id", "picture", "mask"]].itertuples(index=False):
            (folder / "images" / f"{id}.jpg").write_bytes(read_bytes(picture))
            (folder / "labels" / f"{id}_P.png").write_bytes(read_bytes(mask))
        dls = SegmentationDataLoaders.from_label_func(
            folder, bs=8, fnames=get_image_files(folder / "images"), valid_pct=0.0, num_workers=0,
            label_func=lambda path: folder / "labels" / f"{path.stem}_P.png",
            codes=list(competition.submission.cell.labels), item_tfms=Resize((rows, columns)),
        )  # fmt: skip
        learn = unet_learner(dls, resnet34, pretrained=False)
        course = epoch(learn, dls.train)
        backbone = backbones.load(best.backbone, best.weights, context.environment)
        network = UNet(backbone, best.decoder, len(models.task.classes))
        learn = learner(network, backbone, models.task, best, enriched.training, folder)
        ours = epoch(learn, learn.dls.train)
    seen, ours_seen = (len(dls.train) * 8 * rows * columns / 1e6, pictures * best.window**2 / 1e6)
    print(f"{pictures} pictures of {columns} × {rows}")
    print(f"the course as written (resnet34): {course:.1f} s an epoch, {course / seen:.2f} s for a million pixels")
    print(f"profile best ({best.backbone}): {ours:.1f} s an epoch, {ours / ours_seen:.2f} s for a million pixels")
    print(f"{course / ours:.1f} times as fast an epoch, {course / seen * ours_seen / ours:.1f} times a pixel")


def epoch(learn, batches) -> float:
    """Return the seconds of an epoch, after one that warms up: batches from files or cache, and a step of training each."""

    def once() -> None:
        for pictures, classes in batches:
            learn.loss_func(learn.model(pictures), classes).backward()
            learn.opt.step()
            learn.opt.zero_grad()

    learn.create_opt()
    learn.model.train()
    once()
    return timed(once)


def timed(action) -> float:
    """Return the seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1:2] == ["rle"]:
        rle()
    elif len(sys.argv) > 2 and sys.argv[1] == "epochs":
        epochs(Path(sys.argv[2]), int((*sys.argv, 32)[3]), int((*sys.argv, 0, 240)[4] or 240))
    else:
        sys.exit(__doc__)
