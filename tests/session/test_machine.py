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
from common.session import machine, manifest, wheelhouse


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    return detect({"KIT_ENVIRONMENT": f"place=kaggle-batch root={tmp_path} internet=off gpus=0"})


def test_a_machine_that_has_enough_is_described(here: Environment) -> None:
    lines = machine.require(here, disk=1.0)
    assert "kaggle-batch" in lines[0]
    assert lines[1] == "internet off"
    assert "of free disk" in lines[2]


@pytest.mark.slow
def test_everything_that_is_missing_is_said_at_once(here: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROBE", "import sys; sys.exit('PyTorch sees 0 GPUs')")
    with pytest.raises(DeviceError, match=r"2 working GPUs \(PyTorch sees 0 GPUs\).*internet.*1000000000 GB") as caught:
        machine.require(here, gpus=2, internet=True, disk=1e18)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_gpus_are_not_asked_of_a_machine_that_needs_none(here: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROBE", "raise SystemExit('asked')")
    assert machine.require(replace(here, internet=True), internet=True)[1] == "internet on"
