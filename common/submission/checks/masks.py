"""What masks may be: within their pictures, of known labels, without overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.data.zipped import read_bytes
from common.errors import MaskError, SubmissionError
from common.masks import files, rle
from common.submission import shape
from common.submission.checks.problem import EXAMPLES, Problem, problem
from common.submission.checks.table import Table
from common.wording import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_archive(
    path: Path, expected: Sequence[str], format: SubmissionFormat, pictures: Mapping[str, str] | None
) -> list[Problem]:
    """Return what is wrong with a folder or an archive of masks.

    Args:
        path: the folder or archive.
        expected: the ids that need a mask.
        format: the labels, and how files are named.
        pictures: their paths by id; a mask has the size of its picture.

    Raises:
        SubmissionError: if it is neither, or has two masks of one id.
    """
    found, problems = shape.masks_in(path, format), []
    known, named = set(expected), f"NAME{format.cell.after_id}.png"
    for rule, ids, what, advice in (
        ("missing_ids", [id for id in expected if id not in found], "without a mask", f"Add {named} for each"),
        ("unknown_ids", [id for id in found if id not in known], "that no picture has", f"Name masks {named}, remove others"),
    ):  # fmt: skip
        if ids:
            noun = "picture" if rule == "missing_ids" else "mask"
            problems.append(problem(rule, f"{plural(len(ids), noun)} {what}", advice, ids[:EXAMPLES], len(ids)))
    wrong: dict[str, list[str]] = {}
    for id, file in found.items():
        size = files.size_of(pictures[id]) if pictures and id in pictures else None
        try:
            files.checked(files.from_png(read_bytes(file)), format.cell.labels, size)
        except (MaskError, SubmissionError) as error:
            wrong.setdefault("mask_size" if "pixels, its picture" in str(error) else "mask", []).append(
                f"{id}: {error}"
            )
    for rule, examples in wrong.items():
        what = f"{plural(len(examples), 'mask')} that {'do' if len(examples) > 1 else 'does'} not fit"
        advice = f"Write one byte a pixel, 0 to {len(format.cell.labels) - 1}, at the picture's own size"
        problems.append(problem(rule, what, advice, examples[:EXAMPLES], len(examples)))
    return problems


def check_masks(
    table: Table, columns: Mapping[str, Any], format: SubmissionFormat, pictures: Mapping[str, str] | None
) -> list[Problem]:
    """Return what is wrong with run lengths that are correct by themselves.

    Args:
        table: the submission.
        columns: its columns, Arrow arrays by name.
        format: what a cell is.
        pictures: paths of the pictures by id; without them only overlaps are found.
    """
    cell, target = format.cell, format.targets[0]
    of: dict[str, list[tuple[int, NDArray[Any]]]] = {}
    for row, (id, text) in enumerate(zip(columns[format.id].to_pylist(), columns[target].to_pylist(), strict=True)):
        if text.strip() and text != cell.empty:
            of.setdefault(id, []).append((row, rle.runs(text, cell.first)))
    overlapping = [id for id, masks in of.items() if _overlap([runs for _, runs in masks])]
    problems, outside = [], []
    if overlapping:
        what = f"{plural(len(overlapping), 'picture')} with objects that overlap"
        advice = "Give each pixel to one object"
        problems.append(problem("overlap", what, advice, overlapping[:EXAMPLES], len(overlapping)))
    if not pictures:
        return problems
    for id, masks in of.items():
        if id not in pictures:
            continue
        rows, width = files.size_of(pictures[id])
        for row, runs in masks:
            if runs[-1, 1] > rows * width:
                outside.append(f"{table.locate(row)} (id {id!r}) ends at {runs[-1, 1]:,} of {rows * width:,} pixels")
    if outside:
        what = (
            f"{plural(len(outside), 'mask')} that {'run' if len(outside) > 1 else 'runs'} past the end of the picture"
        )
        advice = f"Number the pixels from {cell.first}, {rle.WAYS[cell.along]}, at the picture's own size"
        problems.append(problem("mask_end", what, advice, outside[:EXAMPLES], len(outside)))
    return problems


def _overlap(masks: Sequence[NDArray[Any]]) -> bool:
    import numpy as np

    if len(masks) < 2:
        return False
    runs = np.concatenate(masks)
    runs = runs[runs[:, 0].argsort(kind="stable")]
    return bool((runs[1:, 0] < runs[:-1, 1]).any())
