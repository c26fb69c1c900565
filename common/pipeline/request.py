"""What to run: a competition, its settings, its data, and where the run is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from common.competition import Competition, Config
from common.deadline import Deadline
from common.environment import Environment
from common.errors import SettingError, UnknownName
from common.model import Context
from common.progress import Progress
from common.runs.run import Mode


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `pipeline.run` takes.

    `stage` is the only one of the profile's stages to run, or None for all of them.
    """

    competition: Competition
    profile: str
    config: Config
    data: Path
    environment: Environment
    progress: Progress
    deadline: Deadline = field(default_factory=Deadline)
    out: Path | None = None
    mode: Mode = "auto"
    stage: str | None = None

    def __post_init__(self) -> None:
        stages = self.config.stages
        if self.stage is not None and not stages:
            raise SettingError(f"profile {self.profile!r} has no stages; leave out --stage")
        if self.stage is not None and self.stage not in stages:
            raise UnknownName(f"stage of profile {self.profile!r}", self.stage, stages)

    @property
    def submissions(self) -> Path:
        """The folder of the competition's runs and of its ledger."""
        return self.environment.working / "submissions" / self.competition.name

    def context(self, title: str, run: Path | None = None, folder: Path | None = None) -> Context:
        """Return what a model may use in the run's folder, or before there is one, keeping its checkpoints in `folder`."""
        more = {"folder": folder} if folder else {}
        return Context.of(
            self.competition.name, self.environment, run,
            deadline=self.deadline, progress=self.progress, title=title, stage=self.stage, **more,
        )  # fmt: skip
