"""A sweep: settings drawn by Optuna (TPE), judged on their folds, and an estimate of what choosing among them is worth.

Trials come in batches, as many as there are workers at first. All of a batch are trained on the first fold; what Optuna's
median rule finds hopeless there ends, the others go on with all folds. Only what has ended is written into the study, a SQLite
file, and what is drawn depends on that alone: so a sweep that was killed goes on with the very trials that it was at.
Source of the sampler: Bergstra et al., "Algorithms for Hyper-Parameter Optimization" (2011).
"""

from __future__ import annotations

import hashlib
import json
import shlex
import statistics
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import data, metrics
from common.config import resolve
from common.errors import RunError, SettingError
from common.files import atomic_write, locked
from common.pipeline.request import Request
from common.pipeline.workers import folds_of
from common.settings import flat
from common.sweeps.parameters import Parameter
from common.sweeps.trials import Trained, train_all
from common.wording import rounded
from common.workers import Workers

RECORD, STUDY = "sweep.json", "study.db"
STARTUP = 10  # trials drawn at random before the sampler has something to go by
UNPRUNED = 4  # complete trials before any can be hopeless
ALONE = 2  # trials in a batch without workers


@dataclass(frozen=True)
class Worth:
    """What choosing is worth: the metric, nested, against the profile's own settings on the same folds.

    Nested: a fold is judged with the settings that are best on the other folds (those pruned after the first fold take no
    part). `error` is the standard error of the difference over folds.
    """

    chosen: float
    profile: float
    error: float
    better: bool


@dataclass(frozen=True)
class Swept:
    """What a sweep came to; `best` are `key=value` as --set takes them, none where the profile's own settings are best."""

    folder: str
    trials: Mapping[str, int]
    best: tuple[str, ...]
    score: float
    profile: float
    run: str
    importance: Mapping[str, float]
    worth: Worth | None
    finished: bool


def sweep(
    request: Request, overrides: Sequence[str], parameters: Sequence[Parameter], trials: int, started: Workers | None
) -> Swept:
    """Train trials until there are so many, and say what came of all of them; goes on where it was.

    Args:
        request: the profile's run, whose settings everything is compared with.
        overrides: what `--set` changes in all of them.
        parameters: what varies.
        trials: how many settings are tried, those of earlier calls included.
        started: workers, or None to train in this process.

    Raises:
        RunError: if the profile's own settings fail, or another process is at this sweep.
    """
    asked = [flat(request.config), [each.__dict__ for each in parameters]]
    decisive = json.dumps([*asked, data.hashes(request.competition, request.data)], sort_keys=True, default=str)
    name = f"sweep-{request.profile}-{hashlib.sha256(decisive.encode()).hexdigest()[:8]}"
    folder = request.submissions / name

    def refuse() -> None:
        raise RunError(f"another sweep is working in {folder}; wait for its end")

    with locked(folder, refuse), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's, of what it calls experimental
        return _Sweep(request, folder, overrides, parameters, started).go_on(trials)


class _Sweep:
    def __init__(
        self, request: Request, folder: Path, overrides: Sequence[str], parameters: Sequence[Parameter],
        started: Workers | None,
    ) -> None:  # fmt: skip
        self.optuna = _imported()
        self.request, self.folder, self.started = request, folder, started
        self.overrides, self.parameters = overrides, parameters
        self.direction = "maximize" if metrics.get(request.competition.metric).greater_is_better else "minimize"
        self.sign = 1 if self.direction == "maximize" else -1
        folder.mkdir(parents=True, exist_ok=True)
        self.record = folder / RECORD
        if not self.record.is_file():
            at_once = ALONE if started is None else max(ALONE, started.slots)
            with atomic_write(self.record, "w") as handle:
                json.dump({"at_once": at_once, "param": [each.__dict__ for each in parameters]}, handle, indent=1)
        self.at_once: int = json.loads(self.record.read_text(encoding="utf-8"))["at_once"]
        self.distributions = {each.key: each.distribution for each in parameters}
        self.study = self.optuna.create_study(
            storage=f"sqlite:///{(folder / STUDY).resolve()}", study_name=folder.name, direction=self.direction,
            load_if_exists=True,
        )  # fmt: skip

    def go_on(self, trials: int) -> Swept:
        """Train what is missing, batch by batch."""
        (profile,) = self._train([self.request.config])
        if profile.error:
            raise RunError(f"the profile's own settings fail: {profile.error}")
        finished = not profile.stopped
        while finished and len(self.study.trials) < trials:
            if self.request.deadline.passed():
                self.request.progress.warn("the deadline has passed; the same command goes on")
                finished = False
            else:
                finished = self._batch(trials)
        return self._result(profile, finished)

    def _batch(self, trials: int) -> bool:
        """Train one batch and write what came of it into the study; return whether there was time."""
        told = len(self.study.trials)
        first = told - told % self.at_once
        known = self.study.trials[:first]
        sampler = self.optuna.samplers.TPESampler(
            seed=self.request.config.seed + first, n_startup_trials=STARTUP, constant_liar=True
        )
        pruner = self.optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED)
        drawn = self.optuna.create_study(direction=self.direction, sampler=sampler, pruner=pruner)
        drawn.add_trials(known)
        asked = [drawn.ask(self.distributions) for _ in range(self.at_once)][told - first : trials - first]
        configs = [
            resolve(
                self.request.competition, self.request.profile, [*self.overrides, *self._settings(each.params)],
                seed=self.request.config.seed, folds=self.request.config.folds,
            )
            for each in asked
        ]  # fmt: skip
        came = [Trained(folds={}) for _ in asked]
        going = list(range(len(asked)))
        number = self.request.config.folds[0] if self.request.config.folds else 0
        if (folds_of(self.request) or 2) > 1:
            came = self._train(configs, (number,))
            going = [at for at, each in enumerate(came) if not each.error and not each.stopped]
            for at in going:
                asked[at].report((came[at].folds or {})[number], step=number)
            going = [at for at in going if not asked[at].should_prune()]
        for at, trained in zip(going, self._train([configs[at] for at in going]), strict=True):
            came[at] = trained
        if any(each.stopped for each in came):
            return False
        for at, trial in enumerate(asked):
            self._tell(trial, came[at], at in going)
        return True

    def _train(self, configs: Sequence[Any], folds: tuple[int, ...] | None = None) -> list[Trained]:
        return train_all(self.request, self.record, configs, folds, self.started) if configs else []

    def _tell(self, trial: Any, came: Trained, complete: bool) -> None:
        states = self.optuna.trial.TrialState
        state = states.FAIL if came.error else states.COMPLETE if complete else states.PRUNED
        self.study.add_trial(
            self.optuna.trial.create_trial(
                state=state, params=trial.params, distributions=self.distributions,
                value=came.score if state == states.COMPLETE else None,
                intermediate_values=came.folds or {}, user_attrs={"run": came.run, "error": came.error},
            )
        )  # fmt: skip
        settings = " ".join(self._settings(trial.params))
        said = came.error or f"{self.request.competition.metric} {rounded(came.score)}"
        after = "" if complete or came.error else " on the first fold: given up"
        self.request.progress.say(f"trial {len(self.study.trials) - 1}: {settings}  {said}{after}")

    def _settings(self, params: Mapping[str, Any]) -> list[str]:
        values = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in params.items()}
        return [f"{each.key}={values[each.key]}" for each in self.parameters]

    def _result(self, profile: Trained, finished: bool) -> Swept:
        states = self.optuna.trial.TrialState
        complete = [trial for trial in self.study.trials if trial.state == states.COMPLETE]
        best = max(complete, key=lambda trial: self.sign * trial.value, default=None)
        if best is not None and self.sign * best.value <= self.sign * profile.score:
            best = None
        names = {"complete": states.COMPLETE, "given up": states.PRUNED, "failed": states.FAIL}
        return Swept(
            folder=str(self.folder),
            trials={each: sum(trial.state == state for trial in self.study.trials) for each, state in names.items()},
            best=tuple(self._settings(best.params)) if best else (),
            score=best.value if best else profile.score,
            profile=profile.score,
            run=best.user_attrs["run"] if best else profile.run,
            importance=self._importance() if len(complete) > 3 else {},
            worth=worth([dict(trial.intermediate_values) for trial in complete], dict(profile.folds or {}), self.sign),
            finished=finished,
        )

    def _importance(self) -> dict[str, float]:
        """Return each parameter's share of the differences between complete trials (fANOVA)."""
        try:
            evaluator = self.optuna.importance.FanovaImportanceEvaluator(seed=0)
            found = self.optuna.importance.get_param_importances(self.study, evaluator=evaluator)
        except (ValueError, RuntimeError):  # where all trials came to the same
            return {}
        return {key: round(float(share), 4) for key, share in found.items()}


def worth(trials: Sequence[Mapping[int, float]], profile: Mapping[int, float], sign: int) -> Worth | None:
    """Return what choosing among settings is worth, by the metric of each on each fold; None for one fold.

    Args:
        trials: of each complete trial, the metric by fold.
        profile: the same of the profile's own settings, which can be chosen, too.
        sign: 1 where more is better, else -1.
    """
    folds = sorted(profile)
    if len(folds) < 2:
        return None
    every = [profile, *(trial for trial in trials if sorted(trial) == folds)]

    def on_others(fold: int) -> Mapping[int, float]:
        return max(every, key=lambda scores: sign * sum(scores[other] for other in folds if other != fold))

    chosen = [on_others(fold)[fold] for fold in folds]
    gains = [sign * (score - profile[fold]) for fold, score in zip(folds, chosen, strict=True)]
    error = statistics.stdev(gains) / len(gains) ** 0.5
    mean = statistics.mean(profile[fold] for fold in folds)
    return Worth(statistics.mean(chosen), mean, error, statistics.mean(gains) > 0)


def command_of(request: Request, overrides: Sequence[str], swept: Swept) -> str:
    """Return the command that trains the best settings."""
    sets = [word for each in (*overrides, *swept.best) for word in ("--set", each)]
    words = ["kit", "train", request.competition.name, "--data", str(request.data), "--profile", request.profile, *sets]
    own = request.competition.profile(request.profile).seed
    return shlex.join([*words, *(["--seed", str(request.config.seed)] if request.config.seed != own else [])])


def _imported() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise SettingError(
            f"a sweep needs Optuna, which cannot be imported here ({error}): pip install optuna"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
