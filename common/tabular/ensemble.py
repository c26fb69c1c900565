"""Several kinds of models, each fitted once for every part of the rows that is left out, and the weights of each.

What a model says of the part that it has not seen stands for what it will say of new rows: it weighs the kinds (ensemble
selection), and the models of a kind are averaged. Source of the averaging: Breiman, "Stacked Regressions" (1996).
"""

from __future__ import annotations

import json
import math
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.files import atomic_folder
from common.model import Context, Model
from common.progress import clock
from common.runs.mixing import select
from common.tabular import bags
from common.tabular.columns import Layout
from common.tabular.encoder import Encoded, Encoder
from common.tabular.goal import Goal, compared
from common.tabular.member import Member, Stop
from common.tabular.settings import Tabular
from common.tabular.task import TabularTask

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

RECORD = "ensemble.json"
INNER = 5  # parts by which what categories and texts say of the target is cross-fitted
HELD = 10  # of a large table one part in so many is held out
WEIGHED = 20_000  # rows on which weights are chosen
RESERVE = 20.0  # seconds to keep back before the deadline, for predicting and writing
Make = Callable[[Goal, int, Stop], Member]


class Ensemble(Model):
    """Members by name, each with one model for every bag."""

    def __init__(self, task: TabularTask, config: Tabular, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.layout = Layout.load(context.run)
        self.notes: dict[str, Any] = {}
        self.goal: Goal
        self.encoders: list[Encoder] = []
        self.members: dict[str, list[Member]] = {}
        self.weights: dict[str, list[float]] = {}  # of each output; of classes all have the same
        estimators.require_skops()

    @abstractmethod
    def makers(self, rows: int) -> Mapping[str, Make]:
        """Return what makes an untrained member of each name, for so many training rows."""

    @abstractmethod
    def bags(self, rows: int) -> int:
        """Return how many parts of the rows are left out once each; with 0 no row is."""

    def budget(self) -> float:
        """Return the seconds that this fold may take."""
        return math.inf

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Fit every member for every bag, as far as there is time, then weigh them."""
        train = train[train[list(self.task.targets)].notna().all(axis=1)]
        self.goal = Goal.of(self.task, train)
        targets = self.goal.encode(self.task, train)
        makers, clocked = self.makers(len(train)), _Clock(self.budget(), self.context)
        bags = self._encoded(train, targets)
        self._announce(makers, bags)
        with self.context.progress.task(self.context.title, len(makers) * len(bags), "models") as task:
            for number, (name, make) in enumerate(makers.items()):
                self._fit_member(name, make, bags, clocked, len(makers) - number)
                task.advance(len(bags))
        self._weigh(bags)
        valid = valid[valid[list(self.task.targets)].notna().all(axis=1)]
        if left_out := self.notes.get("left_out"):
            self.context.progress.warn(f"{self.context.title}: no time for {', '.join(left_out)}")
            self.notes["stopped_early"] = self.context.deadline.passed(RESERVE)
        self.notes |= compared(self.task, self.goal, train, valid, self.outputs(valid), self.context)

    def outputs(self, frame: DataFrame) -> NDArray[float64]:
        """Return outputs (n, width)."""
        import numpy as np

        said = np.zeros((len(frame), self.goal.width))
        for number, encoder in enumerate(self.encoders):
            if any(number < len(members) for members in self.members.values()):
                x = encoder.transform(frame)
                for name, members in self.members.items():
                    if number < len(members):
                        said += np.array(self.weights[name]) / len(members) * members[number].predict(x)
        return said

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the number or the second class's probability of each row (n,), or all of them (n, columns)."""
        return self.goal.predictions(self.outputs(frame))

    def save(self, folder: Path) -> None:
        """Write encoders, members and weights, in formats that run no code when they are read."""
        record = {
            "goal": asdict(self.goal), "weights": self.weights, "encoders": len(self.encoders),
            "members": {name: len(members) for name, members in self.members.items()},
        }  # fmt: skip
        (folder / RECORD).write_text(json.dumps(record) + "\n", encoding="utf-8")
        for name, part in self._parts():
            (folder / name).mkdir()
            part.save(folder / name)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        self.goal, self.weights = Goal.from_json(record["goal"]), record["weights"]
        self.encoders = [self._encoder() for _ in range(record["encoders"])]
        makers = self.makers(0)
        self.members = {
            name: [makers[name](self.goal, self.config.seed, _never) for _ in range(count)]
            for name, count in record["members"].items()
        }
        for name, part in self._parts():
            part.read(folder / name)

    def _parts(self) -> Iterator[tuple[str, Encoder | Member]]:
        """Yield all that is kept in a folder of its own, by that folder's name."""
        for number, encoder in enumerate(self.encoders):
            yield f"encoder-{number}", encoder
        for name, members in self.members.items():
            for number, member in enumerate(members):
                yield f"{name}-{number}", member

    def _encoder(self) -> Encoder:
        return Encoder(self.layout, self.config.features, self.config.seed)

    def _encoded(self, train: DataFrame, targets: NDArray[Any]) -> list[_Bag]:
        """Return the rows of each bag, encoded by what its own training rows tell."""
        import numpy as np

        count, split, seed = self.bags(len(train)), self.config.split, self.config.seed
        codes = targets[:, 0] if self.goal.classifies and self.goal.width < len(train) // 10 else None
        left_out = np.full(len(train), -1)
        if count:
            left_out = bags.parts(train, codes, split, count if count > 1 else HELD, seed)
        made = []
        for number in range(max(count, 1)):
            held, rest = np.flatnonzero(left_out == number), np.flatnonzero(left_out != number)
            inner = bags.parts(
                train.iloc[rest], None if codes is None else codes[rest], split, min(INNER, len(rest)), seed + 1
            )
            encoder = self._encoder()
            x = encoder.fit_transform(train.iloc[rest], self.goal.signals(targets[rest]), inner)
            made.append(_Bag(x, targets[rest], encoder.transform(train.iloc[held]), targets[held]))
            self.encoders.append(encoder)
        return made

    def _fit_member(self, name: str, make: Make, bags: list[_Bag], clocked: _Clock, to_come: int) -> None:
        """Fit a member for as many bags as its share of the time left allows; the first one always, if it is the first."""
        started, share, fitted = time.monotonic(), clocked.left() / to_come, self.members.setdefault(name, [])

        def out_of_time() -> bool:
            return time.monotonic() - started > share

        for number, bag in enumerate(bags):
            spent = time.monotonic() - started
            if (number and spent / number * (number + 1) > share) or (
                not number and clocked.left() <= 0 < len(self.members) - 1
            ):
                self.notes.setdefault("left_out", []).append(f"{len(bags) - number} of {len(bags)} {name}")
                break
            member = make(self.goal, self.config.seed + number, out_of_time)
            finished = self.context.folder / f"{name}-{number}"
            if finished.is_dir():
                member.read(finished)
            else:
                member.fit(bag.x, bag.targets, bag.held, bag.held_targets)
                # With more time it would go on; the only one is kept by the fold, at once.
                if not out_of_time() and len(bags) + to_come > 2:
                    with atomic_folder(finished) as folder:
                        member.save(folder)
            fitted.append(member)
        if not fitted:
            del self.members[name]

    def _weigh(self, bags: list[_Bag]) -> None:
        """Choose weights on the rows that were held out of a model of every member."""
        import numpy as np

        # Weights need rows: what came to fewer than half of the bags would leave too few for all.
        most = max(map(len, self.members.values()))
        self.members = {name: members for name, members in self.members.items() if 2 * len(members) >= most}
        self.weights = {name: [1 / len(self.members)] * self.goal.width for name in self.members}
        count = min(map(len, self.members.values()))
        targets = np.concatenate([bag.held_targets for bag in bags[:count]])
        if not len(targets):
            return
        said = np.stack([
            np.concatenate([member.predict(bag.held) for member, bag in zip(members, bags[:count], strict=False)])
            for members in self.members.values()
        ])  # fmt: skip
        if len(targets) > WEIGHED:
            some = np.random.default_rng(self.config.seed).choice(len(targets), WEIGHED, replace=False)
            targets, said = targets[some], said[:, some]
        names, goal, classes = list(self.members), self.goal, self.goal.kind == "classes"
        weights = np.empty((len(names), goal.width))
        for column in [slice(None)] if classes else [slice(at, at + 1) for at in range(goal.width)]:
            wanted = targets if classes else targets[:, column]

            def good(outputs: NDArray[float64], wanted: NDArray[Any] = wanted) -> float:
                return -goal.loss(wanted, outputs)

            chosen = select(said[:, :, column], good)
            weights[:, column] = chosen[:, None]
        self.notes["members"] = {
            name: {"weight": round(float(mean), 3), "loss": round(goal.loss(targets, part), 5)}
            for name, mean, part in zip(names, weights.mean(axis=1), said, strict=True)
        }
        self.weights = {name: row.tolist() for name, row in zip(names, weights, strict=True) if row.any()}
        self.members = {name: self.members[name] for name in self.weights}

    def _announce(self, makers: Mapping[str, Make], bags: list[_Bag]) -> None:
        """Say how long it will take here, by the first trees."""
        seconds = sum(
            make(self.goal, self.config.seed, _never).seconds(bags[0].x, bags[0].targets) for make in makers.values()
        )
        at_most = min(seconds * len(bags), self.budget())
        columns = f"{len(self.layout.columns)} columns as {bags[0].x.x.shape[1]} features"
        self.context.progress.say(
            f"{self.context.title}: {len(bags[0].x):,} rows, {columns}; {', '.join(makers)}; about {clock(at_most)} at most"
        )


@dataclass(frozen=True)
class _Bag:
    """Encoded rows to fit and those held out, with what they should give."""

    x: Encoded
    targets: NDArray[Any]
    held: Encoded
    held_targets: NDArray[Any]


class _Clock:
    """The time that a fold has left."""

    def __init__(self, budget: float, context: Context) -> None:
        self.end, self.context = time.monotonic() + budget, context

    def left(self) -> float:
        """Return the seconds to its end, or to the deadline less what predicting takes."""
        return min(self.end - time.monotonic(), self.context.deadline.remaining() - RESERVE)


def _never() -> bool:
    return False
