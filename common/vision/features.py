"""What a frozen backbone makes of pictures: computed once for each, kept on disk, shared by folds, runs and workers.

A picture is seen at every size, as it is and flipped; the two are averaged, which takes noise out of the features.
At each size there are two blocks: what the backbone's own classifier would see (`224 mean`, of the last feature map)
and, of networks that have such a map, the strongest answer in it of each channel (`224 max`).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import SettingError
from common.files import atomic_folder, atomic_write, locked
from common.model import Context
from common.vision import backbones
from common.vision.eviction import INDEX, make_room
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
PART = 512  # pictures whose features are written together: what a kill costs at most
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
        DeviceError: if the disk has no room for them.
    """
    import numpy as np

    about = json.loads((context.run / KEPT / "backbone.json").read_text(encoding="utf-8"))
    blocks: dict[str, Any] = {}
    extractor = _Extractor(config, context)
    for entry, places in entries(frame):
        made_by = [entry.name, about, list(config.sizes), PART, VERSION, str(precision(half=True))]
        key = hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]
        rows, folder = frame[ROW].to_numpy()[places], context.cache / "features" / key
        parts = {int(part): folder / f"{part:03}.npz" for part in np.unique(rows // PART)}
        # Nobody else makes the same features meanwhile, and nobody takes them away before they are read.
        with locked(folder, lambda: context.progress.say("features: waiting for another process's")):
            with atomic_write(folder / INDEX, "w") as handle:
                json.dump(made_by, handle)
            extractor.write(entry, {part: file for part, file in parts.items() if not zipfile.is_zipfile(file)})
            for part, file in parts.items():
                inside = rows // PART == part
                with np.load(file, allow_pickle=False) as stored:
                    for name in stored.files:
                        values = stored[name][rows[inside] % PART]
                        block = blocks.setdefault(name, np.empty((len(frame), values.shape[1]), np.float32))
                        block[places[inside]] = values
    return blocks


class _Extractor:
    """The backbone at work; loaded when there is something to do."""

    def __init__(self, config: Frozen, context: Context) -> None:
        self.config, self.context = config, context

    def write(self, entry: Path, parts: dict[int, Path]) -> None:
        """Compute parts of a cache entry's features and write each, whole, to its file."""
        import numpy as np

        from common.vision.pictures.cache import reopened

        if not parts:
            return
        pixels = reopened(entry).pixels
        self._load()
        counts = {part: len(pixels[part * PART : (part + 1) * PART]) for part in parts}
        with self.context.progress.task("features", sum(counts.values()), "pictures") as task:
            for part, file in parts.items():
                made: dict[str, list[Any]] = {}
                for start in range(part * PART, part * PART + counts[part], _BATCH):
                    batch = np.array(pixels[start : min(start + _BATCH, (part + 1) * PART)])
                    for name, values in self._seen(batch).items():
                        made.setdefault(name, []).append(values)
                    task.advance(len(batch))
                self._keep(file, {name: np.concatenate(each) for name, each in made.items()}, len(pixels))

    def _keep(self, file: Path, blocks: Blocks, count: int) -> None:
        """Write a part of the features of `count` pictures, if there may be room for all of them."""
        import numpy as np

        need, room = sum(block.nbytes for block in blocks.values()), self.config.cache_bytes
        whole = need * count // len(next(iter(blocks.values())))
        what = f"features of {count:,} pictures take {whole / 1e9:.2f} GB"
        if whole > room:
            raise SettingError(f"{what}, more than the {room / 1e9:.2f} GB allowed; allow more (--set cache_gb=…)")
        root = file.parent.parent
        with locked(root / "features"):
            make_room(root, need, room, what)
            with atomic_write(file) as handle:
                np.savez(handle, **blocks)

    def _load(self) -> None:
        backbone = kept_backbone(self.context)
        self.eye = Eye(backbone.network, backbone.mean, backbone.std, half=True)

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
