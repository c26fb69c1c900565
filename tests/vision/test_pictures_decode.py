"""Whatever a file holds, it becomes a picture or one reason."""

from __future__ import annotations

import io

import numpy as np
import pytest
from picture_files import BLUE, GREEN, RED, bad, good, mutated, orientation, photo, png, quarters, saved
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from common.errors import Unreadable
from common.vision.pictures.decode import GROUND, decode, decode_with_thumb

# What Pillow says of odd files; the cache keeps it back.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

GOOD, BAD = good(), bad()


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("rule", ["crop", "squish"])
def test_a_picture_of_any_kind(name: str, rule: str) -> None:
    pixels, thumb = decode_with_thumb(GOOD[name], 32, rule)
    assert (pixels.shape, pixels.dtype, thumb.shape) == ((32, 32, 3), np.uint8, (32, 32))
    if not name.startswith("1"):  # a picture one pixel wide has one colour in the middle
        assert pixels.std() > 10


@pytest.mark.parametrize("name", BAD)
def test_anything_else_is_one_reason(name: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(BAD[name], 32)
    reason = str(caught.value)
    assert reason and "\n" not in reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.jpg", "empty file"),
        ("text.jpg", "not a picture in a known format"),
        ("program.jpg", "not a picture in a known format"),
        ("without its last three quarters.jpg", "truncated"),
        ("small bomb.png", "9000 × 9500 pixels"),
        ("huge.jpg", "4290250000 pixels"),
    ],
)
def test_reasons_say_what_is_wrong(name: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode(BAD[name], 32)


def test_nothing_is_changed_for_the_process() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    for data in [*GOOD.values(), *BAD.values()]:
        _try(data)
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


@pytest.mark.parametrize("size", [40, 64, 90])
def test_pixels_are_those_of_the_picture(size: int) -> None:
    image = photo(7, 120, 90)
    middle = image.resize((size, size), Image.Resampling.BILINEAR, box=(15, 0, 105, 90))
    assert np.array_equal(decode(saved(image, "PNG"), size), np.asarray(middle))
    whole = image.resize((size, size), Image.Resampling.BILINEAR)
    assert np.array_equal(decode(saved(image, "PNG"), size, "squish"), np.asarray(whole))


def test_a_large_jpeg_decoded_at_a_reduced_scale_looks_the_same() -> None:
    data = saved(photo(8, 1500, 1100), quality=95)
    exact = Image.open(io.BytesIO(data)).crop((200, 0, 1300, 1100)).resize((128, 128), Image.Resampling.BILINEAR)
    assert np.abs(decode(data, 128).astype(int) - np.asarray(exact)).mean() < 2


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize(("width", "height"), [(80, 80), (120, 60), (60, 120)])
def test_a_picture_is_turned_as_exif_says(turn: int, width: int, height: int) -> None:
    data = saved(quarters(width, height), quality=100, subsampling=0, exif=orientation(turn))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    middle = ImageOps.fit(upright, (20, 20))
    assert np.abs(decode(data, 20).astype(int) - np.asarray(middle))[4:7, 4:7].max() < 12
    thumb = decode_with_thumb(data, 20).thumb
    assert np.abs(thumb.astype(int) - np.asarray(upright.resize((32, 32)).convert("L")))[4:12, 4:12].max() < 12


def test_what_is_transparent_shows_the_ground() -> None:
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 40, 40))
    pixels = decode(saved(image, "PNG"), 40)
    assert pixels[10, 10].tolist() == list(GROUND)
    assert pixels[10, 30].tolist() == list(GREEN)


def test_colours_survive_every_mode() -> None:
    image = quarters()
    for data in (saved(image, "GIF"), saved(image.convert("CMYK"), quality=100), saved(image.quantize(8), "PNG")):
        pixels = decode(data, 40).astype(int)
        for (row, column), colour in {(10, 10): RED, (10, 30): GREEN, (30, 10): BLUE}.items():
            assert np.abs(pixels[row, column] - colour).max() < 12


@pytest.mark.parametrize("name", ["16 bit.png", "32 bit.tif"])
def test_16_bits_become_8(name: str) -> None:
    grey = Image.open(io.BytesIO(GOOD["plain.jpg"])).convert("L")
    assert np.abs(decode(GOOD[name], 32)[..., 0].astype(int) - decode(saved(grey, "PNG"), 32)[..., 0]).mean() < 3


def test_the_first_picture_of_a_film() -> None:
    assert np.array_equal(decode(GOOD["film.gif"], 32), decode(GOOD["really a gif.jpg"], 32))


def test_the_upper_part_of_a_jpeg_that_was_cut_off() -> None:
    whole = photo(9, 160, 160)
    data = saved(whole, quality=90)
    pixels = decode(data[: len(data) * 3 // 4], 40, "squish").astype(int)
    upper = whole.crop((0, 0, 160, 120)).resize((40, 40))
    assert np.abs(pixels - np.asarray(upper)).mean() < 12
    assert np.array_equal(decode(data[:-2], 40), decode(data, 40))
    turned = saved(whole, quality=90, exif=orientation(3))
    cut = decode(turned[: len(turned) * 3 // 4], 40, "squish")
    assert np.abs(cut.astype(int) - pixels[::-1, ::-1]).mean() < 4


def test_a_png_with_a_bomb_inside_its_text() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a" * 80_000_000, zip=True)
    with pytest.raises(Unreadable):
        decode(saved(photo(1), "PNG", pnginfo=text), 32)


def test_mutated_jpegs_become_a_picture_or_a_reason() -> None:
    results = [_try(data) for data in mutated(500)]
    assert 50 < sum(results) < 500


def test_sizes_promised_but_not_there() -> None:
    with pytest.raises(Unreadable):
        decode(png(60000, 2), 32)


def _try(data: bytes) -> bool:
    try:
        return decode(data, 24).shape == (24, 24, 3)
    except Unreadable:
        return False
