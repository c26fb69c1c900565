"""The same settings with several seeds: a run for each, and the mean of what they predict."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from common.errors import RunError, SettingError
from common.pipeline import fold, steps, workers
from common.pipeline.request import Request
from common.pipeline.samples import is_sample
from common.runs import blending, provenance
from common.runs.blending import Blend
from common.runs.ledger import Ledger
from common.runs.run import Run, enter


@dataclass(frozen=True)
class Averaged:
    """The runs, one for each seed, and their average: a blend of equal weights in a folder of its own."""

    runs: tuple[Run, ...]
    blend: Blend


def run_seeds(request: Request, seeds: Sequence[int], asked: int | str, out: Path | None = None) -> Averaged:
    """Train a run for each seed, all of them on the same folds, and average them.

    Args:
        request: what to run, in the usual folder of each.
        seeds: of training, two or more.
        asked: how many workers, or a cluster's address; see `workers.run`.
        out: the average's folder; by default one beside the runs, which is replaced.

    Raises:
        SettingError: for fewer than two seeds.
        RunError: if the deadline left a run without a fold that others have.
    """
    if len(set(seeds)) < 2 or min(seeds) < 0:
        raise SettingError(
            f"--seeds takes two different seeds at least, such as 0,1,2, not {','.join(map(str, seeds))}"
        )
    if request.stage is not None and request.stage != request.config.stages[-1]:
        raise SettingError("--seeds averages submissions, and a stage before the last makes none; leave out --stage")
    with workers.of(request, asked) if asked not in (0, 1) else nullcontext() as started:
        train = fold.train_folds if started is None else partial(workers.train_folds, started)
        runs = [
            steps.run(replace(request, config=replace(request.config, seed=seed)), train)
            for seed in dict.fromkeys(seeds)
        ]
    folders = [run.folder for run in runs]
    if len({tuple(run.record.folds) for run in runs}) > 1:
        raise RunError("not every seed has all folds, so that nothing was averaged; the same command goes on")
    if out is None:
        out = blending.default_folder(request.submissions, folders, "mean")
        shutil.rmtree(out, ignore_errors=True)  # of the same runs, which the same command makes again
    made = blending.blend(request.competition, folders, out, "mean", provenance.machine(request.environment))
    if not is_sample(request.data):
        settings = f"mean of seeds {','.join(map(str, dict.fromkeys(seeds)))}"
        enter(out, Ledger(request.submissions / "ledger.csv"), settings, str(request.data))
    return Averaged(tuple(runs), made)
