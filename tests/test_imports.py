"""Starting the command costs nothing: no heavy library is imported before a command needs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import common

HEAVY = (
    "torch", "torchvision", "fastai", "transformers", "datasets", "accelerate", "pandas", "numpy", "sklearn", "scipy",
    "jinja2", "vl_convert", "kaggle", "kagglesdk", "matplotlib", "lightgbm", "catboost", "starlette", "uvicorn", "requests",
)  # fmt: skip
ROOT = Path(common.__file__).parent
# By model code only, and by the one command that starts a server; so is what stands on the official client.
LOADED_LATE = {
    "common.fastai", "common.fastai.learner", "common.fastai.checkpoints", "common.fastai.phases",
    "common.huggingface.training", "common.vision.pictures.loader", "common.text.transformer_network",
    *(f"common.text.ulmfit.{name}" for name in ("classifier", "generate", "language_model", "loaders", "network")),
    "common.vision.segmentation.network", "common.vision.segmentation.training", "common.vision.segmentation.course",
    "common.collab.course", "common.fastai.lean", "common.fastai.batches", "common.vision.course", "common.tabular.course",
    "common.vision.learner", "common.vision.tuned",
    *(f"common.vision.ladder.{name}" for name in ("by_hand", "learned", "networks", "scratch")), "common.rehearsal.chain",
    "common.rehearsal.rehearse",
}  # fmt: skip


def modules() -> list[str]:
    paths = [path for path in sorted(ROOT.rglob("*.py")) if not {"stand_in", "official"} & set(path.parts)]
    names = [".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return [name for name in names if name not in LOADED_LATE]


def imported(code: str) -> set[str]:
    report = f"{code}\nimport json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_no_child_process_imports_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B3: `random.py` or `common/` in the folder where the command is called."""
    from common.progress import Progress
    from common.session import wheelhouse
    from common.text.tokens import workers

    started = [
        line for path in ROOT.rglob("*.py") for line in path.read_text().splitlines() if "[sys.executable," in line
    ]
    assert len(started) == 3 and all('[sys.executable, "-P", ' in line for line in started)
    for name in ("common", "random", "json", "spacy", "pip"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('from the current folder')")
    monkeypatch.chdir(tmp_path)
    assert workers.tokenise(["one"], Progress(), workers=1)[2] == ["xxbos", "one"]
    assert not wheelhouse.pip("help")


@pytest.mark.parametrize("words", [["--help"], ["list"], ["train", "--help"], ["validate", "--help"]])
def test_the_command_starts_without_heavy_libraries(words: list[str]) -> None:
    code = f"from common.cli import main\ntry:\n    main({words!r})\nexcept SystemExit:\n    pass"
    assert not imported(code) & set(HEAVY)


def test_importing_every_module_costs_nothing() -> None:
    found = imported("import importlib\nfor name in " + repr(modules()) + ": importlib.import_module(name)")
    assert not found & set(HEAVY)
    assert "common.pipeline.steps" in found


def test_descriptions_of_competitions_cost_nothing() -> None:
    found = imported("from common import registry\nfor name in registry.names(): registry.get(name)")
    assert not found & set(HEAVY)
    assert "competitions.patent.competition" in found


def test_training_knows_nothing_of_what_one_looks_at_later() -> None:
    found = imported("import common.pipeline.steps, common.session.kernel, common.commands.train")
    assert "common.runs.ledger" in found and not {
        name for name in found if name.startswith(("common.analysis", "common.report"))
    }


@pytest.mark.slow
def test_a_model_of_tables_is_saved_without_pytorch(tmp_path: Path) -> None:
    found = imported(
        f"from pathlib import Path\nfrom common import estimators\nestimators.save([1], Path({str(tmp_path / 'm')!r}))"
    )
    assert "skops.io" in found and "torch" not in found
    assert "sklearn.externals.array_api_compat.torch" not in found, "it can still be imported"
