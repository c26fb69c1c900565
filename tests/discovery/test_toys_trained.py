"""Shapes that an application takes end in a valid submission: some of each kind, or with KIT_ALL_SHAPES=1 all of them.

`-s` prints how many, by what they need.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from toy_files import Toy, filled, write
from toys import TOYS

import competitions
from common import registry
from common.config import resolve
from common.discovery import writing
from common.discovery.discover import discover
from common.discovery.findings import Hints
from common.environment import detect
from common.pipeline.request import Request
from common.pipeline.steps import run
from common.progress import Progress
from common.samples.values import picture
from common.vision import VisionModels
from common.wording import table

PICTURES = (".jpg", ".png", ".tif")
LIGHT = ("size=32", "cell=4", "components=8", "landmarks=20")


def trained(toy: Toy, name: str, project: Path) -> None:
    """Train the first fold of a shape, from its files on; a submission that is not valid is an error."""
    rng = Random(0)
    folder = write(
        project / "data" / name,
        toy.files,
        lambda number, ending: picture(rng, number % 3, ending) if ending in PICTURES else filled(number, ending),
    )
    found = discover(folder, name, toy.slug, Hints(metric=toy.metric, **toy.hints))
    writing.write(found, project / "competitions", project / "kernels")
    importlib.invalidate_caches()
    competition = registry.get(name)
    profile = "sample" if found.application == "tabular" else "baseline"
    config = resolve(competition, profile, LIGHT if found.application == "vision" else (), folds=(0,))
    request = Request(
        competition=competition, profile=profile, config=config, data=folder,
        environment=detect(), progress=Progress(silent=True), out=project / "runs" / name, mode="fresh",
    )  # fmt: skip
    done = run(request)
    assert done.record.submission is not None, toy.slug


def enough(toys: list[Toy]) -> list[Toy]:
    """Return toys in which every application meets each kind of answer and each need: all of them take minutes."""
    taken, met = list[Toy](), set[tuple[str, ...]]()
    for toy in sorted(toys, key=lambda toy: -len(toy.needs)):
        facts = {(toy.application, toy.predicts, toy.cell), *((toy.application, need) for need in toy.needs)}
        if facts - met:
            taken.append(toy)
            met |= facts
    return taken


@pytest.mark.slow
@pytest.mark.timeout(900)  # dozens of trainings
@pytest.mark.filterwarnings("ignore:The number of unique classes is greater")  # a toy has few rows
def test_shapes_that_an_application_takes_are_trained(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "competitions").mkdir()
    monkeypatch.setattr(competitions, "__path__", [str(home / "competitions")])
    monkeypatch.delattr(VisionModels, "illustrate")  # figures take longer than all else, and are tested elsewhere
    able = [toy for toy in TOYS if toy.trained]
    taken = able if os.environ.get("KIT_ALL_SHAPES") else enough(able)
    failed = {}
    for number, toy in enumerate(taken):
        try:
            trained(toy, f"shape{number}", home)
        except Exception as error:  # all of them are wanted at once
            failed[toy.slug] = repr(error)
    for name in [name for name in sys.modules if name.startswith("competitions.shape")]:
        del sys.modules[name]
    needs, described = (Counter(need for toy in toys for need in toy.needs or ("none",)) for toys in (taken, TOYS))
    rows = [("need", "trained", "described"), *((need, needs[need], count) for need, count in described.most_common())]
    print(f"\n{len(taken) - len(failed)} of {len(TOYS)} shapes are trained\n{table(rows)}")
    assert not failed
