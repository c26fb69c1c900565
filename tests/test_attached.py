"""What lies below an input mount, and who looks for it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.environment import DEPTH, Environment, detect
from common.errors import BackboneError, DataError
from common.huggingface import backbone
from common.session.kernel import Kernel
from common.text.ulmfit import encoder, wikipedia
from common.vision import backbones


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    return replace(detect({}), inputs=(tmp_path / "first", tmp_path / "input"), working=tmp_path, internet=False)


def test_the_nearest_come_first_and_then_the_order_is_that_of_paths(here: Environment) -> None:
    for folder in ("b", "a/c", "a/b", "b/a/a", "."):
        touch(here.inputs[1] / folder, "two.pth", "one.pth", "one.pkl")
    touch(here.inputs[0] / "deep" / "est", "one.pth")
    below = ["/".join(parts) for path, parts in here.attached("*.pth", "no.pkl")]
    folders = ("", "b/", "a/b/", "a/c/", "b/a/a/")
    assert below == ["deep/est/one.pth", *(f"{folder}{name}.pth" for folder in folders for name in ("one", "two"))]


def test_only_files_count_and_links_are_followed(here: Environment, tmp_path: Path) -> None:
    kept = touch(tmp_path / "elsewhere", "run.json")
    root = here.inputs[1]
    (root / "folder" / "run.json").mkdir(parents=True)
    (root / "mount").symlink_to(kept)
    (root / "broken").mkdir()
    (root / "broken" / "run.json").symlink_to(tmp_path / "nothing")
    assert here.attached("run.json") == [(root / "mount" / "run.json", ("mount", "run.json"))]
    assert not replace(here, inputs=(tmp_path / "nothing",)).attached("run.json")


def with_cache(here: Environment) -> Any:
    return SimpleNamespace(environment=here, cache=here.working / "cache")


@pytest.mark.parametrize(
    ("find", "name", "files"),
    [
        (lambda here: backbone.find("microsoft/deberta", here), "DeBERTa", ("config.json", "pytorch_model.bin")),
        (lambda here: backbones.attached("resnet34", here), "ResNet34", ("model.safetensors",)),
        (lambda here: wikipedia.local_folder(False, with_cache(here)), "WT103", ("lstm_fwd.pth", "itos.pkl")),
        (lambda here: encoder.find("attached", here), "mount", ("encoder.json",)),
        (lambda here: Kernel.attached_run(with_cache(here)), "mount", ("run.json",)),
    ],
)
def test_all_that_is_attached_is_looked_for_equally_deep(
    here: Environment, find: Callable[[Environment], Any], name: str, files: tuple[str, ...]
) -> None:
    def found() -> bool:
        try:
            return find(here) is not None
        except (BackboneError, DataError):
            return False

    deepest = here.inputs[1].joinpath(*"abcdefgh"[: DEPTH - 1])
    touch(deepest / "deeper" / name, *files)
    assert not found()
    touch(deepest / name, *files)
    assert found()


def test_the_kits_own_copies_are_no_encoders_and_one_of_several_is_named(here: Environment) -> None:
    for copy in ("work", "one/run"):
        touch(here.inputs[0] / copy, encoder.RECORD)
    with pytest.raises(BackboneError, match="there is no encoder"):
        encoder.find("attached", here)
    touch(here.inputs[0] / "one" / "deep", encoder.RECORD)
    two = touch(here.inputs[1] / "Two", encoder.RECORD)
    with pytest.raises(BackboneError, match=r"several encoders: .*/one/deep, .*/Two; name one"):
        encoder.find("attached", here)
    assert encoder.find("two", here) == two


def test_a_kernel_takes_one_trained_run_and_not_its_own_copies(here: Environment) -> None:
    kernel: Any = SimpleNamespace(environment=here)
    touch(here.inputs[0] / "infer" / "work" / "run", "run.json")
    with pytest.raises(DataError, match="found: none under"):
        Kernel.attached_run(kernel)
    touch(here.inputs[0] / "train", "run.json")
    assert (Kernel.attached_run(kernel) / "run.json").is_file()
    touch(here.inputs[1] / "other", "run.zip")
    with pytest.raises(DataError, match=r"found: .*/train/run\.json, .*/other/run\.zip; attach"):
        Kernel.attached_run(kernel)
