"""Features of a frozen backbone: computed once for each picture, kept on disk, shared by folds, runs and workers.

Features are computed of a picture at every size and of its mirror image, and averaged, which takes noise out of them.
At each size there are two blocks: what the backbone's own classifier would be given (`224 mean`, of the last feature
map) and, of networks that have such a map, the maximum of each channel (`224 max`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import precision
from common.cache import cached, entry_name
from common.errors import SettingError
from common.files import atomic_folder
from common.model import Context
from common.vision import backbones
from common.vision.prediction import Predictor
from common.vision.rows import ROW, cache_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.vision.backbones import Backbone
    from common.vision.settings import Frozen

Blocks = dict[str, Any]  # float32 arrays by name
KEPT = "backbone"  # the folder, in that of a run, with the weights that its features are made by
VERSION = 1  # of what features are; another one computes all of them anew
PART = 512  # pictures whose features are an entry of the cache: what a kill costs at most
FILE = "features.npz"
_BATCH = 32


def keep_backbone(name: str, weights: str, sizes: Sequence[int], seed: int, context: Context) -> None:
    """Put a backbone for pictures of these sizes into the run's folder, unless it is there: prediction needs the same one."""
    from safetensors.torch import save_file

    if (context.run / KEPT).is_dir():
        return
    backbone = backbones.load(name, weights, context.environment, seed)
    backbones.require_size(backbone, *sizes)
    with atomic_folder(context.run / KEPT) as folder:
        file = folder / "model.safetensors"
        save_file({key: value.contiguous() for key, value in backbone.network.state_dict().items()}, file)
        with file.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        about = {"name": f"{backbone.library}/{backbone.name}", "sha256": digest}
        (folder / "backbone.json").write_text(json.dumps(about) + "\n", encoding="utf-8")


def kept_backbone(context: Context) -> Backbone:
    """Return the backbone in the run's folder."""
    folder = context.run / KEPT
    about = json.loads((folder / "backbone.json").read_text(encoding="utf-8"))
    return backbones.load(about["name"], str(folder / "model.safetensors"), context.environment)


def features(frame: DataFrame, config: Frozen, context: Context) -> Blocks:
    """Return blocks (n, channels) by name; what no run has computed before is computed now.

    Raises:
        SettingError: if the features take more disk than the settings allow.
        DeviceError: if the disk is full.
    """
    import numpy as np

    cache, rows = cache_of(frame), frame[ROW].to_numpy()
    backbone = json.loads((context.run / KEPT / "backbone.json").read_text(encoding="utf-8"))
    about = [cache.folder.name, backbone, list(config.sizes), PART, VERSION, str(precision.for_prediction())]
    parts = {int(part): entry_name("features", [*about, int(part)]) for part in np.unique(rows // PART)}
    starts = [part * PART for part, name in parts.items() if not (context.cache / name).is_dir()]
    missing = sum(min(PART, len(cache) - start) for start in starts)
    blocks: Blocks = {}
    with context.progress.task("features", missing, "pictures") if missing else nullcontext() as task:
        extractor = _Extractor(cache.pixels, config, context, task)
        for part, name in parts.items():
            stored = cached(
                context.cache, name, partial(extractor.write, part), _read, max_bytes=config.cache_bytes,
                on_wait=lambda: context.progress.say("features: waiting for another process that computes them"),
            )  # fmt: skip
            inside = rows // PART == part
            for title, values in stored.items():
                block = blocks.setdefault(title, np.empty((len(frame), values.shape[1]), np.float32))
                block[inside] = values[rows[inside] % PART]
    return blocks


def _read(folder: Path) -> Blocks:
    import numpy as np

    with np.load(folder / FILE, allow_pickle=False) as stored:
        return dict(stored)


class _Extractor:
    """Computes features; the backbone is loaded when there is something to do."""

    def __init__(self, pixels: NDArray[np.uint8], config: Frozen, context: Context, task: Any) -> None:
        self.pixels, self.config, self.context, self.task = pixels, config, context, task

    def write(self, part: int, folder: Path) -> None:
        """Compute a part of the features into a folder.

        Raises:
            SettingError: if all parts together would take more disk than the settings allow.
        """
        import numpy as np

        pictures = self.pixels[part * PART : (part + 1) * PART]
        batches = []
        for start in range(0, len(pictures), _BATCH):
            batch = np.array(pictures[start : start + _BATCH])
            batches.append(self._computed(batch))
            if self.task is not None:
                self.task.advance(len(batch))
        blocks: Blocks = {name: np.concatenate([each[name] for each in batches]) for name in batches[0]}
        need = sum(block.nbytes for block in blocks.values()) * len(self.pixels) // len(pictures)
        if need > self.config.cache_bytes:
            raise SettingError(
                f"features of {len(self.pixels):,} pictures take {need / 1e9:.2f} GB, more than the "
                f"{self.config.cache_gb:.2f} GB allowed; allow more (--set cache_gb=…)"
            )
        np.savez(folder / FILE, **blocks)

    @cached_property
    def predictor(self) -> Predictor:
        """The backbone on its device."""
        backbone = kept_backbone(self.context)
        return Predictor(backbone.network, backbone.mean, backbone.std, half=True)

    def _computed(self, batch: NDArray[np.uint8]) -> Blocks:
        """Return the blocks of a batch (n, side, side, 3)."""
        import torch
        from torch.nn.functional import interpolate

        blocks = {}
        with torch.inference_mode():
            whole = self.predictor.put(batch)
            for size in self.config.sizes:
                view = whole if size == whole.shape[-1] else interpolate(whole, size, mode="bilinear", antialias=True)
                both_ways = self.predictor.cast(torch.cat((view, view.flip(3))))
                for name, both in _blocks(self.predictor.network, both_ways).items():
                    blocks[f"{size} {name}"] = (both[: len(batch)] + both[len(batch) :]).div(2).cpu().numpy()
        return blocks


def _blocks(network: Any, pictures: Any) -> dict[str, Any]:
    """Return the blocks of one size, each (n, channels), in single precision."""
    if not hasattr(network, "forward_features"):  # torchvision's networks do not hand out their last map
        return {"mean": network(pictures).float().flatten(1)}
    last = network.forward_features(pictures)
    mean = network.forward_head(last).float()
    if last.ndim == 4 and last.shape[1] == network.num_features:
        return {"mean": mean, "max": last.amax((2, 3)).float()}
    return {"mean": mean}
