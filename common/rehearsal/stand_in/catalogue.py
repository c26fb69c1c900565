"""Which sources exist, and which folder a kernel sees for each."""

from __future__ import annotations

from pathlib import Path

from common.kaggle.sources import SourceKind
from common.rehearsal.stand_in.answers import Refusal
from common.rehearsal.stand_in.datasets import Datasets
from common.rehearsal.stand_in.hidden import RERUN, SERVED
from common.rehearsal.stand_in.running import Input
from common.rehearsal.stand_in.sessions import OUTPUT, Sessions
from common.rehearsal.stand_in.world import World


class Catalogue:
    """Looks sources up when a kernel is pushed, and again, pinned to the versions of then, when it runs."""

    def __init__(self, world: World, sessions: Sessions, datasets: Datasets) -> None:
        self._world, self._sessions, self._datasets = world, sessions, datasets

    def pin(self, kind: SourceKind, ref: str, user: str) -> str | None:
        """Return what exactly a source means now, None if it does not exist or is not open to the user.

        A dataset is pinned to its newest version that is ready, a kernel to its newest complete run.
        """
        if kind == "competition":
            hosted = self._world.hosted.get(ref)
            return ref if hosted is not None and hosted.rules_accepted else None
        if kind == "model":
            return ref if ref in self._world.sources.models else None
        if kind == "dataset":
            return self._datasets.ready_version(ref, user)
        kernel = self._world.store.get("kernel", ref)
        if kernel is None or (kernel["isPrivate"] and not ref.startswith(f"{user}/")):
            return None
        done = (f"{ref}/{number}" for number in range(int(kernel["currentVersionNumber"]), 0, -1))
        return next((key for key in done if self._is_complete(key)), None)

    def _is_complete(self, key: str) -> bool:
        session = self._world.store.get("session", key)
        return session is not None and session["status"] == "COMPLETE"

    def input(self, kind: SourceKind, ref: str, pinned: str, rerun: bool) -> Input:
        """Return a pinned source as a folder; the hidden rerun sees the competition's hidden test."""
        return Input(kind=kind, ref=ref, folder=self._folder(kind, pinned, rerun))

    def _folder(self, kind: SourceKind, pinned: str, rerun: bool) -> Path:
        if kind == "competition":
            return self._world.competition_folder(pinned) / (RERUN if rerun else SERVED)
        if kind == "model":
            return self._world.sources.models[pinned]
        folder = self._datasets.folder(pinned) if kind == "dataset" else self._sessions.folder(pinned) / OUTPUT
        if not folder.is_dir():
            raise Refusal(404, f"Not found: {kind} {pinned}")
        return folder
