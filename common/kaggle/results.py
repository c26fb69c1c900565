"""What Kaggle answers, as frozen dataclasses: no type of the official client leaves `official/`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from common.errors import SettingError

Progress = Callable[[int, int | None], None]
"""Called with the bytes done so far and the bytes expected in all (None: unknown)."""


def is_slug(text: str) -> bool:
    """Whether a text can be the name of a user, a kernel or a dataset."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) is not None


@dataclass(frozen=True)
class Ref:
    """An owner's kernel or dataset, `owner/slug`, of one version if `version` is given."""

    owner: str
    slug: str
    version: int | None = None

    @classmethod
    def parse(cls, text: str, *, owner: str | None = None) -> Ref:
        """Read `owner/slug`, `owner/slug/3`, `owner/slug@3`, and `slug` or `slug@3` if an owner is given.

        Raises:
            SettingError: for any other text.
        """
        bare, _, tag = text.strip().strip("/").partition("@")
        parts = bare.split("/")
        if len(parts) == 3 and not tag:
            tag = parts.pop()
        if len(parts) == 1 and owner:
            parts.insert(0, owner)
        version = tag.removeprefix("v")
        names_fit = len(parts) == 2 and all(map(is_slug, parts))
        if not names_fit or (tag and not (version.isdecimal() and int(version) > 0)):
            raise SettingError(f"{text!r} is not the name of a kernel or dataset: write owner/slug or owner/slug@3")
        return cls(parts[0], parts[1], int(version) if tag else None)

    @property
    def name(self) -> str:
        """The name without the version."""
        return f"{self.owner}/{self.slug}"

    def at(self, version: int | None) -> Ref:
        """Return the same name at another version."""
        return replace(self, version=version)

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


# --- kernels ---------------------------------------------------------------------------------------------


class KernelState(Enum):
    """The state of a kernel's session; the names are Kaggle's."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    ERROR = "error"
    CANCEL_REQUESTED = "cancel requested"
    CANCEL_ACKNOWLEDGED = "cancelled"
    NEW_SCRIPT = "new"

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self in {KernelState.COMPLETE, KernelState.ERROR, KernelState.CANCEL_ACKNOWLEDGED}


@dataclass(frozen=True, kw_only=True)
class Push:
    """A kernel version that Kaggle has accepted with all its inputs; `invalid_tags` are keywords it left out."""

    ref: Ref
    url: str
    invalid_tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KernelStatus:
    """State of a session and, for a failed one, Kaggle's reason."""

    state: KernelState
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class KernelInfo:
    """A kernel as Kaggle describes it. `version` is the newest one; `sources` maps a kind to names."""

    ref: Ref
    version: int | None
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One piece of a kernel's log; `seconds` since the session began, `stream` is stdout or stderr."""

    text: str
    stream: str = "stdout"
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """One output file of a kernel and where it can be fetched (the URL is signed: never show it)."""

    name: str
    url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Accelerator time of this week."""

    used: timedelta
    allowed: timedelta
    refreshes: datetime | None = None

    @property
    def left(self) -> timedelta:
        """What can still be used, never negative."""
        return max(self.allowed - self.used, timedelta())


# --- competitions ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CompetitionInfo:
    """What Kaggle says of a competition; `deadline` is in UTC and may lie in the past (late submissions).

    `metric` is its evaluation metric as Kaggle calls it.
    """

    slug: str
    deadline: datetime | None
    entered: bool
    kernels_only: bool
    submissions_disabled: bool
    daily_submissions: int | None
    title: str = ""
    metric: str = ""


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file that Kaggle lists; `size` in bytes, None where it does not say."""

    name: str
    size: int | None = None


class SubmissionState(Enum):
    """The state of a submission; the names are Kaggle's."""

    PENDING = "pending"
    COMPLETE = "complete"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One submission as Kaggle lists it; `size` in bytes, scores are its texts, empty where there is none yet."""

    ref: int
    state: SubmissionState
    date: datetime | None = None
    description: str = ""
    file_name: str = ""
    size: int | None = None
    public_score: str = ""
    private_score: str = ""
    error: str = ""

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self.state is not SubmissionState.PENDING

    @property
    def scored(self) -> bool:
        """Success as Kaggle means it: complete, with a public score and without an error text."""
        return self.state is SubmissionState.COMPLETE and bool(self.public_score) and not self.error

    @property
    def reason(self) -> str:
        """Why there is no score, in Kaggle's words if it gives any; empty for a scored or pending one."""
        if self.scored or not self.final:
            return ""
        return self.error or f"Kaggle ended it as {self.state.name} without a score and gave no reason"


@dataclass(frozen=True, kw_only=True)
class SubmissionLimits:
    """How many submissions were made and how many may follow now.

    All zero for an account without a team in the competition: then `known` is false.
    """

    today: int
    total: int
    allowed_now: int
    limited_by_total: bool = False

    @property
    def known(self) -> bool:
        """Whether the figures say anything."""
        return bool(self.today or self.total or self.allowed_now)


@dataclass(frozen=True, kw_only=True)
class LeaderboardRow:
    """One team's row; `score` as Kaggle writes it, `rank` counted from 1 in Kaggle's order."""

    rank: int
    team: str
    score: str
    date: datetime | None = None


# --- datasets --------------------------------------------------------------------------------------------


class DatasetState(Enum):
    """The processing state of a dataset; the names are Kaggle's."""

    NOT_YET_PERSISTED = "not yet persisted"
    BLOBS_RECEIVED = "blobs received"
    BLOBS_DECOMPRESSED = "blobs decompressed"
    BLOBS_COPIED_TO_SDS = "blobs copied"
    INDIVIDUAL_BLOBS_COMPRESSED = "blobs compressed"
    READY = "ready"
    FAILED = "failed"
    DELETED = "deleted"
    REPROCESSING = "reprocessing"

    @property
    def broken(self) -> bool:
        """Whether it will never be ready."""
        return self in {DatasetState.FAILED, DatasetState.DELETED}


@dataclass(frozen=True, kw_only=True)
class DatasetStatus:
    """Processing state and newest version of a dataset."""

    state: DatasetState
    version: int | None = None
