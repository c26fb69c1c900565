"""Pictures made of pictures: each pixel of a clean one from what stands around it in the soiled one.

Rows are pixels. `enrich` turns training pictures into some pixels of each, and gives those of the test set, which the ids
name, the same features; a boosted ensemble of trees learns the clean value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from common import estimators
from common.competition import Competition, Config
from common.data.zipped import read_bytes
from common.errors import DataError, SettingError
from common.model import Context, Model, Models
from common.settings import PositiveInt
from common.vision.pictures.decode import decode_whole
from common.wording import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.data.frames import Frames

PLACE = ("row", "column")
_FILE = "trees.skops"
_NEAR = "near"  # what the names of features begin with
_PAGE = 21  # side of the windows that see the paper behind the ink


@dataclass(frozen=True, kw_only=True)
class PixelTrees(Config):
    """Boosted trees on what stands around each pixel."""

    pixels: PositiveInt = 3000
    """Pixels of each training picture that are learnt from; neighbours say nearly the same."""
    iterations: PositiveInt = 150
    """Trees."""


def profiles() -> dict[str, Config]:
    """Return the profiles of a competition of pictures made of pictures, by name."""
    return {
        "sample": PixelTrees(pixels=200, iterations=20),
        "baseline": PixelTrees(),
        "best": PixelTrees(pixels=10_000, iterations=500),
    }


@dataclass(frozen=True, kw_only=True)
class RestoringTask:
    """Clean pixels: `target` is the column of the clean pictures' paths, `picture` that of the soiled ones, `id` of names.

    The test rows have the columns `row` and `column` of their pixels, numbered from `first`; `white` is the largest value.
    """

    target: str
    picture: str
    id: str
    first: int = 1
    white: float = 1.0

    @classmethod
    def of(cls, competition: Competition) -> Self:
        """Return the task of a competition.

        Raises:
            SettingError: if its test rows have no files.
        """
        files = competition.files.test.files
        id = competition.files.train.id
        if files is None or files.path is None or id is None:
            raise SettingError(f"{competition.name} does not predict pixels of pictures in files")
        cell = competition.submission.cell
        return cls(target=competition.targets[0], picture=files.path, id=id, first=cell.first, white=cell.high or 1.0)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        return (self.target,)


class RestoringModels(Models):
    """Clean pixels from soiled ones."""

    def __init__(self, task: RestoringTask) -> None:
        self.task = task

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Turn pictures into rows of pixels, with what stands around each."""
        settings: Any = config
        test = self._of_test(frames.test)
        if frames.train is None:
            return replace(frames, test=test)
        train = self._of_train(frames.train, settings.pixels, settings.seed)
        context.progress.say(
            f"pixels: {len(train):,} of {plural(len(frames.train), 'picture')} to learn from, {len(test):,} to predict"
        )
        return replace(frames, train=train, test=test)

    def build(self, config: Config, frames: Frames, context: Context) -> PixelModel:
        """Return an untrained model for one fold."""
        return PixelModel(self.task, config)

    def load(self, folder: Path, config: Config, context: Context) -> PixelModel:
        """Return a model that `save` wrote."""
        model = PixelModel(self.task, config)
        model.trees = estimators.load(folder / _FILE, trusted=estimators.TREES)
        return model

    def _of_train(self, train: DataFrame, count: int, seed: int) -> DataFrame:
        import numpy as np
        import pandas as pd

        rng, parts = np.random.default_rng(seed), []
        for row in range(len(train)):
            soiled, clean = (_grey(train[name].iloc[row]) for name in (self.task.picture, self.task.target))
            if soiled.shape != clean.shape:
                raise DataError(
                    f"{train[self.task.target].iloc[row]} has other sides than {train[self.task.picture].iloc[row]}"
                )
            places = rng.choice(soiled.size, min(count, soiled.size), replace=False)
            one = train.iloc[[row]].drop(columns=self.task.target)
            rows, columns = np.divmod(places, soiled.shape[1])
            names = [f"{train[self.task.id].iloc[row]}_{y}_{x}" for y, x in zip(rows, columns, strict=True)]
            made: dict[str, Any] = {
                **_around(soiled, places), self.task.id: names,
                self.task.target: clean.ravel()[places].astype(float) * self.task.white,
            }  # fmt: skip
            parts.append(one.loc[one.index.repeat(len(places))].assign(**made))
        return pd.concat(parts, ignore_index=True)

    def _of_test(self, test: DataFrame) -> DataFrame:
        import numpy as np

        task = self.task
        made: dict[str, NDArray[np.float32]] = {}
        for path, rows in test.groupby(task.picture, sort=False).indices.items():
            grey = _grey(str(path))
            at = test[[*PLACE]].to_numpy(int)[rows] - task.first
            if (at < 0).any() or (at >= grey.shape).any():
                raise DataError(f"the test rows name pixels that {path} of {grey.shape[1]} × {grey.shape[0]} has not")
            for name, values in _around(grey, at[:, 0] * grey.shape[1] + at[:, 1]).items():
                made.setdefault(name, np.empty(len(test), np.float32))[rows] = values
        return test.assign(**made)


class PixelModel(Model):
    """The trees of one fold."""

    def __init__(self, task: RestoringTask, config: Any) -> None:
        self.task, self.config = task, config
        self.trees: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the training pixels."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        self.trees = HistGradientBoostingRegressor(
            max_iter=self.config.iterations, max_leaf_nodes=63, early_stopping=False, random_state=self.config.seed
        ).fit(_features(train), train[self.task.target])

    def predict(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the clean values (n,)."""
        values: NDArray[np.float64] = self.trees.predict(_features(frame))
        return values

    def save(self, folder: Path) -> None:
        """Write the trees."""
        estimators.save(self.trees, folder / _FILE)


def _features(frame: DataFrame) -> NDArray[np.float32]:
    features: NDArray[np.float32] = frame[[name for name in frame if str(name).startswith(_NEAR)]].to_numpy("float32")
    return features


def _grey(path: str) -> NDArray[np.float32]:
    """Return the grey values of a picture (rows, columns), 0 to 1."""
    grey: NDArray[np.float32] = decode_whole(read_bytes(path)).mean(axis=2, dtype="float32") / 255
    return grey


def _around(grey: NDArray[np.float32], places: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """Return what stands around the pixels at flat places (n,) of a picture, by name."""
    import numpy as np
    from scipy import ndimage

    paper = ndimage.uniform_filter(ndimage.maximum_filter(grey, _PAGE // 2), _PAGE)
    local = ndimage.uniform_filter(grey, 5)
    seen = [grey, paper, grey - paper, local, ndimage.uniform_filter(grey, _PAGE)]
    seen += [np.sqrt(np.maximum(ndimage.uniform_filter(grey**2, 5) - local**2, 0))]
    seen += [ndimage.minimum_filter(grey, 3), ndimage.maximum_filter(grey, 3), ndimage.median_filter(grey, 5)]
    edged = np.pad(grey, 1, mode="edge")
    rows, columns = grey.shape
    seen += [edged[y : y + rows, x : x + columns] for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    return {f"{_NEAR}{number}": values.ravel()[places].astype(np.float32) for number, values in enumerate(seen)}
