"""The baseline of classes of pixels: colours around each pixel and its place, a perceptron of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.masks import VOID
from common.model import Context
from common.vision.head import quietly
from common.vision.rows import ROW
from common.vision.segmentation.rows import cache_of
from common.vision.segmentation.settings import Colours
from common.vision.segmentation.task import MaskTask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "pixels.skops"
_BLURS = (1.0, 3.0, 9.0)  # standard deviations in pixels: a pixel, what it belongs to, where that is
_TRUSTED = ("sklearn.neural_network._stochastic_optimizers.AdamOptimizer",)


class ColoursModel:
    """A multilayer perceptron on pixels, each by itself."""

    def __init__(self, task: MaskTask, config: Colours, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        estimators.require_skops()

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from some pixels of each training picture."""
        import numpy as np
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        cache, rng = cache_of(train), np.random.default_rng(self.config.seed)
        features, classes = [], []
        with self.context.progress.task(f"{self.context.title} · fit", len(train) + 1, "pictures") as steps:
            for row in train[ROW]:
                known = self.task.to_classes(cache.truth(row)).ravel()
                places = np.flatnonzero(known != VOID)
                some = rng.choice(places, min(self.config.pixels, len(places)), replace=False)
                features.append(described(cache.picture(row))[some])
                classes.append(known[some])
                steps.advance(1)
            config = self.config
            perceptron = MLPClassifier(
                (config.hidden,), batch_size=512, max_iter=config.epochs, random_state=config.seed
            )
            with quietly():
                self.model = make_pipeline(StandardScaler(), perceptron).fit(
                    np.concatenate(features), np.concatenate(classes)
                )
            perceptron._optimizer = None  # its moments are of no use without further training
            steps.advance(1)

    def layers(self, pictures: list[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the probabilities of the pixels' classes (layers, rows, columns)."""
        import numpy as np

        present = self.model.classes_
        for pixels in pictures:
            found = self.model.predict_proba(described(pixels))[:, : len(present)]  # of a single class there are two
            every = np.zeros((len(found), len(self.task.classes)), np.float32)
            every[:, present] = found
            yield every.T.reshape(-1, *pixels.shape[:2])[self.task.first_layer :]

    def save(self, folder: Path) -> None:
        """Write the model in a format that runs no code when it is read."""
        estimators.save(self.model, folder / FILE)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.model = estimators.load(folder / FILE)


def described(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the features of a picture's pixels (rows · columns, features).

    They are the pixel's colours, those around it, how much they vary there, and its place.
    """
    import numpy as np
    from scipy import ndimage

    picture = pixels.astype(np.float32) / 255
    grey = picture.mean(axis=2)
    parts = [picture]
    for sigma in _BLURS:
        parts.append(ndimage.gaussian_filter(picture, (sigma, sigma, 0)))
        spread = ndimage.gaussian_filter(grey**2, sigma) - ndimage.gaussian_filter(grey, sigma) ** 2
        parts.append(np.sqrt(spread.clip(0))[..., None])
    down, across = (np.linspace(-1, 1, side, dtype=np.float32) for side in grey.shape)
    places = np.stack(np.broadcast_arrays(down[:, None], across[None], across[None] ** 2), axis=2)
    features: NDArray[np.float32] = np.concatenate([*parts, places], axis=2).reshape(grey.size, -1)
    return features
