"""What a frozen backbone makes of pictures: computed once for each, kept on disk, shared by folds, runs and workers.

A picture is seen at every size, as it is and flipped; the two are averaged, which takes noise out of the features.
At each size there are two blocks: what the backbone's own classifier would see (`224 mean`, of the last feature map)
and, of networks that have such a map, the strongest answer in it of each channel (`224 max`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.cache import cached, entry_name
from common.errors import SettingError
from common.files import atomic_folder
from common.model import Context
from common.vision import backbones
from common.vision.prediction import Eye, precision
from common.vision.rows import ROW, entries

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

    about = json.loads((context.run / KEPT / "backbone.json").read_text(encoding="utf-8"))
    made_by = [about, list(config.sizes), PART, VERSION, str(precision(half=True))]
    rows = frame[ROW].to_numpy()
    parts = [
        (entry, int(part), places[rows[places] // PART == part])
        for entry, places in entries(frame)
        for part in np.unique(rows[places] // PART)
    ]
    names = [entry_name("features", [entry.name, part, *made_by]) for entry, part, _ in parts]
    missing = sum(
        len(_pictures(entry, part))
        for name, (entry, part, _) in zip(names, parts, strict=True)
        if not (context.cache / name).is_dir()
    )
    blocks: dict[str, Any] = {}
    with context.progress.task("features", missing, "pictures") if missing else nullcontext() as task:
        extractor = _Extractor(config, context, task)
        for name, (entry, part, places) in zip(names, parts, strict=True):
            stored = cached(
                context.cache, name, partial(extractor.write, entry, part), _read, max_bytes=config.cache_bytes,
                on_wait=lambda: context.progress.say("features: waiting for another process's"),
            )  # fmt: skip
            for title, values in stored.items():
                block = blocks.setdefault(title, np.empty((len(frame), values.shape[1]), np.float32))
                block[places] = values[rows[places] % PART]
    return blocks


def _pictures(entry: Path, part: int) -> NDArray[np.uint8]:
    from common.vision.pictures.cache import reopened

    return reopened(entry).pixels[part * PART : (part + 1) * PART]


def _read(folder: Path) -> Blocks:
    import numpy as np

    with np.load(folder / FILE, allow_pickle=False) as stored:
        return dict(stored)


class _Extractor:
    """The backbone at work; loaded when there is something to do."""

    def __init__(self, config: Frozen, context: Context, task: Any) -> None:
        self.config, self.context, self.task = config, context, task

    def write(self, entry: Path, part: int, folder: Path) -> None:
        """Compute a part of the features of an entry's pictures into a folder.

        Raises:
            SettingError: if all parts together would take more disk than the settings allow.
        """
        import numpy as np

        from common.vision.pictures.cache import reopened

        count, pictures = len(reopened(entry)), _pictures(entry, part)
        batches = []
        for start in range(0, len(pictures), _BATCH):
            batch = np.array(pictures[start : start + _BATCH])
            batches.append(self._seen(batch))
            if self.task is not None:
                self.task.advance(len(batch))
        blocks: Blocks = {name: np.concatenate([each[name] for each in batches]) for name in batches[0]}
        need, allowed = sum(block.nbytes for block in blocks.values()) * count // len(pictures), self.config.cache_bytes
        if need > allowed:
            raise SettingError(
                f"features of {count:,} pictures take {need / 1e9:.2f} GB, more than the {allowed / 1e9:.2f} GB allowed; "
                "allow more (--set cache_gb=…)"
            )
        np.savez(folder / FILE, **blocks)

    @cached_property
    def eye(self) -> Eye:
        """The network on its device."""
        backbone = kept_backbone(self.context)
        return Eye(backbone.network, backbone.mean, backbone.std, half=True)

    def _seen(self, batch: NDArray[np.uint8]) -> Blocks:
        """Return the blocks of a batch (n, side, side, 3)."""
        import torch
        from torch.nn.functional import interpolate

        made = {}
        with torch.inference_mode():
            whole = self.eye.put(batch)
            for size in self.config.sizes:
                view = whole if size == whole.shape[-1] else interpolate(whole, size, mode="bilinear", antialias=True)
                both_ways = self.eye.cast(torch.cat((view, view.flip(3))))
                for name, both in _blocks(self.eye.network, both_ways).items():
                    made[f"{size} {name}"] = (both[: len(batch)] + both[len(batch) :]).div(2).cpu().numpy()
        return made


def _blocks(network: Any, pictures: Any) -> dict[str, Any]:
    """Return the blocks of one size, each (n, channels), in single precision."""
    if not hasattr(network, "forward_features"):  # torchvision's networks keep their last map to themselves
        return {"mean": network(pictures).float().flatten(1)}
    seen = network.forward_features(pictures)
    own = network.forward_head(seen).float()
    if seen.ndim == 4 and seen.shape[1] == network.num_features:
        return {"mean": own, "max": seen.amax((2, 3)).float()}
    return {"mean": own}
