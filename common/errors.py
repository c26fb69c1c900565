"""The exceptions, one class per kind of mistake.

KitError                    everything that the user can fix; printed as one line, exit code 1
├── UnknownName             a competition, profile, setting, metric … that does not exist
├── SettingError            a setting whose value is not allowed
├── DataError               files of a competition missing or not as described
│   ├── Unreadable          a file that cannot be decoded as a picture
│   └── MaskError           a mask that does not fit its picture, or no mask at all
├── SplitError              a split that the data cannot give
├── MetricError             a metric that is undefined for these values
├── SubmissionError         predictions that cannot become a submission, or a file that is not one
├── BackboneError           pretrained weights missing, broken or out of reach
├── DeviceError             a machine that is not what the run needs (memory, disk, accelerator)
├── ArchiveError            an archive that is broken or unsafe to unpack
├── KernelError             a kernel that cannot be built, pushed or trusted as it is
│   └── SecretFound         a credential in what a kernel would publish
└── RunError                a run folder that cannot be continued or read
"""

from __future__ import annotations

from collections.abc import Iterable


class KitError(Exception):
    """A user's mistake in one line: what was given, what is allowed, what to do."""


class UnknownName(KitError):
    """A name that is not among those that exist; lists them, or says what does, and suggests the nearest."""

    def __init__(self, kind: str, given: str, allowed: Iterable[str], shown_by: str = "") -> None:
        from difflib import get_close_matches

        self.kind, self.given, self.allowed = kind, given, tuple(allowed)
        near = get_close_matches(given, self.allowed, n=3 if shown_by else 1, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        known = f"{shown_by} shows all" if shown_by else f"Known: {', '.join(self.allowed) or 'none'}"
        super().__init__(f"unknown {kind} {given!r}.{hint} {known}")


class SettingError(KitError):
    """A setting whose value is not allowed."""


class DataError(KitError):
    """Files of a competition that are missing or not as its description says."""


class Unreadable(DataError):
    """A file that cannot be decoded as a picture; the message is the reason, without the file's name."""


class MaskError(DataError):
    """A mask that does not fit its picture, or text or a file that is no mask."""


class SplitError(KitError):
    """A split that cannot be made from the data at hand."""


class MetricError(KitError):
    """A metric that is undefined for the values given."""


class SubmissionError(KitError):
    """Predictions that cannot become a submission, or a file that is not a valid one."""


class BackboneError(KitError):
    """Pretrained weights that are missing, broken, unsafe or out of reach."""


class DeviceError(KitError):
    """A machine that cannot do what the run asks of it."""


class ArchiveError(KitError):
    """An archive that is broken or unsafe to unpack."""


class KernelError(KitError):
    """A kernel that cannot be built, pushed or trusted as it is."""


class SecretFound(KernelError):
    """Something that looks like a credential in what a kernel would publish; never shows it."""


class RunError(KitError):
    """A run folder that cannot be continued or read."""
