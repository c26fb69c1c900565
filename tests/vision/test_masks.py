"""Masks: run lengths, soft masks, objects, and what a model learns of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from common.competition import Cell
from common.decisions import Decision
from common.decisions.masks import likeliest, resized
from common.errors import DataError, MaskError
from common.masks import COLUMNS, ROWS, VOID, files, objects, rle
from common.masks.soft import SoftMasks, mean
from common.runs import predictions
from common.samples import scenes
from common.vision import figures
from common.vision.pictures.foreground import otsu
from common.vision.segmentation.cache import smaller
from common.vision.segmentation.figures import key, over, small
from common.vision.segmentation.task import MaskTask

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7))
WAYS = st.sampled_from(["columns", "rows"])


def by_hand(mask: np.ndarray, along: str, first: int) -> str:
    """Run lengths pixel by pixel."""
    rows, columns = mask.shape
    order = (
        [(row, column) for column in range(columns) for row in range(rows)]
        if along == "columns"
        else [(row, column) for row in range(rows) for column in range(columns)]
    )
    found: list[list[int]] = []
    for number, place in enumerate(order):
        if mask[place] and found and sum(found[-1]) == number + first:
            found[-1][1] += 1
        elif mask[place]:
            found.append([number + first, 1])
    return " ".join(f"{start} {length}" for start, length in found)


# Run lengths ----------------------------------------------------------------------------------------------------------


@given(mask=MASKS, along=WAYS, first=st.sampled_from([0, 1]))
def test_run_lengths_are_those_counted_by_hand(mask: np.ndarray, along: rle.Along, first: int) -> None:
    text = rle.encode(mask, along, first)
    assert text == by_hand(mask, along, first)
    assert np.array_equal(rle.decode(text, mask.shape, along, first), mask)


@given(
    numbers=arrays(np.int32, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7), elements=st.integers(0, 3)),
    along=WAYS,
    first=st.sampled_from([0, 1]),
)
def test_objects_are_encoded_each_by_itself(numbers: np.ndarray, along: rle.Along, first: int) -> None:
    each = [by_hand(numbers == number, along, first) for number in np.unique(numbers[numbers > 0])]
    assert rle.encode_objects(numbers, along, first) == each
    found = objects.from_cell(objects.to_cell(numbers, along, first), numbers.shape, along, first)
    assert np.array_equal(found > 0, numbers > 0)
    assert len(np.unique(found[found > 0])) == len(each)


def test_runs_that_touch_are_one_mask() -> None:
    assert rle.decode("1 2 3 2", (1, 5)).tolist() == [[True, True, True, True, False]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 2 3", "it has 3 numbers; begins and lengths come in pairs"),
        ("1 two", "run lengths must be whole numbers, got '1 two'"),
        ("0 2", "begins must be 1 or more"),
        ("1 0", "lengths at least 1"),
        ("1 4 3 2", "must not overlap"),
        ("5 2 1 2", "runs must be sorted"),
        ("1 2 8 3", "it runs to pixel 10 of a picture of 4 × 2, which has 8"),
    ],
)
def test_what_is_no_mask_of_the_picture_is_said(text: str, says: str) -> None:
    with pytest.raises(MaskError, match=says):
        rle.decode(text, (2, 4))


# Soft masks -----------------------------------------------------------------------------------------------------------


def soft(*shapes: tuple[int, int, int], seed: int = 0) -> SoftMasks:
    rng = np.random.default_rng(seed)
    return SoftMasks.of(rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes)


def test_soft_masks_of_many_sizes_are_kept_averaged_and_put_in_order(tmp_path: Path) -> None:
    shapes = (2, 3, 4), (2, 5, 1), (2, 1, 1)
    one, other = soft(*shapes), soft(*shapes, seed=1)
    predictions.save(one, tmp_path, "valid")
    again = predictions.load(tmp_path, "valid")
    assert [mask.tolist() for mask in again] == [mask.tolist() for mask in one]
    both = predictions.mean(iter((one, other)))
    for mask, a, b in zip(both, one, other, strict=True):
        assert np.abs(mask - (a.astype(float) + b) / 2).max() <= 0.5
    placed = predictions.placed([(np.array([3, 0]), one[[0, 1]])], 4)
    assert placed.known.tolist() == [True, False, False, True]
    assert placed.picture(3).tolist() == one.picture(0).tolist()
    assert predictions.known(placed).tolist() == [True, False, False, True] and not predictions.not_finite(placed)


def test_a_mean_of_many_folds_does_not_overflow() -> None:
    certain = SoftMasks.of([np.full((1, 2, 2), 255, np.uint8)] * 2)
    assert mean([certain] * 200).values.min() == 255


# Decisions ------------------------------------------------------------------------------------------------------------


def test_classes_are_decided_at_the_pictures_own_size() -> None:
    layers = np.zeros((3, 4, 6), np.uint8)
    layers[0, :, :3], layers[2, :, 3:] = 255, 255
    classes = likeliest(resized(layers, (8, 12)))
    assert classes.shape == (8, 12)
    assert (classes[:, :5] == 0).all() and (classes[:, 7:] == 2).all()


def test_two_objects_that_touch_are_told_apart_by_their_boundary() -> None:
    inside = np.zeros((20, 30), np.uint8)
    inside[5:15, 4:14] = inside[5:15, 16:26] = 255
    boundary = np.zeros_like(inside)
    boundary[5:15, 14:16] = 255
    numbers = objects.separated(np.stack((inside, boundary)), 0.5, 8)
    assert numbers.max() == 2 and numbers[10, 5] != numbers[10, 25]
    assert ((numbers > 0) == (inside + boundary > 0)).all()
    assert objects.separated(np.maximum(inside, boundary)[None], 0.5, 8).max() == 1


def test_specks_are_no_objects_and_holes_are_filled() -> None:
    mask = np.zeros((1, 20, 20), np.uint8)
    mask[0, 2:10, 2:10], mask[0, 5, 5], mask[0, 15, 15] = 255, 0, 255
    numbers = objects.separated(mask, 0.5, 4)
    assert numbers.max() == 1 and numbers[5, 5] == 1 and numbers[15, 15] == 0
    assert objects.separated(np.zeros((2, 5, 5), np.uint8), 0.5, 4).max() == 0


def test_a_decision_writes_cells(tmp_path: Path) -> None:
    from dataclasses import replace

    from common import registry

    rows = pd.DataFrame({ROWS: [6, 6], COLUMNS: [8, 8]})
    masks = np.zeros((1, 6, 8), np.uint8)
    masks[0, :2, :2], masks[0, 4:, 4:] = 255, 255
    competition = registry.get("nuclei")
    decision = replace(Decision.plain(competition, ()), smallest=2)
    decided = decision.apply(SoftMasks.of([masks, masks * 0]), rows, competition)
    assert decided.tolist() == [["1 2 7 2;29 2 35 2 41 2 47 2"], [""]]


# Truth ----------------------------------------------------------------------------------------------------------------


def task(cell: Cell) -> MaskTask:
    return MaskTask(target="mask", picture="picture", cell=cell)


STREET = Cell(kind="pixels", labels=("sky", "road", "void"), void="void")


def test_void_is_no_class_to_learn(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(files.to_png(np.array([[0, 1, 2]], np.uint8)))
    street = task(STREET)
    assert street.classes == ("sky", "road")
    assert street.to_classes(street.truth(str(path), (1, 3))).tolist() == [[0, 1, VOID]]


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.zeros((2, 3), np.uint8), "a.png: the mask has 3 × 2 pixels, its picture 3 × 1"),
        (np.array([[0, 1, 9]], np.uint8), "a.png: label 9 is none of 0 to 2"),
        (np.zeros((1, 3, 3), np.uint8), r"a.png: its pixels are colours \(RGB\), not one number each"),
    ],
)
def test_masks_that_do_not_fit_are_named(mask: np.ndarray, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(files.to_png(mask))
    with pytest.raises(MaskError, match=says):
        task(STREET).truth(str(tmp_path / "a.png"), (1, 3))


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(MaskError, match=r"a\.png: it is no picture"):
        files.read(str(tmp_path / "a.png"), ("a", "b"))
    with pytest.raises(DataError, match=r"a\.png is no picture"):
        files.size_of(str(tmp_path / "a.png"))


def test_colours_over_a_picture_are_those_of_its_key() -> None:
    """What is numbered 0 is a class of pixels like others, and no object; void is left as the picture is."""
    street, grey = task(STREET), np.full((2, 6, 3), 100, np.uint8)
    mask = np.array([[0, 1, VOID]])
    shown = over(grey, mask, street.first_layer)
    assert (shown[:, 4:] == 100).all() and key(street).keys() == {"sky", "road"}
    for place, colour in enumerate(key(street).values()):
        parts = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)])
        toward = shown[0, 2 * place].astype(int) - 100
        assert (toward * (parts - 100) >= 0).all() and toward.any()
    objects = task(Cell(kind="mask", objects=True))
    assert (over(grey, mask, objects.first_layer)[:, :2] == 100).all() and not key(objects)


def test_a_figure_keeps_the_proportions_of_pictures() -> None:
    wide, tall = small(np.zeros((48, 64, 3), np.uint8)), small(np.zeros((20, 10, 3), np.uint8))
    assert wide.shape[1] / wide.shape[0] == pytest.approx(4 / 3) and tall.shape[0] / tall.shape[1] == 2
    figure = figures.grid([wide, tall], ["a", "b"], "two", key={"sky": "#0000ff"})
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(4 / 3)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["sky"]


def test_objects_have_an_inside_and_a_boundary() -> None:
    cell = Cell(kind="mask", objects=True)
    truth = task(cell).truth("1 3 6 3 11 3;16 5 21 5", (5, 5))
    assert truth.max() == 2
    classes = task(cell).to_classes(truth)
    assert classes.tolist() == [
        [1, 1, 2, 2, 1],
        [1, 1, 2, 2, 1],
        [2, 2, 2, 2, 1],
        [0, 0, 0, 2, 1],
        [0, 0, 0, 2, 1],
    ]


def test_a_mask_stays_on_its_picture_when_both_become_smaller() -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:30, 20:50] = 200
    small, truth = smaller(pixels, (pixels[..., 0] > 0).astype(np.uint16), 30)
    assert small.shape == (20, 30, 3) and truth.shape == (20, 30)
    assert ((small[..., 0] > 100) == (truth > 0)).all()


@settings(max_examples=25)
@given(arrays(np.uint8, 40))
def test_otsu_is_the_threshold_of_least_variance(values: np.ndarray) -> None:
    def within(threshold: int) -> float:
        parts = [part for part in (values[values <= threshold], values[values > threshold]) if len(part)]
        return float(sum(((part - part.mean()) ** 2).sum() for part in parts))

    assert within(int(otsu(values))) == pytest.approx(min(map(within, range(256))), abs=1e-6)


def test_a_scene_knows_its_pixels() -> None:
    from random import Random

    scene = scenes.draw(Random(0), Cell(kind="mask", objects=True))
    assert scene.pixels.shape[:2] == scene.numbers.shape == (48, 64)
    assert scene.pixels[scene.numbers > 0].mean() > scene.pixels[scene.numbers == 0].mean() + 50
