"""What is predicted of the pixels of pictures, and how a row's answer becomes class numbers to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from common.competition import Cell, Competition
from common.errors import MaskError, SettingError
from common.masks import files, objects, rle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_INSIDE, _BOUNDARY = 1, 2  # classes of the pixels of objects


@dataclass(frozen=True, kw_only=True)
class MaskTask:
    """Masks of the pictures whose paths the column `picture` holds; `target` is the column of the answers.

    `cell` says what an answer is. Models tell classes of pixels apart: those labelled, or what is nothing, inside an object
    and at its boundary. Their soft masks have a layer for each class; `nothing` has none where it is all else. Where a
    picture has rows of several `kinds`, each value of that column has a model of its own.
    """

    target: str
    picture: str
    cell: Cell
    kinds: str = ""

    @classmethod
    def of(cls, competition: Competition, **more: Any) -> Self:
        """Return the task of a competition; `more` are further fields.

        Raises:
            SettingError: if it does not predict masks of files.
        """
        source = competition.files.test
        columns = (*source.columns, *(source.files.columns if source.files else ()))
        picture = next((column.name for column in columns if column.kind == "file"), None)
        if competition.predicts != "masks" or picture is None:
            raise SettingError(f"{competition.name} does not predict masks of pictures in files")
        return cls(target=competition.targets[0], picture=picture, cell=competition.submission.cell, **more)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        return (self.target,)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of pixels that are told apart, by their numbers; void is none."""
        if self.cell.kind == "pixels":
            return self.cell.labels[:-1] if self.cell.labels[-1] == self.cell.void else self.cell.labels
        return ("nothing", "inside", "boundary") if self.cell.objects else ("nothing", "mask")

    @property
    def first_layer(self) -> int:
        """The class of the first layer of soft masks."""
        return 0 if self.cell.kind == "pixels" else 1

    def truth(self, answer: str, size: tuple[int, int]) -> NDArray[Any]:
        """Return what a row's answer says of each pixel (rows, columns): class numbers, or numbers of objects.

        Raises:
            MaskError: if it does not fit the picture.
        """
        import numpy as np

        if self.cell.kind == "pixels":
            return files.read(answer, self.cell.labels, self.cell.void, size)
        if self.cell.objects:
            numbers = objects.from_cell(answer, size, self.cell.along, self.cell.first)
            if numbers.max() > np.iinfo(np.uint16).max:
                raise MaskError(f"{numbers.max():,} objects in one picture")
            return numbers.astype(np.uint16)
        empty = answer in ("", self.cell.empty)
        return rle.decode("" if empty else answer, size, self.cell.along, self.cell.first).astype(np.uint8)

    def to_classes(self, truth: NDArray[np.uint16], width: int = 1) -> NDArray[np.uint8]:
        """Return class numbers to learn from (rows, columns), VOID where nothing is; `width` is that of boundaries."""
        import numpy as np

        if not self.cell.objects:
            return truth.astype(np.uint8)
        edge = objects.boundaries(truth.astype(np.int32), width)
        return np.where(edge, _BOUNDARY, np.where(truth > 0, _INSIDE, 0)).astype(np.uint8)
