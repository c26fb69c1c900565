"""Bytes of a picture file to pixels, whatever the file really holds.

Only the bytes count, never the file's name: a GIF named `.jpg` is a GIF. Pillow decodes; its settings for the whole
process are left alone. What Pillow does not know as a picture, `arrays` may. On pictures of 400 pixels, simplejpeg and
torchvision decode a JPEG in about 85 % of Pillow's time, and half of the work is resizing: not worth a decoder that knows
one format.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal, NamedTuple

from common.errors import Unreadable
from common.vision.pictures import arrays
from common.wording import first_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

Rule = Literal["crop", "squish"]

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "ICO", "AVIF", "JPEG2000")
"""What is decoded. Formats that start other programs (EPS) or read other files are not among them."""

MAX_PIXELS = 64_000_000
"""Pixels that one file may decode to, at the reduced scale for a JPEG: a quarter of a GiB in memory."""

THUMB = 32
"""Side of the small picture by which near duplicates are found."""

GROUND = (128, 128, 128)
"""What shows through where a picture is transparent: grey, which is next to nothing once normalised."""

_USABLE = 0.5  # of the rows of a JPEG that was cut off: with less, one cannot tell what it shows
_ORIENTATION = 0x0112  # the EXIF tag
_DEPTHS = (8, 10, 12, 14, 16)  # bits of a camera, stored as 16
_END_OF_IMAGE = b"\xff\xd9"


class Decoded(NamedTuple):
    """A picture as a square, uint8 (size, size, 3), and the whole picture small and grey, uint8 (THUMB, THUMB)."""

    pixels: NDArray[np.uint8]
    thumb: NDArray[np.uint8]


def decode(data: bytes, size: int, rule: Rule = "crop") -> NDArray[np.uint8]:
    """Return the pixels of a picture as a square, RGB: (size, size, 3).

    `"crop"` takes the largest square in the middle, `"squish"` the whole picture out of its proportions. A large
    JPEG is decoded at a half, a quarter or an eighth of its size, still not below `size`. What is transparent gets the
    colour `GROUND`, a picture is turned as its EXIF data says, 16 bits become 8 by those that are in use, of an animation
    the first frame is taken. Of a truncated JPEG the upper part is used if it is at least half of the rows; other formats
    must be whole. Arrays and sounds are never cropped: their edges say as much as their middle.

    Raises:
        Unreadable: for anything else, with the reason.
    """
    return decode_with_thumb(data, size, rule).pixels


def decode_with_thumb(data: bytes, size: int, rule: Rule = "crop") -> Decoded:
    """Return what `decode` does, and the whole picture in small, by which near duplicates are found.

    Raises:
        Unreadable: as `decode` does.
    """
    if not data:
        raise Unreadable("empty file")
    try:
        if (image := arrays.from_bytes(data)) is None:
            image = _load(data, size)
        else:
            rule = "squish"
        turn = _orientation(image)
        image = _in_colour(image)
        pixels = _resized(image, size, _middle(image) if rule == "crop" else None)
        thumb = _resized(image, THUMB, None).convert("L")
        return Decoded(_turned(pixels, turn), _turned(thumb, turn))
    except Unreadable:
        raise
    except Exception as error:  # decoders of twelve formats meet broken files with all kinds of errors
        raise Unreadable(first_line(error)) from None


def decode_whole(data: bytes, longest: int = 1 << 16) -> NDArray[np.uint8]:
    """Return the pixels of a whole picture as the file has them, never turned: (rows, columns, 3).

    One whose longer side has more than `longest` pixels is made smaller, in proportion.

    Raises:
        Unreadable: if it is none, with the reason.
    """
    import numpy as np
    from PIL import Image

    try:
        image = _in_colour(arrays.from_bytes(data) or _load(data, 1 << 16))
        if image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, GROUND), image).convert("RGB")
        if (share := longest / max(image.size)) < 1:
            width, height = (max(1, round(side * share)) for side in image.size)
            image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return np.asarray(image)
    except Unreadable:
        raise
    except Exception as error:  # as above
        raise Unreadable(first_line(error)) from None


def _load(data: bytes, size: int) -> Image.Image:
    """Return the decoded picture in the file's own mode, at a reduced scale where the format has that."""
    try:
        return _decoded(_opened(data, size))
    except OSError:
        if not data.startswith(b"\xff\xd8"):
            raise
        # With an end marker appended, the rows that are there decode, and the rest comes out in one colour.
        return _upper_part(_decoded(_opened(data + _END_OF_IMAGE, size)))


def _opened(data: bytes, size: int) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        if (picture := arrays.of_tiff(data)) is not None:
            return picture
        raise Unreadable(f"not a picture in a known format (begins with {data[:8].hex(' ')})") from None
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (size, size))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Unreadable(f"{width} × {height} pixels; at most {MAX_PIXELS // 10**6} million are decoded")
    return image


def _decoded(image: Image.Image) -> Image.Image:
    image.load()
    return image


def _upper_part(image: Image.Image) -> Image.Image:
    """Return the rows above the one colour at the end, if there are enough."""
    import numpy as np

    pixels = np.asarray(image)
    differs = (pixels != pixels[-1:, -1:]).reshape(len(pixels), -1).any(axis=1)
    rows = int(np.flatnonzero(differs)[-1]) + 1 if differs.any() else 0
    if rows < _USABLE * len(pixels):
        raise Unreadable(f"truncated: {rows} of {len(pixels)} rows are there")
    return image.crop((0, 0, image.width, rows))


def _middle(image: Image.Image) -> tuple[int, int, int, int]:
    """Return the edges of the largest square in the middle."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def _resized(image: Image.Image, size: int, box: tuple[int, int, int, int] | None) -> Image.Image:
    from PIL import Image

    # A far smaller size is reached by averaging over whole pixels first, which costs little and looks the same.
    image = image.resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, GROUND), image).convert("RGB")
    return image


def _in_colour(image: Image.Image) -> Image.Image:
    """Return the picture as RGB, or RGBA if it is transparent anywhere."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image).convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a picture of grey values above 255 as 8 bits; Pillow would clip all of them to white."""
    import numpy as np
    from PIL import Image

    values = np.asarray(image).astype(np.float32)
    values = np.where(np.isfinite(values), values, 0)
    low, high = float(values.min()), float(values.max())
    if image.mode != "F" and low >= 0:  # of numbers with a point no range is agreed on: the brightest becomes white
        low, high = 0.0, next((2.0**bits - 1 for bits in _DEPTHS if high < 2**bits), high)
    return Image.fromarray(((values - low) / max(high - low, 1e-9) * 255).clip(0, 255).astype(np.uint8))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF data: the picture itself is there
        return 1


def _turned(image: Image.Image, orientation: int) -> NDArray[np.uint8]:
    """Return a square as EXIF says it is to be seen: 5 to 8 swap rows and columns, then axes are reversed."""
    import numpy as np

    pixels = np.asarray(image)
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
