"""Arrays, scientific pictures and sounds, seen as pictures."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from common.errors import Unreadable
from common.vision.pictures.decode import decode

RAMP = np.linspace(0, 1, 64)[:, None] * np.ones((1, 64))  # dark above, bright below


def stored(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def is_ramp(pixels: np.ndarray, channel: int = 0) -> bool:
    rows = pixels[..., channel].mean(axis=1)
    return bool(rows[0] < 20 and rows[-1] > 235 and (np.diff(rows) >= 0).all())


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_are_as_bright_as_those_in_use(bits: int, kind: str) -> None:
    values = (RAMP * (2**bits - 1)).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, kind)
    assert is_ramp(decode(buffer.getvalue(), 32))


@pytest.mark.parametrize("scale", [1e-6, 1.0, -5.0, 1e6])
def test_an_array_of_any_range_is_a_picture(scale: float) -> None:
    values = RAMP * scale + 3 * scale
    pixels = decode(stored(values[::-1] if scale < 0 else values), 32)
    assert pixels.shape == (32, 32, 3) and is_ramp(pixels) and (np.ptp(pixels, axis=2) == 0).all()


@pytest.mark.parametrize("shape", ["first", "last", "frames"])
def test_channels_become_colours(shape: str) -> None:
    channels = np.stack([RAMP, RAMP.T, 1 - RAMP])
    array = channels if shape == "first" else np.moveaxis(channels, 0, -1)
    pixels = decode(stored(np.stack([array] * 5) if shape == "frames" else array), 32)
    assert is_ramp(pixels, 0) and is_ramp(pixels.swapaxes(0, 1), 1) and is_ramp(pixels[::-1], 2)


def test_of_many_channels_a_colour_is_a_mean_and_none_is_lost() -> None:
    array = np.stack([RAMP, RAMP, RAMP.T, RAMP.T, 1 - RAMP, 1 - RAMP], axis=-1)
    pixels = decode(stored(array), 32)
    assert is_ramp(pixels, 0) and is_ramp(pixels[::-1], 2)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, scale=np.ones(2), image=array)
    assert np.array_equal(decode(buffer.getvalue(), 32), pixels)
    assert decode(stored(np.stack([RAMP, RAMP.T])), 32).shape == (32, 32, 3)


def test_gaps_and_a_single_hot_pixel_darken_nothing() -> None:
    values = RAMP.copy()
    values[0, 0], values[0, 1], values[40, 40] = np.nan, np.inf, 1e9
    pixels = decode(stored(values), 64)
    assert pixels[60, :, 0].mean() > 200 and pixels[3, :, 0].mean() < 40


def test_a_wide_array_is_squeezed_and_not_cropped() -> None:
    values = np.zeros((16, 400))
    values[:, -20:] = 1
    assert decode(stored(values), 40)[:, -1, 0].min() > 200


def test_a_sound_shows_its_tones_low_ones_at_the_bottom() -> None:
    time = np.arange(16000) / 8000
    for hertz, row in ((500, 28), (3000, 8)):
        buffer = io.BytesIO()
        wavfile.write(buffer, 8000, (np.sin(2 * np.pi * hertz * time) * 20000).astype(np.int16))
        loudest = decode(buffer.getvalue(), 32)[..., 0].astype(int).mean(axis=1).argmax()
        assert abs(int(loudest) - row) <= 1
    stereo = io.BytesIO()
    wavfile.write(stereo, 8000, np.zeros((9000, 2), np.int16))
    assert decode(stereo.getvalue(), 32).shape == (32, 32, 3), "silence is a picture too"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (stored(np.array(["a", "b"])), "is no picture"),
        (stored(np.full((8, 8), np.nan)), "without a single number"),
        (stored(RAMP)[:-100], "."),
        (b"RIFF\x00\x00\x00\x00WAVEjunk", "."),
        (b"II*\x00" + b"\x00" * 40, "."),
    ],
)
def test_what_is_none_has_a_reason(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        decode(data, 16)


def test_a_tiff_of_many_channels_is_read_or_says_by_what() -> None:
    try:
        import tifffile
    except ModuleNotFoundError:
        pytest.skip("tifffile is not installed")
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, (np.stack([RAMP] * 6) * 4000).astype(np.uint16), photometric="minisblack", planarconfig="separate"
    )
    assert is_ramp(decode(buffer.getvalue(), 32))


def element(group: int, number: int, kind: bytes, value: bytes, *, explicit: bool = True) -> bytes:
    """A DICOM element; `value` is filled up to an even length."""
    value += b" " * (len(value) % 2)
    if not explicit:
        return struct.pack("<HHI", group, number, len(value)) + value
    long = kind in (b"OW", b"SQ")
    return struct.pack("<HH", group, number) + kind + (
        struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))
    ) + value  # fmt: skip


def dicom(values: np.ndarray, syntax: str, window: str = "", colours: bytes = b"MONOCHROME2", jpeg: str = "") -> bytes:
    """A DICOM file with a sequence of undefined length before its pixels."""
    explicit = syntax != "1.2.840.10008.1.2"
    start, end = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF), struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    head = struct.pack("<HH", 8, 0x1140) + (b"SQ\0\0" if explicit else b"") + struct.pack("<I", 0xFFFFFFFF)
    sequence = (
        head
        + start
        + element(8, 0x1150, b"UI", b"1.2", explicit=explicit)
        + end
        + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    )
    short = [(2, 1), (0x10, values.shape[0]), (0x11, values.shape[1]), (0x100, 8 * values.dtype.itemsize),
             (0x103, int(values.dtype.kind == "i"))]  # fmt: skip
    words = [(4, colours), *(((0x1050, b"300\\40"), (0x1051, window.encode())) if window else ())]
    body = sequence + b"".join(
        element(0x28, tag, kind, value, explicit=explicit)
        for tag, kind, value in sorted(
            [
                *((tag, b"US", struct.pack("<H", each)) for tag, each in short),
                *((tag, b"CS", each) for tag, each in words),
            ]
        )
    )
    if jpeg:
        buffer = io.BytesIO()
        Image.fromarray(values).save(buffer, jpeg)
        data = buffer.getvalue() + b"\0" * (len(buffer.getvalue()) % 2)
        body += struct.pack("<HH", 0x7FE0, 0x10) + b"OB\0\0" + struct.pack("<I", 0xFFFFFFFF)
        body += struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data
        body += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    else:
        body += element(0x7FE0, 0x10, b"OW", values.tobytes(), explicit=explicit)
    return b"\0" * 128 + b"DICM" + element(2, 0x10, b"UI", syntax.encode()) + body


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
@pytest.mark.parametrize("kind", ["u1", "<u2", "<i2"])
def test_dicom_pixels_are_read_as_they_stand(syntax: str, kind: str) -> None:
    values = (RAMP * 250 - (100 if kind == "<i2" else 0)).astype(kind)
    assert is_ramp(decode(dicom(values, syntax), 32))
    assert is_ramp(decode(dicom(values, syntax, colours=b"MONOCHROME1"), 32)[::-1])


def test_dicom_has_a_window_of_grey_values() -> None:
    values = (RAMP * 1000).astype("<u2")
    rows = decode(dicom(values, "1.2.840.10008.1.2.1", window="200"), 64)[..., 0].mean(axis=1)
    assert (rows[:12] < 3).all() and (rows[26:] > 252).all() and 60 < rows[19] < 200


@pytest.mark.parametrize(("syntax", "jpeg"), [("50", "JPEG"), ("90", "JPEG2000")])
def test_dicom_may_hold_a_compressed_picture(syntax: str, jpeg: str) -> None:
    values = (RAMP * 255).astype(np.uint8)
    assert is_ramp(decode(dicom(values, f"1.2.840.10008.1.2.4.{syntax}", jpeg=jpeg), 32))
    with pytest.raises(Unreadable, match=r"compressed as 1\.2\.840\.10008\.1\.2\.4\.70; convert"):
        decode(dicom(values, "1.2.840.10008.1.2.4.70"), 32)
