"""What is predicted of pictures, and how probabilities become predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.target import Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Task(Target):
    """A target that pictures decide: `picture` is the column of the files' paths.

    Models have an output for each class, label or number. Where the pictures are rows of a table, `pixels` is what the names
    of their columns begin with. `alike` says that two pictures that look alike show the same thing, as photographs do.
    Where a picture has rows of several `kinds`, each value of that column has a model of its own.
    Where the colours of a picture are files of their own, `channels` is what follows in their names.
    """

    picture: str
    pixels: str = ""
    alike: bool = True
    kinds: str = ""
    channels: tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        """The number of outputs of a model."""
        return len(self.classes) or len(self.targets)

    def predictions(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Return what is predicted for outputs (n, outputs): of two classes the second's alone, and one number, as (n,)."""
        import numpy as np

        values = outputs.astype(np.float64)
        if self.exclusive:
            values /= values.sum(axis=1, keepdims=True)
            return values[:, 1] if len(self.classes) == 2 else values
        return values[:, 0] if self.outputs == 1 else values

    def probabilities(self, predictions: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of all classes (n, classes) that `predictions` were made from."""
        import numpy as np

        if predictions.ndim == 1 or predictions.shape[1] == 1:
            second = predictions.reshape(-1).astype(np.float64)
            return np.column_stack((1 - second, second))
        return predictions.astype(np.float64)
