"""`kit metrics`: every metric in a line, one of them with its definition."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kit import Said, kit

from common.metrics import METRICS

Kit = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Kit:
    monkeypatch.setenv("COLUMNS", "150")
    return lambda *words: kit(capsys, *words)


def test_every_metric_has_a_line(run: Kit) -> None:
    lines = {line.split()[0]: line.split() for line in run("metrics").out.splitlines() if line[0] != " "}
    assert lines["NAME"] == ["NAME", "BETTER", "TAKES", "ALSO", "ON", "KAGGLE"]
    assert list(lines)[1:] == list(METRICS)
    assert lines["map"][1:4] == ["higher", "labels", "@k"]
    assert lines["weighted_mae"][1:] == ["lower", "number", "weight", "ventilator-pressure-prediction"]


def test_one_metric_with_its_definition(run: Kit) -> None:
    said = run("metrics", "MAP@3")
    assert said.out.startswith("map@3\nMean over the rows of")
    shown = " ".join(said.out.split())
    assert "map@k, 5 where the name has none" in shown and "hotel-id-2021-fgvc8" in shown
    assert "of several target columns the mean" not in shown
    assert "of several target columns the mean" in run("metrics", "mcrmse").out


def test_as_json(run: Kit) -> None:
    assert [each["name"] for each in run("metrics", "--json").json] == list(METRICS)
    one = run("metrics", "quadratic weighted kappa", "--json").json
    assert one["greater_is_better"] is True and one["takes"] == "label" and "Cohen 1968" in one["definition"]
    assert "aptos2019-blindness-detection" in one["used_by"]


def test_a_wrong_name_gets_one_line(run: Kit) -> None:
    said = run("metrics", "log_los")
    assert said.code == 1 and "Did you mean 'log_loss'" in said.complaint and "kit metrics shows all" in said.complaint


def test_facts_from_kaggle_are_of_metrics_that_exist() -> None:
    used = [slug for metric in METRICS.values() for slug in metric.used_by]
    assert len(used) == len(set(used)) > 70
