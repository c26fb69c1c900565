"""Arrays of any range and any number of channels as pictures: NumPy files, scientific TIFF, DICOM, the spectrogram of a sound."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from common.errors import Unreadable
from common.vision.pictures import dicom

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_NPY, _NPZ, _TIFF = b"\x93NUMPY", b"PK\x03\x04", (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_WAV, _SOUNDS = b"RIFF", (b"FORM", b"fLaC", b"OggS", b"ID3")  # what files of sound begin with
_DARK, _BRIGHT = 0.5, 99.5  # percentiles that become black and white: a single pixel does not decide
_COLOURS = 3
_MOST_CHANNELS = 64  # where neither end of a shape is smaller, the first axis counts frames
_WINDOWS = 512  # of a spectrogram, at most, beside one another


def from_bytes(data: bytes) -> Image.Image | None:
    """Return the picture of an array, a medical device or a sound, or None for files that Pillow knows.

    Raises:
        Unreadable: for an array that is no picture, or a sound without the package that reads it.
    """
    if data.startswith(_NPY) or data.startswith(_NPZ):
        return as_picture(_numpy(data))
    if data.startswith(_WAV) and data[8:12] == b"WAVE":
        return as_picture(_spectrogram(*_wav(data)))
    if data.startswith(_SOUNDS):
        return as_picture(_spectrogram(*_sound(data)))
    return _of_device(dicom.from_bytes(data)) if dicom.is_dicom(data) else None


def _of_device(values: NDArray[Any]) -> Image.Image:
    from PIL import Image

    colours = values.ndim == 3 and values.dtype.kind == "u" and values.itemsize == 1
    return Image.fromarray(values) if colours else as_picture(values)


def of_tiff(data: bytes) -> Image.Image | None:
    """Return the picture of a TIFF of more channels or bits than Pillow takes, or None for another file.

    Raises:
        Unreadable: without the package that reads it.
    """
    if not data.startswith(_TIFF):
        return None
    try:
        import tifffile
    except ModuleNotFoundError:
        raise Unreadable("a TIFF of many channels; to read it: pip install tifffile") from None
    return as_picture(tifffile.imread(io.BytesIO(data)))


def as_picture(values: NDArray[Any]) -> Image.Image:
    """Return an array as RGB, each colour from its own darkest to its own brightest values.

    Args:
        values: (rows, columns), or with channels as first or last axis, whichever is shorter; of more than three channels
            each colour is the mean of a third of them. Of several frames the middle one is taken.

    Raises:
        Unreadable: if it is of another shape, or holds no number.
    """
    import numpy as np
    from PIL import Image

    values = np.squeeze(values)
    while values.ndim > 2 and (values.ndim > 3 or min(values.shape[0], values.shape[-1]) > _MOST_CHANNELS):
        values = values[len(values) // 2]
    if values.ndim == 1:
        values = values[None]
    if values.ndim == 0 or values.dtype.kind not in "biuf":
        raise Unreadable(f"an array of shape {values.shape} and type {values.dtype} is no picture")
    if values.ndim == 2:
        values = values[..., None]
    elif values.shape[0] < values.shape[-1]:
        values = np.moveaxis(values, 0, -1)
    if values.shape[-1] == 2:
        values = np.concatenate((values, values.mean(axis=-1, keepdims=True)), axis=-1)
    groups = np.array_split(np.arange(values.shape[-1]), min(_COLOURS, values.shape[-1]))
    colours = [_scaled(values[..., group].mean(axis=-1, dtype=np.float64)) for group in groups]
    return Image.fromarray(np.stack(colours * (_COLOURS // len(colours)), axis=-1))


def _scaled(values: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    known = values[np.isfinite(values)]
    if not known.size:
        raise Unreadable("an array without a single number")
    low, high = np.percentile(known, (_DARK, _BRIGHT))
    if low == high:  # hardly anything is not ground
        low, high = known.min(), known.max()
    filled = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    scaled: NDArray[Any] = ((filled - low) / max(high - low, 1e-12) * 255).clip(0, 255).astype(np.uint8)
    return scaled


def _numpy(data: bytes) -> NDArray[Any]:
    import numpy as np

    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    return max((loaded[name] for name in loaded.files), key=lambda array: array.size)


def _wav(data: bytes) -> tuple[int, NDArray[Any]]:
    """Return the rate and the samples of a WAV file."""
    import warnings

    from scipy.io import wavfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks that say nothing of the sound
        rate, samples = wavfile.read(io.BytesIO(data))
    return rate, samples


def _sound(data: bytes) -> tuple[int, NDArray[Any]]:
    """Return the rate and the samples of a file of sound."""
    try:
        import soundfile
    except ModuleNotFoundError:
        raise Unreadable("a sound that is no WAV file; to read it: pip install soundfile") from None
    samples, rate = soundfile.read(io.BytesIO(data))
    return rate, samples


def _spectrogram(rate: int, samples: NDArray[Any]) -> NDArray[Any]:
    """Return how loud each frequency is over time, in decibels, low frequencies at the bottom (frequencies, windows)."""
    import numpy as np
    from scipy.signal import spectrogram

    mono = samples.reshape(len(samples), -1).mean(axis=1, dtype=np.float64)
    width = 2 ** int(np.clip(np.log2(max(rate / 20, 2)), 5, 11))  # a twentieth of a second
    if len(mono) < width:
        raise Unreadable(f"a sound of {len(mono)} samples, shorter than a twentieth of a second")
    step = max(width // 4, (len(mono) - width) // _WINDOWS, 1)
    _, _, power = spectrogram(mono, nperseg=width, noverlap=max(width - step, 0))
    decibels: NDArray[Any] = 10 * np.log10(power[::-1] + power.max() * 1e-8 + 1e-20)
    return decibels
