"""Predictions of a trained network, averaged over views of each picture (test-time augmentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common import precision
from common.model import Context
from common.vision.rows import pixels
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

_BATCH = 64


class Predictor:
    """A network on its device that takes bytes; `half`: in half precision where the hardware multiplies it.

    Args:
        network: takes normalised pictures (n, 3, side, side).
        mean: of each colour between 0 and 1, in what the network was trained on.
        std: their standard deviations.
        half: whether half precision will do.
    """

    def __init__(self, network: Any, mean: Any, std: Any, *, half: bool = False) -> None:
        import torch

        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = precision.for_prediction() if half else torch.float32
        # In half precision, with the channels of a pixel side by side, a processor does four times as much.
        self.network = network.eval().to(self.device, self.dtype, memory_format=torch.channels_last)
        mean, std = (torch.tensor(values, device=self.device).view(1, -1, 1, 1) for values in (mean, std))
        self.scale, self.shift = 1 / (255 * std), -mean / std

    def put(self, batch: NDArray[np.uint8]) -> Any:
        """Return bytes (n, side, side, 3) as normalised numbers on the device (n, 3, side, side)."""
        import torch

        return torch.from_numpy(batch).to(self.device).permute(0, 3, 1, 2).float() * self.scale + self.shift

    def cast(self, view: Any) -> Any:
        """Return a view as the network takes it."""
        import torch

        return view.to(self.dtype, memory_format=torch.channels_last)

    def predict(self, frame: DataFrame, task: Task, size: int, views: int, context: Context) -> NDArray[np.float64]:
        """Return the mean over views of log probabilities of classes, probabilities of labels or numbers (n, outputs).

        Args:
            frame: rows with pictures that can be read, as `rows.enrich` makes them.
            task: says what the outputs are.
            size: side of a view in pixels, at most that of the stored pictures.
            views: 1 is the centre, 2 its mirror image too, and from 3 on windows in the corners, every other one
                mirrored.
            context: for progress.
        """
        import numpy as np
        import torch

        def linked(logits: Any) -> Any:
            if task.exclusive:
                return logits.log_softmax(1)
            return logits.sigmoid() if task.log_odds else logits

        batches = []
        title = f"{context.title} · predict"
        with torch.inference_mode(), context.progress.task(title, len(frame), "pictures") as steps:
            for start in range(0, len(frame), _BATCH):
                batch = pixels(frame.iloc[start : start + _BATCH])
                whole, margin = self.put(batch), batch.shape[1] - size
                corners = [(margin // 2,) * 2] * 2 + [(top, left) for top in (0, margin) for left in (0, margin)]
                total: Any = 0
                for number, (top, left) in enumerate(corners[:views]):
                    view = whole[:, :, top : top + size, left : left + size]
                    logits = self.network(self.cast(view.flip(3) if number % 2 else view))
                    total = total + linked(logits.float())
                batches.append((total / views).cpu().numpy())
                steps.advance(len(batch))
        return np.concatenate(batches).astype(np.float64)
