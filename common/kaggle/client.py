"""The seam: everything that the kit asks of Kaggle. `official.connect` is its one implementation.

Three nouns, as on Kaggle: competitions, kernels, datasets. Every method answers with a value of
`results` or raises a `KaggleError`; none prints, none returns before its answer is sure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from common.kaggle.results import (
    CompetitionInfo,
    DatasetStatus,
    KernelInfo,
    KernelStatus,
    LeaderboardRow,
    LogLine,
    OutputFile,
    Push,
    Quotas,
    Ref,
    RemoteFile,
    Submission,
    SubmissionLimits,
)

Progress = Callable[[int, int | None], None]
"""Called with the bytes done so far and the bytes expected in all (None: unknown)."""


class Competitions(Protocol):
    """Competitions: data, submissions, leaderboard. `slug` is the last part of a competition's URL."""

    def info(self, slug: str) -> CompetitionInfo:
        """Describe a competition. Raises NotFound for an unknown slug."""

    def files(self, slug: str) -> list[RemoteFile]:
        """List the data files, all pages of them."""

    def download(self, slug: str, target: Path, *, file: str | None = None, progress: Progress | None = None) -> Path:
        """Fetch one file, or all files as one zip, into `target`; goes on where an earlier attempt broke off."""

    def limits(self, slug: str) -> SubmissionLimits:
        """Count the submissions made and those still allowed."""

    def submissions(self, slug: str, *, newest: int | None = None) -> list[Submission]:
        """List the submissions, newest first; only the first page or pages that hold `newest` of them if given."""

    def submission(self, slug: str, ref: int) -> Submission:
        """Look one submission up."""

    def submit_file(self, slug: str, file: Path, description: str) -> Submission:
        """Submit a file, once: where the answer is lost, it is looked for before anything is repeated."""

    def submit_kernel(self, slug: str, kernel: Ref, file_name: str, description: str) -> Submission:
        """Submit one version of a kernel, once, as `submit_file` does."""

    def leaderboard(self, slug: str) -> list[LeaderboardRow]:
        """List the leaderboard, best team first."""


class Kernels(Protocol):
    """Kernels: push, follow, fetch, delete. Where a `Ref` has a version, that version is meant."""

    def push(self, folder: Path, *, timeout: int | None = None) -> Push:
        """Push a built folder, once; `timeout` limits the session in seconds.

        Raises SourcesDropped where inputs got lost, Capacity where too many sessions run.
        """

    def info(self, ref: Ref) -> KernelInfo | None:
        """Describe a kernel; None where there is none of that name."""

    def status(self, ref: Ref) -> KernelStatus:
        """State of the session."""

    def log(self, ref: Ref) -> list[LogLine]:
        """Return the log of a finished session (empty while it runs)."""

    def follow(self, ref: Ref) -> Iterator[LogLine]:
        """Yield the log while the session runs and to its end; reconnects without repeating lines."""

    def outputs(self, ref: Ref) -> list[OutputFile]:
        """List the output files, all pages of them."""

    def fetch(self, file: OutputFile, target: Path, *, progress: Progress | None = None) -> Path:
        """Fetch one output file to the path `target`; goes on where an earlier attempt broke off."""

    def delete(self, ref: Ref) -> None:
        """Delete a kernel with all its versions: the only way to stop a run."""

    def quotas(self) -> Quotas:
        """This week's accelerator time."""


class Datasets(Protocol):
    """Private datasets that carry wheels and weights to kernels without internet."""

    def status(self, ref: Ref) -> DatasetStatus | None:
        """Processing state and newest version; None where there is no such dataset (or not for this account)."""

    def files(self, ref: Ref) -> list[RemoteFile]:
        """List the files of the newest version, all pages of them."""

    def create(
        self, ref: Ref, title: str, files: Sequence[Path], *, licence: str, progress: Progress | None = None
    ) -> None:
        """Upload files and create a private dataset of them, once."""

    def version(self, ref: Ref, notes: str, files: Sequence[Path], *, progress: Progress | None = None) -> None:
        """Upload files and make them the next version, once."""


class Client(Protocol):
    """Kaggle, as the kit sees it."""

    @property
    def competitions(self) -> Competitions:
        """Competitions, their data, submissions and leaderboards."""

    @property
    def kernels(self) -> Kernels:
        """Kernels, their sessions, logs and outputs."""

    @property
    def datasets(self) -> Datasets:
        """Datasets of the user."""

    def whoami(self) -> str:
        """Return the user name that Kaggle knows for the credential."""
