"""The whole way to a scored submission on this machine: push, queue, run, output, submit, hidden rerun, leaderboard.

The kernels are built as for Kaggle and pushed with the official client, to the stand-in instead of Kaggle; it runs
them in the clean room. Only the server's address and the user's name differ from Kaggle, and waiting is shorter.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import environment, registry
from common.competition import Competition
from common.errors import KernelError
from common.files import locked
from common.kaggle.build import Built, build
from common.kaggle.kernels import LOG, WATCH_SECONDS, output, push, watch
from common.kaggle.official import Client, connect
from common.kaggle.pushes import Pushed, Pushes
from common.kaggle.results import KernelState, LeaderboardRow, Ref, Submission
from common.kaggle.retry import Clock, Notify, silent
from common.kaggle.submit import WAIT_LIMIT, submit
from common.progress import timed
from common.rehearsal.chain import USER, input_folders, kernel_metadata, kernels_of, order
from common.rehearsal.clean_room.python import Python
from common.rehearsal.clean_room.runner import EXECUTED, CleanRoom
from common.rehearsal.stand_in.running import KernelRun, Runner, RunResult
from common.rehearsal.stand_in.server import SAMPLE_ROWS, SAMPLE_SEED, StandIn
from common.rehearsal.stand_in.world import Hosted
from common.runs.ledger import Ledger
from common.session.kernel import LIGHT
from common.session.manifest import MANIFEST
from common.wording import first_line

KEY = "rehearsal"
SPEED = 150.0
"""How much faster the clock of a rehearsal runs: half a minute between two looks at Kaggle is 0.2 s here."""

CAPACITY_SECONDS = 3600.0  # by that clock; the stand-in has as few sessions as Kaggle


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How a rehearsal ended: its submission, its row on the leaderboard, and the seconds of every phase."""

    folder: Path
    kernels: tuple[str, ...]
    isolation: str
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
    notify: Notify = silent,
) -> Rehearsal:
    """Rehearse a competition's kernels from the first push to the score.

    Args:
        competition: what is submitted to.
        folder: keeps everything; what an earlier rehearsal left in it is removed first.
        kernel: the one to submit; by default the one whose output no other kernel takes. Those whose output it takes
            run before it.
        data: the competition's files; by default fresh sample data.
        profile: the settings with which the kernels run.
        settings: `key=value` each, overriding the profile's.
        inputs: folders of the datasets and models that the kernels name; any other one is empty.
        python: what the kernels run on; the kit's own environment by default.
        notify: called with a line about what happens.

    Raises:
        KernelError: if a kernel fails, also if only its hidden rerun does.
        KitError: for everything else that Kaggle would refuse.
    """
    chain, cpu = order(kernels_of(competition), kernel), not environment.detect().gpus()
    with fresh(folder):
        seconds: dict[str, float] = {}
        if data is None:
            data = folder / "data"
            with timed(seconds, "sample data"):
                registry.sample(competition.name).make(data, SAMPLE_ROWS, SAMPLE_SEED)
        room = CleanRoom(python=python, internet=profile not in LIGHT)
        notify(f"clean room: {room.describe()}")
        runner = Observed(room, folder / "pages", notify)
        sources = input_folders(map(kernel_metadata, chain), inputs or {}, folder / "empty", notify)
        hosted = Hosted(competition=competition, data=data)
        with StandIn(folder / "state", [hosted], runner=runner, sources=sources) as server:
            client = connect(server.url, username=USER, key=KEY)
            for name in chain:
                with timed(seconds, name):
                    built = build(name, USER, folder / name / "built", profile=profile, settings=settings, cpu=cpu)
                    pushed = run_kernel(client, built, folder / name, notify=notify)
            with timed(seconds, "hidden rerun and score" if competition.submitted_as == "kernel" else "score"):
                submission = submit_output(client, competition, pushed, folder)
            runner.require_model()
            (row,) = (row for row in client.competitions.leaderboard(competition.slug) if row.team == USER)
    isolation = room.isolation()
    return Rehearsal(
        folder=folder, kernels=tuple(chain), isolation=isolation.name, gaps=isolation.gaps, submission=submission,
        row=row, seconds=seconds,
    )  # fmt: skip


def run_kernel(
    client: Client,
    built: Built,
    folder: Path,
    *,
    limit: float = WATCH_SECONDS * SPEED,
    notify: Notify = silent,
    clock: Clock | None = None,
) -> Pushed:
    """Push a kernel, wait for its end, fetch and check its output.

    Args:
        client: the connection.
        built: what to push.
        folder: gets the folder `output` and a record of the push.
        limit: seconds to wait for the end.
        notify: called with a line about what happens.
        clock: measures waiting; by default that of a rehearsal.

    Raises:
        KernelError: if it does not end as complete.
        KaggleError: whatever else goes wrong between here and the server.
    """
    clock, pushes = clock or fast_clock(), Pushes(folder / "pushes.json")
    pushed = push(client, built, pushes, patience=CAPACITY_SECONDS, notify=notify, clock=clock)
    notify(f"{built.name}: {built.bytes:,} bytes, bundle {built.hash[:12]}, pushed as {pushed.ref}")
    started = time.monotonic()
    ended = watch(client, pushed, pushes, limit=limit, clock=clock)
    fetched = output(client, pushed, folder / "output", notify=notify)
    if ended.state is not KernelState.COMPLETE:
        raise KernelError(
            f"{built.name} ended as {ended.state.value}: {ended.failure or 'no reason given'}; "
            f"its log is {fetched.folder / LOG}"
        )
    took = time.monotonic() - started
    notify(f"{built.name}: complete after {took:.1f} s, {len(fetched.files)} files as in its manifest")
    return pushed


def fast_clock() -> Clock:
    """Return the clock of a rehearsal."""
    return Clock(now=lambda: time.monotonic() * SPEED, sleep=lambda seconds: time.sleep(seconds / SPEED))


def submit_output(client: Client, competition: Competition, pushed: Pushed, folder: Path) -> Submission:
    """Submit a kernel, or its file, as the competition takes it; return the scored submission.

    Raises:
        KernelError: if it gets no score.
    """
    what: Path | Ref = pushed.ref
    sample = None
    if competition.submitted_as == "csv":
        what = folder / pushed.kernel / "output" / competition.submission.file_name
        name = competition.files.sample_submission.file
        sample = client.competitions.download(competition.slug, folder / name, file=name)
    outcome = submit(
        client, competition, what, "rehearsal",
        ledger=Ledger(folder / "ledger.csv"), confirm=lambda question: True, sample=sample, wait=WAIT_LIMIT * SPEED,
        clock=fast_clock(),
    )  # fmt: skip
    if not outcome.submission.scored:
        raise KernelError(f"submission {outcome.submission.ref} got no score: {outcome.submission.reason}")
    return outcome.submission


@dataclass
class Observed:
    """A runner that also keeps what a user would see on Kaggle's pages, the executed notebooks, and what nobody sees.

    That is the manifests of hidden reruns.
    """

    runner: Runner
    pages: Path
    notify: Notify = silent
    manifests: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, run: KernelRun, folder: Path) -> RunResult:
        """Run a kernel."""
        result = self.runner(run, folder)
        if (executed := folder / EXECUTED).is_file() and not executed.is_symlink():  # the kernel can write there too
            name = run.ref.rpartition("/")[2] + ("-rerun" if run.rerun else "")
            keep_page(executed, self.pages / name, self.notify)
        manifest = result.output / MANIFEST
        if run.rerun and manifest.is_file():
            self.manifests.append(json.loads(manifest.read_text(encoding="utf-8")))
        return result

    def require_model(self) -> None:
        """Raise KernelError if a rerun's score is that of its fallback: on Kaggle it would stay unnoticed."""
        if any(manifest.get("fell_back") for manifest in self.manifests):
            raise KernelError("the hidden rerun was scored, but its model failed and its fallback was submitted")


def keep_page(executed: Path, page: Path, notify: Notify = silent) -> None:
    """Keep an executed notebook as `page`.ipynb and, for a browser, as `page`.html."""
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(executed, page.with_suffix(".ipynb"))
    try:
        from nbconvert import HTMLExporter
    except ImportError:
        notify(f"{page}.html is not written: pip install nbconvert")
        return
    try:
        text, _ = HTMLExporter().from_filename(str(executed))
    except Exception as error:  # the kernel may have written anything into its outputs
        notify(f"{page}.html is not written: {first_line(error)}")
    else:
        page.with_suffix(".html").write_text(text, encoding="utf-8")


@contextmanager
def fresh(folder: Path) -> Iterator[None]:
    """Empty a folder and keep it for one rehearsal at a time.

    Raises:
        KernelError: if another process rehearses in it.
    """

    def refuse() -> None:
        raise KernelError(f"another rehearsal is running in {folder}; wait for its end")

    with locked(folder, refuse):
        shutil.rmtree(folder, ignore_errors=True)
        yield
