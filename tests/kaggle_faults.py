"""One journey from push to score under random faults, and the judgement of how it ended."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kaggle_seam import Hourglass
from stand_in_faults import Fault, Faults, random_faults
from stand_in_world import KEY, USER, hosted, kernel_folder, read_csv, toy, write_csv

from common.competition import Competition
from common.errors import KitError
from common.kaggle.build import Built
from common.kaggle.errors import TimedOut, Transient
from common.kaggle.official import Client, connect
from common.kaggle.retry import Retry
from common.kaggle.submit import submit
from common.rehearsal.rehearse import run_kernel
from common.rehearsal.stand_in.running import KernelRun, RunResult
from common.rehearsal.stand_in.server import StandIn
from common.runs.ledger import Ledger
from common.session.manifest import MANIFEST

BUNDLE = "b" * 64
LIMIT = 3600.0  # of each wait, by the hourglass
TOO_LONG = 48 * 3600.0  # nothing may take that long by the hourglass: it would be a hang


class Impatient(Hourglass):
    """A clock that lets the server do its work while it is turned, and takes an endless wait for what it is."""

    server: StandIn | None = None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        assert self.time < TOO_LONG, f"a hang: {len(self.slept)} sleeps, the last ones {self.slept[-5:]}"
        end = time.monotonic() + 60
        while self._busy():
            assert time.monotonic() < end, "the stand-in hangs"
            time.sleep(0.001)

    def _busy(self) -> bool:
        assert self.server is not None
        store = self.server.world.store
        documents = [*store.all("session"), *store.all("submission")]
        return any(document["status"] in ("QUEUED", "RUNNING", "PENDING") for document in documents)


@dataclass(frozen=True)
class Ending:
    """How a journey ended: scored, or refused with an error of the kit."""

    seed: int
    how: str
    words: str
    submissions: int


def predict(run: KernelRun, folder: Path) -> RunResult:
    """Do at once what a kernel of the kit does in hours: predictions, and a manifest of them."""
    output = folder / "working"
    output.mkdir()
    data = next(item.folder for item in run.inputs if item.kind == "competition")
    rows = [(row["id"], f"{int(row['id'], 16) % 97 / 100:.2f}") for row in read_csv(data / "sample_submission.csv")]
    file = write_csv(output / "submission.csv", ("id", "score"), rows)
    entry = {"bytes": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (output / MANIFEST).write_text(json.dumps({"bundle": BUNDLE, "files": {file.name: entry}}))
    return RunResult(status="COMPLETE", output=output)


class Road:
    """What all journeys share: the data, the kernel, and the scores that are right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "prepared").mkdir()
        self.data = {kind: hosted(folder / f"data-{kind}", kind) for kind in ("csv", "kernel")}
        self.right = {kind: self._scores(kind) for kind in self.data}

    def journey(self, seed: int) -> Ending:
        """Go the whole way under the random faults of a seed; assert that it ends well or in a clear refusal."""
        kind = ("csv", "kernel")[seed % 2]
        with self._kaggle(kind, random_faults(seed)) as (client, server, clock, folder):
            try:
                scores = self._go(client, kind, folder, clock)
                how, words = ("scored", "") if scores else ("not scored", "the submission was answered without a score")
                assert scores in (None, self.right[kind]), f"seed {seed}: a wrong score {scores}"
                allowed = 1
            except KitError as error:
                how, words, scores = type(error).__name__, str(error), None
                allowed = int(isinstance(error, Transient | TimedOut))  # a refusal that is sure has sent nothing
                assert words and "\n" not in words, f"seed {seed}: no clear refusal: {words!r}"
            sent, versions = server.world.store.all("submission"), server.world.store.all("version")
        assert len(versions) <= 1, f"seed {seed}: {len(versions)} versions, {how}: {words}"
        assert len(sent) <= allowed, f"seed {seed}: {len(sent)} submissions, {how}: {words}"
        assert scores is None or len(sent) == 1, f"seed {seed}: a score without a submission"
        return Ending(seed, how, words, len(sent))

    def _scores(self, kind: Literal["csv", "kernel"] | str) -> tuple[str, str]:
        with self._kaggle(kind) as (client, _, clock, folder):
            scores = self._go(client, kind, folder, clock)
        assert scores is not None
        return scores

    @contextmanager
    def _kaggle(self, kind: str, faults: Sequence[Fault] = ()) -> Iterator[tuple[Client, StandIn, Impatient, Path]]:
        folder = self.folder / "journey"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "state").mkdir(parents=True)
        (folder / "state" / "competitions").symlink_to(self.folder / "prepared")  # once for all journeys
        clock = Impatient()
        with StandIn(folder / "state", [self.data[kind]], runner=predict, layer=Faults(*faults)) as server:
            clock.server = server
            yield connect(server.url, username=USER, key=KEY, retry=Retry(clock=clock.clock)), server, clock, folder

    def _go(self, client: Client, kind: str, folder: Path, clock: Impatient) -> tuple[str, str] | None:
        competition: Competition = toy(kind)
        slug = competition.slug
        asked: Mapping[str, Any] = {"competition_sources": [slug]}
        place = kernel_folder(folder / "built", "predict", **asked)
        metadata = json.loads((place / "kernel-metadata.json").read_text())
        built = Built(name="toy", folder=place, hash=BUNDLE, bytes=7, metadata=metadata, files=())
        pushed = run_kernel(client, built, folder, limit=LIMIT, clock=clock.clock)
        sample = self.data[kind].data / competition.files.sample_submission.file
        what = pushed.ref if kind == "kernel" else folder / "output" / competition.submission.file_name
        outcome = submit(
            client, competition, what, "journey", ledger=Ledger(folder / "ledger.csv"), wait=LIMIT,
            confirm=lambda question: True, sample=sample, clock=clock.clock,
        )  # fmt: skip
        submission = outcome.submission
        assert submission.final, "the score was waited for"
        return (submission.public_score, submission.private_score) if submission.scored else None


def count(endings: list[Ending]) -> dict[str, int]:
    """Return how many journeys ended in which way, the most frequent first."""
    return dict(Counter(ending.how for ending in endings).most_common())
