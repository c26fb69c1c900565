"""The whole way to a scored submission on this machine: push, queue, run, output, submit, hidden rerun, leaderboard.

The kernels are built as for Kaggle and pushed with the official client, to the stand-in instead of Kaggle; it runs
them in the clean room. What differs from a real way is the server's address, the user's name, and that waiting
is shorter.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from common import environment, registry
from common.competition import Competition
from common.errors import KernelError, UnknownName
from common.files import locked
from common.kaggle import kernels, metadata
from common.kaggle.build import Built, build, names
from common.kaggle.client import Client
from common.kaggle.official import connect
from common.kaggle.pushes import Pushed, Pushes
from common.kaggle.results import KernelState, LeaderboardRow, Submission
from common.kaggle.retry import Clock, Tell, silent
from common.kaggle.submit import WAIT_LIMIT, submit
from common.rehearsal.clean_room.python import Python
from common.rehearsal.clean_room.runner import CleanRoom
from common.rehearsal.stand_in.hosting import SAMPLE_ROWS, SAMPLE_SEED
from common.rehearsal.stand_in.running import KernelRun, RunResult
from common.rehearsal.stand_in.server import StandIn
from common.rehearsal.stand_in.world import Hosted, Sources
from common.runs.ledger import Ledger
from common.session.kernel import LIGHT, METADATA
from common.session.manifest import MANIFEST

USER, KEY = "kaggler", "rehearsal"
HURRY = 150.0
"""How much faster the clock of a rehearsal goes: half a minute between two looks at Kaggle is 0.2 s here."""

CAPACITY_SECONDS = 3600.0  # by that clock; the stand-in has as few sessions as Kaggle


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How a rehearsal ended: its submission, its row on the leaderboard, and the seconds of every phase."""

    folder: Path
    kernels: tuple[str, ...]
    walls: str
    gaps: tuple[str, ...]
    submission: Submission
    row: LeaderboardRow
    seconds: Mapping[str, float]


def rehearse(
    competition: Competition,
    folder: Path,
    *,
    kernel: str | None = None,
    data: Path | None = None,
    profile: str = "sample",
    settings: Sequence[str] = (),
    inputs: Mapping[str, Path] | None = None,
    python: Python | None = None,
    tell: Tell = silent,
) -> Rehearsal:
    """Rehearse a competition's kernels from the first push to the score.

    Args:
        competition: what is submitted to.
        folder: keeps everything; what an earlier rehearsal left in it is removed first.
        kernel: the one to submit; by default the one whose output no other kernel takes. Those whose output it takes
            run before it.
        data: the competition's files; by default sample data, made anew.
        profile: the settings with which the kernels run.
        settings: `key=value` each, in the place of the profile's.
        inputs: folders of the datasets and models that the kernels name; one that is not given is empty.
        python: what the kernels run on; the kit's own environment by default.
        tell: told how it goes.

    Raises:
        KernelError: if a kernel fails, also if only its hidden rerun does.
        KitError: for everything else that Kaggle would refuse.
    """
    chain, cpu = order(competition, kernel), not environment.detect().gpus()
    with _fresh(folder):
        seconds: dict[str, float] = {}
        if data is None:
            data = folder / "data"
            with _timed(seconds, "sample data"):
                registry.sample(competition.name).make(data, SAMPLE_ROWS, SAMPLE_SEED)
        room = _Observed(CleanRoom(python=python, internet=profile not in LIGHT))
        tell(f"clean room: {room.room.describe()}")
        sources = _sources(chain, inputs or {}, folder / "empty", tell)
        hosted = Hosted(competition=competition, data=data)
        with StandIn(folder / "state", [hosted], runner=room, sources=sources) as server:
            client = connect(server.url, username=USER, key=KEY)
            for name in chain:
                with _timed(seconds, name):
                    built = build(name, USER, folder / name / "built", profile=profile, settings=settings, cpu=cpu)
                    pushed = run_kernel(client, built, folder / name, tell=tell)
            with _timed(seconds, "hidden rerun and score" if competition.submitted_as == "kernel" else "score"):
                submission = _submit(client, competition, pushed, folder)
            room.require_model()
            (row,) = (row for row in client.competitions.leaderboard(competition.slug) if row.team == USER)
    walls = room.room.walls(internet=False)
    return Rehearsal(
        folder=folder, kernels=tuple(chain), walls=walls.name, gaps=walls.gaps, submission=submission, row=row,
        seconds=seconds,
    )  # fmt: skip


def order(competition: Competition, kernel: str | None = None) -> list[str]:
    """Return the kernels of a competition in the order in which they have to run, the one to submit last.

    Raises:
        UnknownName: if the competition has no kernel of that name.
        KernelError: if it has none, or several could be submitted.
    """
    asked = {name: _asked(name) for name in names()}
    mine = {name: fields for name, fields in asked.items() if competition.slug in fields["competition_sources"]}
    by_ref = {fields["id"]: name for name, fields in mine.items()}
    takes = {name: [by_ref[ref] for ref in fields["kernel_sources"] if ref in by_ref] for name, fields in mine.items()}
    if kernel is None:
        last = sorted(set(mine) - {name for taken in takes.values() for name in taken})
        if len(last) != 1:
            found = f"could be {' or '.join(last)}" if last else "is missing: kernels/ has none for it"
            raise KernelError(f"the kernel of {competition.name} to submit {found}; --kernel names one")
        kernel = last[0]
    if kernel not in mine:
        raise UnknownName(f"kernel of {competition.name}", kernel, sorted(mine))
    needed = [kernel]
    for name in needed:
        needed += [other for other in takes[name] if other not in needed]
    return list(TopologicalSorter({name: takes[name] for name in needed}).static_order())


def run_kernel(
    client: Client,
    built: Built,
    folder: Path,
    *,
    limit: float = kernels.WATCH_SECONDS * HURRY,
    tell: Tell = silent,
    clock: Clock | None = None,
) -> Pushed:
    """Push a kernel, wait for its end, fetch and check its output.

    Args:
        client: the connection.
        built: what to push.
        folder: gets the folder `output` and a note of the push.
        limit: seconds to wait for the end.
        tell: told how it goes.
        clock: measures waiting; by default that of a rehearsal.

    Raises:
        KernelError: if it does not end as complete.
        KaggleError: whatever else goes wrong between here and the server.
    """
    clock, pushes = clock or hurried(), Pushes(folder / "pushes.json")
    pushed = kernels.push(client, built, pushes, patience=CAPACITY_SECONDS, tell=tell, clock=clock)
    tell(f"{built.name}: {built.bytes:,} bytes, bundle {built.hash[:12]}, pushed as {pushed.ref}")
    started = time.monotonic()
    ended = kernels.watch(client, pushed, pushes, limit=limit, clock=clock)
    got = kernels.output(client, pushed, folder / "output", tell=tell)
    if ended.state is not KernelState.COMPLETE:
        raise KernelError(
            f"{built.name} ended as {ended.state.value}: {ended.failure or 'no reason given'}; "
            f"its log is {got.folder / kernels.LOG}"
        )
    tell(f"{built.name}: complete after {time.monotonic() - started:.1f} s, {len(got.files)} files as in its manifest")
    return pushed


def hurried() -> Clock:
    """Return the clock of a rehearsal."""
    return Clock(now=lambda: time.monotonic() * HURRY, sleep=lambda seconds: time.sleep(seconds / HURRY))


def _submit(client: Client, competition: Competition, pushed: Pushed, folder: Path) -> Submission:
    """Submit as the competition wants it, and wait for the score."""
    form, sample = competition.submission, None
    what: Any = pushed.ref
    if competition.submitted_as == "csv":
        what = folder / pushed.kernel / "output" / form.file_name
        name = competition.files.sample_submission.file
        sample = client.competitions.download(competition.slug, folder / name, file=name)
    outcome = submit(
        client, competition, what, "rehearsal",
        history=Ledger(folder / "ledger.csv"), confirm=lambda question: True, sample=sample, wait=WAIT_LIMIT * HURRY,
        clock=hurried(),
    )  # fmt: skip
    if not outcome.submission.scored:
        raise KernelError(f"submission {outcome.submission.ref} got no score: {outcome.submission.reason}")
    return outcome.submission


def _asked(name: str) -> dict[str, Any]:
    return metadata.complete(metadata.read(environment.PROJECT / "kernels" / name / METADATA), USER)


def _sources(chain: Sequence[str], given: Mapping[str, Path], empty: Path, tell: Tell) -> Sources:
    """Return the datasets and models that the kernels name; those not given are empty."""
    found: dict[str, dict[str, Path]] = {"dataset_sources": {}, "model_sources": {}}
    own = {ref.replace(metadata.OWNER, f"{USER}/"): folder for ref, folder in given.items()}
    for fields in map(_asked, chain):
        for kind, folders in found.items():
            for ref in fields[kind]:
                if ref not in own:
                    empty.mkdir(parents=True, exist_ok=True)
                    tell(f"input {ref} is empty here; --input {ref}=DIR gives it")
                folders[ref] = own.get(ref, empty)
    if unused := sorted(set(own) - {ref for folders in found.values() for ref in folders}):
        known = sorted(ref for folders in found.values() for ref in folders)
        raise UnknownName("input of these kernels", unused[0], known)
    return Sources(datasets=found["dataset_sources"], models=found["model_sources"])


@dataclass
class _Observed:
    """The clean room, and what reruns left behind: Kaggle shows nobody what happened in them."""

    room: CleanRoom
    manifests: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, run: KernelRun, folder: Path) -> RunResult:
        result = self.room(run, folder)
        manifest = result.output / MANIFEST
        if run.rerun and manifest.is_file():
            self.manifests.append(json.loads(manifest.read_text(encoding="utf-8")))
        return result

    def require_model(self) -> None:
        """Refuse a score that the safety net of a failed kernel has earned: on Kaggle it would stay unnoticed."""
        if any(manifest.get("fell_back") for manifest in self.manifests):
            raise KernelError("the hidden rerun was scored, but its model failed and its fallback was submitted")


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[phase] = round(time.monotonic() - started, 2)


@contextmanager
def _fresh(folder: Path) -> Iterator[None]:
    """Empty a folder and keep it for one rehearsal at a time.

    Raises:
        KernelError: if another process rehearses in it.
    """

    def refuse() -> None:
        raise KernelError(f"another rehearsal is under way in {folder}; wait for its end")

    with locked(folder, refuse):
        shutil.rmtree(folder, ignore_errors=True)
        yield
