"""Pictures that look alike are found, others are not, and flat ones stay apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_files import photo, saved
from PIL import Image, ImageEnhance

from common.vision.pictures.decode import decode_with_thumb
from common.vision.pictures.near_duplicates import DISTANCE, _near, groups, hashes, report

SIZE = 160, 120
CHANGES = {
    "the same": lambda image: saved(image, "PNG"),
    "recompressed": lambda image: saved(image, quality=30),
    "halved": lambda image: saved(image.resize((image.width // 2, image.height // 2))),
    "doubled": lambda image: saved(image.resize((image.width * 2, image.height * 2), 3)),
    "out of its proportions": lambda image: saved(image.resize((100, 100))),
    "brightened": lambda image: saved(ImageEnhance.Brightness(image).enhance(1.15)),
    "with more contrast": lambda image: saved(ImageEnhance.Contrast(image).enhance(1.1)),
    "grey": lambda image: saved(image.convert("L")),
    "as a GIF": lambda image: saved(image, "GIF"),
}


def thumb(data: bytes) -> np.ndarray:
    return decode_with_thumb(data, 16).thumb


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    return [photo(seed, *SIZE) for seed in range(120)]


@pytest.fixture(scope="module")
def photos(images: list[Image.Image]) -> np.ndarray:
    return np.stack([thumb(saved(image, "PNG")) for image in images])


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_others(change: str, images: list[Image.Image], photos: np.ndarray) -> None:
    copies = np.stack([thumb(CHANGES[change](image)) for image in images[:20]])
    group = groups(np.concatenate((photos, copies)))
    assert group[120:].tolist() == list(range(20))
    assert len(set(group[:120].tolist())) == 120


def test_all_copies_of_a_picture_are_one_group(images: list[Image.Image], photos: np.ndarray) -> None:
    copies = [thumb(change(images[0])) for change in CHANGES.values()]
    group = groups(np.stack([photos[1], *copies, photos[2], *copies]))
    assert group.tolist() == [0, *[1] * 9, 2, *[1] * 9]


def test_flat_pictures_are_alone() -> None:
    rng = np.random.default_rng(0)
    noise = (128 + rng.integers(-2, 3, (50, 32, 32))).astype(np.uint8)
    assert groups(np.concatenate((np.zeros_like(noise), noise))).tolist() == list(range(100))


def test_no_pictures_and_one(photos: np.ndarray) -> None:
    assert groups(photos[:0]).tolist() == []
    assert groups(photos[:1]).tolist() == [0]


def test_equal_hashes_of_different_pictures_do_not_count(photos: np.ndarray) -> None:
    fine = np.indices((32, 32)).sum(axis=0) % 2 * 100  # a chequered pattern has none of the low frequencies
    patterned = np.clip(photos[:1].astype(int) // 8 + fine, 0, 255).astype(np.uint8)
    plain = (photos[:1] // 8 + 50).astype(np.uint8)
    assert np.bitwise_count(hashes(patterned) ^ hashes(plain))[0] <= DISTANCE
    assert groups(np.concatenate((patterned, plain))).tolist() == [0, 1]


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(0, DISTANCE))
def test_every_pair_within_the_distance_is_found(seed: int, distance: int) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**63, 20, dtype=np.uint64)
    neighbours = [word ^ np.uint64(_mask(rng, rng.integers(0, distance + 2))) for word in words]
    words = np.unique([*words, *neighbours])
    found = {tuple(sorted(pair)) for pairs in _near(words, distance) for pair in pairs.T.tolist()}
    expected = {
        (one, other)
        for one in range(len(words))
        for other in range(one + 1, len(words))
        if int(words[one] ^ words[other]).bit_count() <= distance
    }
    assert found == expected


def _mask(rng: np.random.Generator, bits: int) -> int:
    """A number with so many bits set."""
    return sum(1 << int(bit) for bit in rng.choice(64, bits, replace=False))


def test_the_report_names_each_group_of_several() -> None:
    assert report(np.array([0, 1, 0, 2, 1, 0]), list("abcdef")) == ["a = c = f", "b = e"]
    assert report(np.array([0, 1]), list("ab")) == []


def test_mirrored_and_turned_pictures_are_others() -> None:
    image = photo(3, 100, 100)
    turned = [image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), image.transpose(Image.Transpose.ROTATE_90)]
    assert groups(np.stack([thumb(saved(one, "PNG")) for one in turned])).tolist() == [0, 1, 2]
