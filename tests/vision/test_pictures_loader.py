"""fastai fed from the cache: the right pixels, the same batches every time, and all of fastai that asks for data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from picture_files import photo, saved

from common.errors import SettingError
from common.vision.pictures.cache import PictureCache, open_cache
from common.vision.pictures.prefetch import prefetch

# What fastai, Matplotlib and their libraries say about each other.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated"),  # PyTorch of fastai
    pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning"),  # Matplotlib of pyparsing
    pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option is deprecated"),  # fastai of pandas
    pytest.mark.filterwarnings("ignore:numpy.core is deprecated:DeprecationWarning"),  # fastai of NumPy
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),  # of fastai
]

TRAIN, VALID = list(range(30)), list(range(30, 43))
LABELS = ["dog" if row % 3 else "cat" for row in range(43)]
VOCAB = ["dog", "cat"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    folder = tmp_path_factory.mktemp("photos")
    for row in range(43):
        (folder / f"{row:02}.png").write_bytes(saved(photo(row, 60, 40), "PNG"))
    return open_cache(sorted(map(str, folder.iterdir())), folder.with_name("cache"), size=32)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"batch_size": 8, "device": "cpu", "seed": 3}


def loaders(cache: PictureCache, **settings: Any) -> Any:
    from common.vision.pictures.loader import dataloaders

    return dataloaders(cache, TRAIN, VALID, LABELS, VOCAB, **settings)


def learner(dls: Any, folder: Path) -> Any:
    import torch
    from fastai.learner import Learner
    from fastai.losses import CrossEntropyLossFlat
    from fastai.metrics import error_rate

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(48, 2))
    learn = Learner(dls, network, loss_func=CrossEntropyLossFlat(), metrics=error_rate, path=folder)
    learn.remove_cbs([cb for cb in learn.cbs if cb.name == "progress"])
    learn.logger = lambda line: None
    return learn


def read(loader: Any) -> list[tuple[np.ndarray, ...]]:
    return [tuple(part.numpy() for part in batch) for batch in loader]


def test_validation_batches_are_the_cached_pixels(cache: PictureCache, settings: dict[str, Any]) -> None:
    batches = read(loaders(cache, **{**settings, "batch_size": 3}).valid)
    assert [len(pictures) for pictures, _ in batches] == [6, 6, 1]
    pictures = np.concatenate([pictures for pictures, _ in batches])
    assert pictures.dtype == np.float32
    assert np.array_equal((pictures * 255).round().astype(np.uint8).transpose(0, 2, 3, 1), cache.pixels[VALID])
    classes = np.concatenate([classes for _, classes in batches])
    assert [VOCAB[code] for code in classes] == [LABELS[row] for row in VALID]


def test_training_sees_every_picture_once_in_whole_batches(cache: PictureCache, settings: dict[str, Any]) -> None:
    batches = read(loaders(cache, **settings).train)
    assert [len(pictures) for pictures, _ in batches] == [8, 8, 8]  # six are left out
    seen = {}
    for pictures, classes in batches:
        for picture, code in zip((pictures * 255).round().astype(np.uint8), classes, strict=True):
            seen[picture.transpose(1, 2, 0).tobytes()] = VOCAB[code]
    expected = {cache.pixels[row].tobytes(): LABELS[row] for row in TRAIN}
    assert len(seen) == 24
    assert seen.items() <= expected.items()


def test_batches_follow_from_seed_and_epoch(cache: PictureCache, settings: dict[str, Any]) -> None:
    import torch
    from fastai.vision.augment import aug_transforms

    def train(**changed: Any) -> Any:
        return loaders(cache, **{**settings, "size": 24, "flip": True, "augment": aug_transforms(), **changed}).train

    one, other = train(workers=0), train(workers=2)
    epochs = [read(one) for _ in range(3)]
    torch.rand(5)  # somebody else's numbers change nothing
    other.one_batch()  # nor does looking at the data
    assert _equal([read(other) for _ in range(3)], epochs)
    continued = train()
    continued.epoch = 2
    assert _equal([read(continued)], epochs[2:])
    assert not _equal([epochs[0]], [epochs[1]])
    assert not _equal([read(train(seed=4))], epochs[:1])


def _equal(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(a, b)
        for epochs in zip(one, other, strict=True) for batches in zip(*epochs, strict=True)
        for a, b in zip(*batches, strict=True)
    )  # fmt: skip


def test_random_numbers_of_others_are_left_alone(cache: PictureCache, settings: dict[str, Any]) -> None:
    import random

    import torch
    from fastai.vision.augment import aug_transforms

    dls = loaders(cache, augment=aug_transforms(), **settings)
    random.seed(1), torch.manual_seed(1)
    expected = random.random(), torch.rand(1).item()
    random.seed(1), torch.manual_seed(1)
    read(dls.train)
    assert (random.random(), torch.rand(1).item()) == expected


def test_a_window_moves_for_training_and_stays_for_validation(cache: PictureCache, settings: dict[str, Any]) -> None:
    dls = loaders(cache, size=20, flip=True, **settings)
    valid = np.concatenate([pictures for pictures, _ in read(dls.valid)])
    assert np.array_equal(_bytes(valid), cache.pixels[VALID][:, 6:26, 6:26])
    windows = {}
    for row in TRAIN:
        for top in range(13):
            for left in range(13):
                window = cache.pixels[row, top : top + 20, left : left + 20]
                windows[window.tobytes()] = (top, left, False)
                windows[window[:, ::-1].tobytes()] = (top, left, True)
    pictures = [picture for _ in range(4) for batch, _ in read(dls.train) for picture in _bytes(batch)]
    found = [windows[picture.tobytes()] for picture in pictures]
    assert len({top for top, _, _ in found}) > 8 and len({left for _, left, _ in found}) > 8
    assert 20 < sum(flipped for *_, flipped in found) < 76


def _bytes(pictures: np.ndarray) -> np.ndarray:
    return (pictures * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)


def test_normalisation_and_layout(cache: PictureCache, settings: dict[str, Any]) -> None:
    import torch

    plain, normalised = (
        loaders(cache, normalise=normalise, **settings).valid.one_batch()[0]
        for normalise in (None, ([0.5, 0.4, 0.3], [0.2, 0.3, 0.4]))
    )
    mean, deviation = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.3, 0.4])
    assert torch.allclose(
        torch.Tensor(normalised),
        ((torch.Tensor(plain).permute(0, 2, 3, 1) - mean) / deviation).permute(0, 3, 1, 2),
        atol=1e-6,
    )
    assert plain.is_contiguous(memory_format=torch.channels_last)


def test_show_batch(cache: PictureCache, settings: dict[str, Any]) -> None:
    import matplotlib.pyplot as plt

    loaders(cache, normalise=([0.5] * 3, [0.2] * 3), **settings).show_batch(max_n=4)
    axes = [axis for axis in plt.gcf().axes if axis.images]
    assert len(axes) == 4
    assert {axis.get_title() for axis in axes} <= set(VOCAB)
    assert axes[0].images[0].get_array().std() > 5
    dls = loaders(cache, size=20, **settings)
    dls.train.show_batch(max_n=4, unique=True)  # one picture, as training would see it four times
    axes = [axis for axis in plt.gcf().axes if axis.images]
    assert len({axis.images[0].get_array().data.tobytes() for axis in axes}) > 1
    assert len({axis.get_title() for axis in axes}) == 1
    plt.close("all")


def test_training_interpretation_and_prediction(cache: PictureCache, settings: dict[str, Any], tmp_path: Path) -> None:
    import matplotlib.pyplot as plt
    from fastai.interpret import ClassificationInterpretation
    from fastai.vision import learner as vision  # noqa: F401  registers how top losses are drawn

    learn = learner(loaders(cache, normalise=([0.5] * 3, [0.2] * 3), **settings), tmp_path)
    learn.fit(2)
    probabilities, targets = learn.get_preds()
    assert [VOCAB[code] for code in targets] == [LABELS[row] for row in VALID]
    interpretation = ClassificationInterpretation.from_learner(learn)
    assert list(interpretation.vocab) == VOCAB
    assert interpretation.confusion_matrix().sum() == len(VALID)
    losses, places, items = interpretation.top_losses(3, items=True)
    assert losses.tolist() == sorted(losses.tolist(), reverse=True)
    assert [cache.paths[VALID[place]] for place in places] == list(items)
    interpretation.plot_top_losses(4)
    interpretation.plot_confusion_matrix()
    plt.close("all")

    by_path, _ = learn.get_preds(dl=learn.dls.test_dl([cache.paths[row] for row in VALID]))
    assert np.allclose(by_path, probabilities, atol=1e-6)


def test_tta_averages_other_windows(cache: PictureCache, settings: dict[str, Any], tmp_path: Path) -> None:
    learn = learner(loaders(cache, size=20, flip=True, **settings), tmp_path)
    plain, _ = learn.get_preds()
    averaged, targets = learn.tta()
    assert [VOCAB[code] for code in targets] == [LABELS[row] for row in VALID]
    assert not np.allclose(averaged, plain, atol=1e-5)
    assert np.allclose(averaged, plain, atol=0.2)
    assert np.array_equal(learn.tta()[0], averaged)


def test_the_learning_rate_finder_stops_in_the_middle(
    cache: PictureCache, settings: dict[str, Any], tmp_path: Path
) -> None:
    from fastai.callback import schedule as _  # noqa: F401  gives learners the finder

    dls = loaders(cache, **settings)
    learner(dls, tmp_path).lr_find(num_it=5, show_plot=False)
    assert dls.train.epoch == 1  # one pass of three batches; the second was not read to its end


def test_transforms_of_single_pictures_still_work(cache: PictureCache, settings: dict[str, Any]) -> None:
    from fastai.data.transforms import Transform

    dark = Transform(lambda value: value // 2)  # of the class, too
    dls = loaders(cache, **settings)
    darker = dls.valid.new(after_item=[dark])
    assert np.array_equal(_bytes(darker.one_batch()[0].numpy()), _bytes(dls.valid.one_batch()[0].numpy()) // 2)


def test_fewer_pictures_than_a_batch(cache: PictureCache, settings: dict[str, Any]) -> None:
    from common.vision.pictures.loader import dataloaders

    dls = dataloaders(cache, TRAIN[:3], VALID[:1], LABELS, VOCAB, **settings)
    assert [len(pictures) for pictures, _ in dls.train] == [3]
    assert [len(pictures) for pictures, _ in dls.valid] == [1]


def test_processes_of_one_training_share_the_pictures_out(cache: PictureCache, settings: dict[str, Any]) -> None:
    from fastai.distributed import DistributedDL

    class Together(DistributedDL):
        def _broadcast(self, values: list[int], rank: int) -> list[int]:
            return values  # all ranks have drawn the same order

    ranks = [Together(loaders(cache, **settings).train, rank=rank, world_size=2) for rank in (0, 1)]
    epochs = [[_bytes(batch) for rank in ranks for batch, _ in read(rank)] for _ in range(2)]
    first, second = ([picture.tobytes() for batch in epoch for picture in batch] for epoch in epochs)
    assert len(set(first)) == len(first) == 16  # a whole batch of each rank's 15
    assert first != second


def test_more_than_is_stored_is_refused(cache: PictureCache, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="size must be at most 32, at which pictures are stored, got 33"):
        loaders(cache, size=33, **settings)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_order_and_errors_in_their_place(workers: int) -> None:
    def inverse(number: int) -> float:
        return 1 / (number - 5)

    results = prefetch(inverse, range(20), workers)
    assert [next(results) for _ in range(5)] == [inverse(number) for number in range(5)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_who_stops_reading_waits_for_little() -> None:
    asked: list[int] = []
    results = prefetch(asked.append, range(1000), 2)
    next(results)
    results.close()
    assert len(asked) < 20
