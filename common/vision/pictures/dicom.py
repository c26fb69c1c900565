"""Pictures of medical devices: as much of DICOM as files of one picture need, in the forms that need no further decoder."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from common.errors import Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

START, _MARK = 128, b"DICM"
_IMPLICIT, _EXPLICIT, _DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
_PILLOW = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
_SYNTAX, _SAMPLES, _COLOURS, _ROWS, _COLUMNS = (2, 0x10), (0x28, 2), (0x28, 4), (0x28, 0x10), (0x28, 0x11)
_BITS, _SIGNED, _PIXELS = (0x28, 0x100), (0x28, 0x103), (0x7FE0, 0x10)
_CENTRE, _WIDTH, _INTERCEPT, _SLOPE = (0x28, 0x1050), (0x28, 0x1051), (0x28, 0x1052), (0x28, 0x1053)
Tag = tuple[int, int]


def is_dicom(data: bytes) -> bool:
    """Whether a file is one by its beginning."""
    return data[START : START + len(_MARK)] == _MARK


def from_bytes(data: bytes) -> NDArray[Any]:
    """Return the pixels of a file (rows, columns), or (rows, columns, 3) of colours: bytes, or numbers of any range.

    Of several frames it is the middle one, in the window of grey values that it asks for.

    Raises:
        Unreadable: for pixels that are compressed in a way that needs a decoder of its own.
    """
    head, at = dict[Tag, bytes](), START + len(_MARK)
    for tag, value, end in _elements(data, at, explicit=True, group=2):
        head[tag], at = value, end
    syntax = _text(head.get(_SYNTAX, b"")) or _IMPLICIT
    body = data[at:]
    if syntax == _DEFLATED:
        body = zlib.decompress(body, -zlib.MAX_WBITS)
    known = {tag: value for tag, value, _ in _elements(body, 0, explicit=syntax != _IMPLICIT)}
    if _PIXELS not in known:
        raise Unreadable("a DICOM file without pixels")
    if syntax in _PILLOW:
        return _shown(_decoded(known[_PIXELS]), known)
    if syntax not in (_IMPLICIT, _EXPLICIT, _DEFLATED):
        raise Unreadable(f"DICOM pixels compressed as {syntax}; convert the files, such as by pydicom with pylibjpeg")
    return _shown(_raw(known), known)


def _elements(data: bytes, at: int, *, explicit: bool, group: int | None = None) -> Iterator[tuple[Tag, bytes, int]]:
    """Yield tags, their bytes and where each ends, of one group alone where one is named; what lies in sequences is left out."""
    while at + 8 <= len(data):
        tag = struct.unpack_from("<HH", data, at)
        if group is not None and tag[0] != group:
            return
        if explicit and tag[0] != _ITEM[0]:
            kind = data[at + 4 : at + 6]
            size, start = (
                (struct.unpack_from("<I", data, at + 8)[0], at + 12) if kind in _LONG
                else (struct.unpack_from("<H", data, at + 6)[0], at + 8)
            )  # fmt: skip
        else:
            size, start = struct.unpack_from("<I", data, at + 4)[0], at + 8
        if size == _UNDEFINED:
            at = _past(data, start, explicit=explicit)
            yield tag, data[start:at] if tag == _PIXELS else b"", at
        else:
            at = start + size
            yield tag, data[start:at], at
        if tag in (_ITEM_END, _SEQUENCE_END):
            return


def _past(data: bytes, at: int, *, explicit: bool) -> int:
    """Return where a sequence of undefined length ends, which begins here."""
    while at + 8 <= len(data):
        tag, size = struct.unpack_from("<HH", data, at), struct.unpack_from("<I", data, at + 4)[0]
        at += 8
        if tag == _SEQUENCE_END:
            return at
        if size != _UNDEFINED:
            at += size
        else:
            for _, _, end in _elements(data, at, explicit=explicit):
                at = end
    return at


def _text(value: bytes) -> str:
    return value.decode("ascii", errors="replace").strip("\0 ")


def _number(known: dict[Tag, bytes], tag: Tag, usual: int) -> int:
    return struct.unpack_from("<H", known[tag])[0] if len(known.get(tag, b"")) >= 2 else usual


def _decimal(known: dict[Tag, bytes], tag: Tag) -> float | None:
    """Return the first of the numbers that are written out as text."""
    try:
        return float(_text(known.get(tag, b"")).split("\\")[0])
    except ValueError:
        return None


def _decoded(value: bytes) -> NDArray[Any]:
    """Return the pixels of a compressed picture: its fragments follow a table of offsets."""
    import numpy as np
    from PIL import Image

    fragments, at = [], 0
    while at + 8 <= len(value):
        tag, size = struct.unpack_from("<HH", value, at), struct.unpack_from("<I", value, at + 4)[0]
        if tag != _ITEM:
            break
        fragments.append(value[at + 8 : at + 8 + size])
        at += 8 + size
    return np.asarray(Image.open(io.BytesIO(b"".join(fragments[1:]))))


def _raw(known: dict[Tag, bytes]) -> NDArray[Any]:
    """Return pixels that stand in the file as they are: (rows, columns), or with colours."""
    import numpy as np

    rows, columns, samples = (_number(known, tag, 1) for tag in (_ROWS, _COLUMNS, _SAMPLES))
    bits, signed = _number(known, _BITS, 16), _number(known, _SIGNED, 0)
    if bits not in (8, 16, 32):
        raise Unreadable(f"DICOM pixels of {bits} bits")
    values = np.frombuffer(known[_PIXELS], f"<{'i' if signed else 'u'}{bits // 8}")
    size = rows * columns * samples
    frames = len(values) // size
    if not frames:
        raise Unreadable(f"{len(values):,} DICOM pixels for {columns} × {rows}")
    frame = values[frames // 2 * size :][:size]
    return frame.reshape(rows, columns, samples) if samples > 1 else frame.reshape(rows, columns)


def _shown(values: NDArray[Any], known: dict[Tag, bytes]) -> NDArray[Any]:
    """Return pixels in their window where there is one, dark where they are low; colours as they are."""
    import numpy as np

    if values.ndim == 3:
        return values
    slope, intercept = _decimal(known, _SLOPE), _decimal(known, _INTERCEPT)
    grey = values.astype(np.float32) * (1.0 if slope is None else slope) + (intercept or 0.0)
    centre, width = _decimal(known, _CENTRE), _decimal(known, _WIDTH)
    if centre is not None and width is not None and width > 1:
        grey = grey.clip(centre - width / 2, centre + width / 2)
    if _text(known.get(_COLOURS, b"")) == "MONOCHROME1":
        grey = -grey
    return grey
