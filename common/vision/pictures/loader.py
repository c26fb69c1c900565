"""fastai's `DataLoaders`, fed from a cache of pictures.

A batch is one copy out of mapped memory, made by a thread while the model works on the batch before, and goes to the
device as bytes; the rest (floats, normalisation, augmentation) is computed there, for a whole batch at once. Items are
paths, transforms are fastai's own, so that interpretation, test-time augmentation and the finder work as ever.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import count, islice
from typing import Any

import numpy as np
import torch

import common.fastai  # noqa: F401  imports fastai quietly

# isort: split
from fastai.data.core import DataLoaders, Datasets, TfmdDL
from fastai.data.transforms import Categorize, IntToFloatTensor, Normalize, Transform
from fastai.torch_core import TensorBase, TensorCategory, TensorImage, default_device, to_device
from fastai.vision import data as _  # noqa: F401  registers how pictures are shown

from common.errors import SettingError
from common.vision.pictures.cache import PictureCache
from common.vision.pictures.prefetch import prefetch

WORKERS = 2


def dataloaders(
    cache: PictureCache,
    train: Sequence[int],
    valid: Sequence[int],
    labels: Sequence[Any],
    vocab: Sequence[Any] | None,
    *,
    size: int | None = None,
    batch_size: int = 64,
    flip: bool = False,
    augment: Iterable[Any] = (),
    normalise: tuple[Sequence[float], Sequence[float]] | None = None,
    seed: int = 42,
    device: Any = None,
    workers: int = WORKERS,
    path: Any = ".",
) -> DataLoaders:
    """Return loaders for training and validation: batches of TensorImage (n, 3, size, size) and TensorCategory (n,).

    Args:
        cache: The pictures.
        train: Rows of the cache to train on, shuffled anew in every epoch; an incomplete batch is left out.
        valid: Rows to validate on, in this order.
        labels: A member of `vocab` for each row of the cache; those of other rows are not used.
        vocab: The classes, in the order of the model's outputs; None: labels are numbers (outputs,), TensorBase in a batch.
        size: Side of the pictures that the model is given; None is the stored size. A smaller one is a window: the
            centre for validation, a random one for training.
        batch_size: Pictures in a batch of training; one of validation has twice as many.
        flip: Whether half of the training pictures are mirrored left to right.
        augment: fastai's batch transforms for training, such as `aug_transforms()`.
        normalise: Mean and standard deviation of each colour between 0 and 1; None: the learner normalises.
        seed: With the number of the epoch (`dls.train.epoch`, settable), it decides every batch to the last bit.
        device: Where batches go; None is fastai's default.
        workers: Threads that prepare batches; 0: each is prepared when it is needed.
        path: Where a learner made of the loaders keeps its files.

    Raises:
        SettingError: for a size above the stored one.
    """
    if size is not None and size > cache.size:
        raise SettingError(f"size must be at most {cache.size}, at which pictures are stored, got {size}")
    device = default_device() if device is None else torch.device(device)
    paths = [cache.paths[row] for row in [*train, *valid]]
    label_of = {cache.paths[row]: labels[row] for row in [*train, *valid]}
    dataset = Datasets(
        paths,
        [
            [_Picture(cache, size or cache.size)],
            [_Label(label_of), _Numbers() if vocab is None else Categorize(vocab=list(vocab), sort=False)],
        ],
        splits=(range(len(train)), range(len(train), len(paths))),
    )
    transforms = [IntToFloatTensor(), *augment]
    if normalise is not None:
        transforms.append(Normalize.from_stats(*normalise, cuda=False))
    shared = {"after_batch": transforms, "device": device, "seed": seed, "flip": flip, "workers": workers}
    training = PictureDL(dataset.train, bs=batch_size, shuffle=True, drop_last=len(train) >= batch_size, **shared)
    validation = PictureDL(dataset.valid, bs=2 * batch_size, **shared)
    return DataLoaders(training, validation, path=path, device=device)


class PictureDL(TfmdDL):
    """A fastai loader whose batches are copied out of a cache as a whole.

    `epoch` counts the passes that were read to their end. Each batch, augmentation included, follows from the seed,
    the epoch and its number alone: set `epoch` to continue where another process stopped.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        seed: int = 42,
        flip: bool = False,
        workers: int = WORKERS,
        num_workers: int = 0,  # fastai's processes; there are none
        **options: Any,
    ) -> None:
        self.seed, self.flip, self.workers, self.epoch = seed, flip, workers, 0
        super().__init__(dataset, num_workers=0, **options)

    @property
    def source(self) -> _Picture:
        """The transform that knows the cache and the window."""
        transform: _Picture = self.dataset.tls[0].tfms.fs[0]
        return transform

    def new(self, dataset: Any = None, cls: Any = None, **options: Any) -> PictureDL:
        """Return a loader like this one, but for `options`, at epoch 0."""
        own = {"seed": self.seed, "flip": self.flip, "workers": self.workers}
        loader: PictureDL = super().new(dataset, cls, **{**own, **options})
        return loader

    def shuffle_fn(self, idxs: list[int]) -> list[int]:
        """Return the order of this epoch."""
        return [idxs[place] for place in np.random.default_rng((self.seed, self.epoch)).permutation(len(idxs))]

    def __iter__(self) -> Iterator[Any]:
        self.before_iter()
        pinned = self.device is not None and self.device.type == "cuda"
        for number, batch in enumerate(self.create_batches(self.get_idxs())):
            if self.device is not None:
                batch = to_device(batch, self.device, non_blocking=pinned)
            with self._drawing(number):
                batch = self.after_batch(batch)
            yield batch
        self.after_iter()

    def after_iter(self) -> None:
        """Count a pass that was read to its end."""
        super().after_iter()
        self.epoch += 1

    def create_batches(self, samps: Iterable[int]) -> Iterator[Any]:
        """Yield batches of bytes, in order, prepared ahead."""
        if self.after_item.fs or self.before_batch.fs:  # a user's transforms of single pictures
            return super().create_batches(samps)  # type: ignore[no-any-return]
        return prefetch(partial(self._copy, *self._rows_and_classes), self._numbered(iter(samps)), self.workers)

    def _numbered(self, items: Iterator[int]) -> Iterator[tuple[int, Any]]:
        """Yield the number and the items of each batch; they may be endless, as in `show_batch(unique=True)`."""
        for number in count():
            batch = np.fromiter(islice(items, self.bs), dtype=np.intp)
            if not len(batch) or (self.drop_last and len(batch) < self.bs):
                return
            yield number, batch

    @cached_property
    def _rows_and_classes(self) -> tuple[Any, Any]:
        """The row of each item and, where there are labels, its class."""
        paths = list(self.dataset.items)
        rows = self.source.cache.rows(paths)
        if len(self.dataset.tls) == 1:
            return rows, None
        label, categorize = self.dataset.tls[1].tfms.fs[:2]
        if isinstance(categorize, _Numbers):
            return rows, torch.stack([categorize.encodes(label.labels[path]) for path in paths])
        number = categorize.vocab.o2i
        return rows, torch.tensor([number[label.labels[path]] for path in paths])

    def _copy(self, rows: Any, classes: Any, numbered: tuple[int, Any]) -> tuple[Any, ...]:
        """Return one batch: its windows, copied out of the cache, and its classes."""
        number, items = numbered
        cache, size = self.source.cache, self.source.size
        margin = cache.size - size
        tops = lefts = np.full(len(items), margin // 2)
        mirrored = np.zeros(len(items), dtype=bool)
        if self._is_training():
            rng = np.random.default_rng((self.seed, self.epoch, number))
            tops, lefts = rng.integers(0, margin + 1, (2, len(items)))
            mirrored = (rng.random(len(items)) < 0.5) & self.flip
        pinned = self.device is not None and self.device.type == "cuda"
        batch = torch.empty((len(items), size, size, 3), dtype=torch.uint8, pin_memory=pinned)
        for target, row, top, left, mirror in zip(batch.numpy(), rows[items], tops, lefts, mirrored, strict=True):
            window = cache.pixels[row, top : top + size, left : left + size]
            if mirror:  # pixels of three bytes move as one
                target.view("V3")[:] = window.view("V3")[:, ::-1]
            else:
                target[:] = window
        # Colours stay the last axis in memory: channels-last, without another copy.
        pictures = TensorImage(batch.permute(0, 3, 1, 2))
        if classes is None:
            return (pictures,)
        return pictures, (TensorCategory if classes.ndim == 1 else TensorBase)(classes[items])

    def _is_training(self) -> bool:
        return getattr(self.dataset, "split_idx", None) == 0  # also on pictures that are augmented for prediction

    @contextmanager
    def _drawing(self, number: int) -> Iterator[None]:
        """Let random transforms depend on seed, epoch and batch alone, and leave the generators as they were."""
        if not self._is_training():
            yield
            return
        key = int(np.random.SeedSequence((self.seed, self.epoch, number, 1)).generate_state(1)[0])
        state = random.getstate()
        gpus = [self.device] if self.device is not None and self.device.type == "cuda" else []
        with torch.random.fork_rng(gpus):
            random.seed(key)
            torch.manual_seed(key)
            try:
                yield
            finally:
                random.setstate(state)


class _Picture(Transform):
    """From a path to the centre of its picture."""

    def __init__(self, cache: PictureCache, size: int) -> None:
        super().__init__()
        self.cache, self.size = cache, size

    def encodes(self, path: str) -> TensorImage:
        start = (self.cache.size - self.size) // 2
        inside = slice(start, start + self.size)
        pixels = self.cache.pixels[self.cache.rows([path])[0], inside, inside]
        return TensorImage(torch.from_numpy(pixels.copy()).permute(2, 0, 1))


class _Label(Transform):
    """From a path to its label."""

    def __init__(self, labels: dict[str, Any]) -> None:
        super().__init__()
        self.labels = labels

    def encodes(self, path: str) -> Any:
        return self.labels[path]


class _Numbers(Transform):
    """From a row of numbers to a tensor."""

    def encodes(self, row: Any) -> TensorBase:
        return TensorBase(torch.as_tensor(row, dtype=torch.float32))
