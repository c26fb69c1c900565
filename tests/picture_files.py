"""Picture files for tests: good ones of every kind, and what else is found among them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

RED, GREEN, BLUE = (220, 40, 30), (30, 180, 60), (20, 60, 200)


def photo(seed: int, width: int = 120, height: int = 90) -> Image.Image:
    """A picture with structure of every size, as photographs have."""
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).resize((width, height), 3)
        for side in (3, 6, 24)
    ]
    mixed = sum(
        np.asarray(layer, dtype=np.float64) * share for layer, share in zip(layers, (0.55, 0.3, 0.15), strict=True)
    )
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def quarters(width: int = 80, height: int = 80) -> Image.Image:
    """Red, green, blue and white quarters: it can be seen which way up it is."""
    image = Image.new("RGB", (width, height), (255, 255, 255))
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG whose header promises any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def large_jpeg_header() -> bytes:
    """A JPEG whose header says 65,500 × 65,500."""
    data = saved(photo(0))
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", 65500, 65500) + data[at + 4 :]


def orientation(number: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif.tobytes()


def good() -> dict[str, bytes]:
    """Files that are pictures, whatever their names say."""
    colours = photo(1)
    grey16 = Image.fromarray(np.asarray(colours.convert("L")).astype(np.uint16) * 257)
    clear = colours.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    cut = saved(photo(2, 200, 160), quality=90)
    return {
        "plain.jpg": saved(colours),
        "progressive.jpg": saved(colours, progressive=True),
        "grey.jpg": saved(colours.convert("L")),
        "cmyk.jpg": saved(colours.convert("CMYK")),
        "rotated.jpg": saved(colours, exif=orientation(6)),
        "broken exif.jpg": saved(colours, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 9),
        "really a gif.jpg": saved(colours, "GIF"),
        "film.gif": saved(colours, "GIF", save_all=True, append_images=[photo(3)]),
        "really a png.jpg": saved(colours, "PNG"),
        "transparent.png": saved(clear, "PNG"),
        "palette.png": saved(colours.quantize(64), "PNG"),
        "palette with a transparent colour.png": saved(colours.quantize(64), "PNG", transparency=3),
        "palette with alpha.png": saved(colours.quantize(64), "PNG", transparency=bytes(range(128, 256, 2))),
        "grey with alpha.png": saved(clear.convert("LA"), "PNG"),
        "one bit.png": saved(colours.convert("1"), "PNG"),
        "16 bit.png": saved(grey16, "PNG"),
        "32 bit.tif": saved(Image.fromarray(np.asarray(grey16).astype(np.int32)), "TIFF"),
        "float.tif": saved(colours.convert("F"), "TIFF"),
        "a.webp": saved(colours, "WEBP"),
        "a.bmp": saved(colours, "BMP"),
        "without its end mark.jpg": cut[:-2],
        "without its last tenth.jpg": cut[: len(cut) * 9 // 10],
        "1x1.png": saved(photo(4, 1, 1), "PNG"),
        "1x10000.png": saved(photo(4, 1, 10000), "PNG"),
        "10000x1.jpg": saved(photo(4, 10000, 1)),
    }


def bad() -> dict[str, bytes]:
    """Files that are no pictures, or too little of one."""
    picture, plain = saved(photo(5, 200, 160), quality=90), saved(photo(5), "PNG")
    return {
        "empty.jpg": b"",
        "zeros.jpg": bytes(4000),
        "text.jpg": b"this is not a picture\n" * 50,
        "page.jpg": b"<!DOCTYPE html><html><body>404</body></html>",
        "Abyssinian_100.mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128) + bytes(64),
        "archive.jpg": b"PK\x03\x04" + bytes(60),
        "program.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        "first bytes only.jpg": picture[:20],
        "without its last three quarters.jpg": picture[: len(picture) // 4],
        "half.png": plain[: len(plain) // 2],
        "bomb.png": png(30000, 30000),
        "small bomb.png": png(9000, 9500),
        "huge.jpg": large_jpeg_header(),
        "nothing in it.png": png(50, 50),
    }


def mutated(count: int, seed: int = 0) -> list[bytes]:
    """JPEGs with bytes changed, cut out and swapped."""
    rng = random.Random(seed)
    originals = [
        saved(photo(1)), saved(photo(2), progressive=True), saved(photo(3).convert("L")), saved(photo(4).convert("CMYK")),
        saved(photo(5), subsampling=0, exif=orientation(8)), saved(photo(6, 64, 200), quality=30, optimize=True),
    ]  # fmt: skip
    return [_mutated(bytearray(rng.choice(originals)), rng) for _ in range(count)]


def _mutated(data: bytearray, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 6)):
        start = rng.randrange(2, max(3, len(data)))
        length = rng.randint(1, 64)
        kind = rng.choice(("flip", "cut", "swap", "end"))
        if kind == "flip":
            for place in range(start, min(start + rng.randint(1, 8), len(data))):
                data[place] = rng.randrange(256)
        elif kind == "cut":
            del data[start : start + length]
        elif kind == "swap":
            other = rng.randrange(2, max(3, len(data)))
            one, two = data[start : start + length], data[other : other + length]
            data[start : start + length], data[other : other + length] = two, one
        elif rng.random() < 0.3:
            del data[start:]
    return bytes(data)
