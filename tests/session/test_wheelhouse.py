"""Packages that an image lacks are fetched as wheels, and only those."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from common.errors import DeviceError
from common.session import wheelhouse


def wheel(folder: Path, name: str, *, tag: str = "py3-none-any") -> Path:
    """Make a wheel of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-{tag}.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "ANSWER = 42\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def test_nothing_is_fetched_for_packages_that_are_here(tmp_path: Path) -> None:
    wheelhouse.fetch(["numpy>=1", "pandas"], tmp_path / "wheels")
    assert not (tmp_path / "wheels").exists()


@pytest.mark.slow
def test_missing_packages_are_fetched_as_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(tmp_path / "shelf", "kit_test_wheel")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    wheelhouse.fetch(["numpy", "kit_test_wheel>=1"], tmp_path / "wheels")
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == ["kit_test_wheel-1.0-py3-none-any.whl"]
    with pytest.raises(DeviceError, match="kit_nowhere"):
        wheelhouse.fetch(["kit_nowhere"], tmp_path / "wheels")
