"""The course's recipe: fastai's `unet_learner` on its ordinary loaders, `fine_tune`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.data.zipped import read_bytes
from common.errors import BackboneError
from common.fastai.learner import fine_tune
from common.files import scratch_folder
from common.masks import COLUMNS, ROWS, VOID, files
from common.model import Context
from common.vision import backbones
from common.vision.learner import load_body, save
from common.vision.rows import ROW
from common.vision.segmentation.settings import UnetCourse
from common.vision.segmentation.task import MaskTask

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "unet.safetensors"
_AFTER = "_P"  # what the name of a mask has after that of its picture, as in CamVid


class UnetCourseModel:
    """A pretrained network with a decoder: one epoch with the encoder frozen, then `epochs` of everything."""

    def __init__(self, task: MaskTask, config: UnetCourse, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""
        with scratch_folder() as folder:
            learn = self.learner(train, valid, folder)
            self.notes = fine_tune(learn, self.config.epochs, self.context, "train", base_lr=self.config.learning_rate)
        self.network = learn.model

    def learner(self, train: DataFrame, valid: DataFrame, folder: Path) -> Any:
        """Return the recipe's learner; its files, the pictures among them, go to `folder`."""
        import pandas as pd
        from fastai.data.block import DataBlock
        from fastai.data.transforms import IndexSplitter
        from fastai.torch_core import set_seed
        from fastai.vision.augment import Resize
        from fastai.vision.data import ImageBlock, MaskBlock
        from fastai.vision.learner import unet_learner

        from common.fastai.learner import precise, quiet

        config = self.config
        set_seed(config.seed, reproducible=False)
        backbone, arch = self._backbone(config.weights)
        names = self._unpack(pd.concat([train, valid]), folder)
        # What `SegmentationDataLoaders.from_label_func` makes, but for the split, which is the run's.
        block = DataBlock(
            blocks=(ImageBlock, MaskBlock(codes=list(self._codes()))),
            get_y=lambda path: folder / "labels" / f"{path.stem}{_AFTER}.png",
            splitter=IndexSplitter(list(range(len(train), len(names)))),
            item_tfms=Resize(config.size) if config.size else None,
        )
        size = min(config.batch_size, len(train))
        dls = block.dataloaders(names, path=folder, bs=size, num_workers=config.workers)
        learn = unet_learner(dls, arch, pretrained=False, path=folder)
        load_body(learn.model[0], backbone)
        learn.freeze()  # as `unet_learner` does with weights that it has loaded itself
        return precise(quiet(learn), config.precision)

    def layers(self, pictures: list[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the probabilities of the pixels' classes (layers, rows, columns)."""
        import numpy as np
        import torch
        from PIL import Image

        from common.vision.prediction import Predictor

        predictor = Predictor(self.network, *backbones.IMAGENET)
        last = len(self.task.classes)
        for pixels in pictures:
            if self.config.size:
                rows, columns = self.config.size
                pixels = np.asarray(Image.fromarray(pixels).resize((columns, rows), Image.Resampling.BILINEAR))
            with torch.inference_mode():
                found = predictor.network(predictor.cast(predictor.put(np.stack([pixels])))).float().softmax(1)[0]
            yield (found[self.task.first_layer : last] * 255).round().byte().cpu().numpy()

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors)."""
        save(self.network, folder / FILE)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from fastai.vision.learner import create_unet_model
        from safetensors.torch import load_file

        _, arch = self._backbone(backbones.RANDOM)  # its weights are in the file
        size = self.config.size or (96, 128)  # of what it is tried on; it takes any
        self.network = create_unet_model(arch, len(self._codes()), size, pretrained=False)
        self.network.load_state_dict(load_file(folder / FILE))

    def _codes(self) -> tuple[str, ...]:
        """Return the labels as the course has them: void is a class like others, which is never predicted here."""
        return self.task.cell.labels or self.task.classes

    def _backbone(self, weights: str) -> tuple[Any, Any]:
        """Return the encoder and the function that makes it.

        Raises:
            BackboneError: for one that fastai's U-Net does not take.
        """
        from torchvision import models

        backbone = backbones.load(self.config.backbone, weights, self.context.environment, self.config.seed)
        if backbone.library != "torchvision":
            raise BackboneError(
                f"fastai's unet_learner takes networks of torchvision, such as resnet34; not {backbone.name}"
            )
        return backbone, getattr(models, backbone.name)

    def _unpack(self, rows: DataFrame, folder: Path) -> list[Path]:
        """Write pictures and masks as the course has them, and return the pictures' paths."""
        pictures, labels = folder / "images", folder / "labels"
        pictures.mkdir()
        labels.mkdir()
        paths = []
        sizes = rows[[ROWS, COLUMNS]].to_numpy(int).tolist()
        columns = (rows[self.task.picture], rows[self.task.target], rows[ROW], sizes)
        for path, answer, number, (down, across) in zip(*columns, strict=True):
            stem = f"{number:06}"
            paths.append(pictures / f"{stem}{PurePosixPath(path).suffix}")
            paths[-1].write_bytes(read_bytes(path))
            classes = self.task.to_classes(self.task.truth(answer, (down, across)))
            if self.task.cell.void:
                classes[classes == VOID] = self.task.cell.labels.index(self.task.cell.void)
            (labels / f"{stem}{_AFTER}.png").write_bytes(files.to_png(classes))
        return paths
