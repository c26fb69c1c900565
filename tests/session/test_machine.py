"""What a kernel finds out before its work, and what it leaves after it."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from common.data.archives import extract
from common.environment import Environment, detect
from common.errors import DeviceError
from common.kaggle import outputs
from common.runs.records import Code, Fold, RunRecord, Status
from common.session import machine, manifest, show, wheelhouse


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    return detect({"KIT_ENVIRONMENT": f"place=kaggle-batch root={tmp_path} internet=off gpus=0"})


def test_a_machine_that_has_enough_is_described(here: Environment) -> None:
    lines = machine.require(here, disk=1.0)
    assert "kaggle-batch" in lines[0]
    assert lines[1] == "internet off"
    assert "of free disk" in lines[2]


def test_everything_that_is_missing_is_said_at_once(here: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROBE", "import sys; sys.exit('PyTorch sees 0 GPUs')")
    with pytest.raises(DeviceError, match=r"2 working GPUs \(PyTorch sees 0 GPUs\).*internet.*1000000000 GB") as caught:
        machine.require(here, gpus=2, internet=True, disk=1e18)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ("print('Tesla T4 sm_75\\nTesla T4 sm_75')", None),
        ("raise RuntimeError('no kernel image is available for execution on the device')", "no kernel image"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
    ],
)
def test_gpus_prove_themselves(
    here: Environment, monkeypatch: pytest.MonkeyPatch, probe: str, words: str | None
) -> None:
    monkeypatch.setattr(machine, "PROBE", probe)
    monkeypatch.setattr(machine, "PROBE_SECONDS", 1.0 if words and "answer" in words else 30.0)
    if words is None:
        assert machine.require(here, gpus=2)[1:3] == ["Tesla T4 sm_75"] * 2
        return
    with pytest.raises(DeviceError, match=words):
        machine.require(here, gpus=2)


def test_the_manifest_is_what_the_fetching_side_checks(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "fold-0").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "fold-0" / "model.bin").write_bytes(bytes(range(256)))
    output = tmp_path / "output"
    output.mkdir()
    manifest.pack(run, output / "run.zip")
    written = manifest.write(output, ["run.zip"], {"bundle": "ab"})
    assert outputs.check(output) == written
    assert written["bundle"] == "ab"
    assert sorted(map(str, extract(output / "run.zip", tmp_path / "back"))) == ["fold-0/model.bin", "run.json"]
    assert (tmp_path / "back" / "fold-0" / "model.bin").read_bytes() == bytes(range(256))


def wheel(folder: Path, name: str, value: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"VALUE = {value}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as packed:
        for path, text in {**files, f"{about}/RECORD": record}.items():
            packed.writestr(path, text)


def test_attached_wheels_become_importable_but_replace_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    inputs = tmp_path / "input"
    wheel(inputs / "datasets" / "me" / "wheels", "kit_test_wheel", 42)
    wheel(inputs / "datasets" / "me" / "wheels", "numpy", 0)
    assert wheelhouse.use((inputs,), tmp_path / "wheels") == ["kit_test_wheel-1.0-py3-none-any.whl"]
    import kit_test_wheel  # type: ignore[import-not-found]
    import numpy

    assert kit_test_wheel.VALUE == 42
    assert hasattr(numpy, "array")
    assert wheelhouse.use((tmp_path / "nothing",), tmp_path / "wheels") == []
    (inputs / "broken-1.0-py3-none-any.whl").write_text("no archive")
    with pytest.raises(DeviceError, match="kit dataset wheels"):
        wheelhouse.use((inputs,), tmp_path / "wheels")


@pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning")  # Matplotlib 3.10 beside a newer pyparsing
def test_tables_and_figures_outside_a_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    show.table(pd.DataFrame({"name": ["a" * 60], "score": [0.123456], "half": [0.5]}), "A title")
    axes = show.axes("Loss", "step", "loss")
    axes.plot([0, 1], [1.0, 0.5])
    show.figure(axes, tmp_path / "figures" / "loss.png")
    said = capsys.readouterr().out
    assert "A title" in said
    assert ["a" * 47 + "…", "0.1235", "0.5"] in [line.split() for line in said.splitlines()]
    assert (tmp_path / "figures" / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_scores_are_shown_by_fold_and_over_all(capsys: pytest.CaptureFixture[str]) -> None:
    folds = {0: Fold(rows=3, scores={"rmse": 0.25}), 1: Fold(rows=2, scores={"rmse": 0.5})}
    code = Code(hash="", files={})
    record = RunRecord(
        competition="x", profile="best", metric="rmse", settings={}, data={}, code=code, folds=folds,
        scores={"rmse": 0.375}, rows_scored=5, status=Status.FINISHED,
    )  # fmt: skip
    show.scores(record)
    lines = capsys.readouterr().out.splitlines()
    assert "CV (5 rows scored, finished)" in lines
    assert [line.split() for line in lines[-3:]] == [["0", "0.250"], ["1", "0.500"], ["all", "0.375"]]


def test_a_table_in_a_notebook_is_what_the_cells_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reviews hold HTML, which must neither be obeyed nor break the page."""
    import IPython.display
    import pandas as pd

    monkeypatch.setattr(show, "in_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda html: print(html.data))
    texts = ["so<br />\n<script>", "x" * 500]
    show.table(pd.DataFrame({"review": texts, "rows": [7, 1234], "score": [0.25, float("nan")]}), "The surest")
    page = capsys.readouterr().out
    assert "so&lt;br /&gt; &lt;script&gt;" in page and "<script>" not in page
    assert "x" * 159 + "…" in page and "x" * 160 not in page
    assert ">0.25<" in page and ">1234<" in page
    assert page.count("text-align: left") == 2  # the title, and the words


def test_gpus_are_not_asked_of_a_machine_that_needs_none(here: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROBE", "raise SystemExit('asked')")
    assert machine.require(replace(here, internet=True), internet=True)[1] == "internet on"
