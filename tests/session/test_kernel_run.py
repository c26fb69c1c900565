"""Built kernels in an empty folder, with nothing of the repository on their path: machine, training, rerun, failure (P3, P13)."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from forks import Command, Forks, script_code

from common import registry
from common.kaggle import outputs
from common.kaggle.build import Built, build
from competitions.patent import sample

COMPETITION = registry.get("patent")
FAST = ("epochs=1", "orders=1", "folds=0")


@dataclass(frozen=True)
class Session:
    """What a kernel did, and where its output is."""

    code: int
    said: str
    errors: str
    output: Path

    @property
    def complaint(self) -> str:
        return self.errors.strip().splitlines()[-1]


def run(
    forks: Forks, root: Path, built: Built, data: Path, place: str = "kaggle-batch", attached: Path | None = None
) -> Session:
    """Run a built script as Kaggle does; inputs are links to what is attached."""
    inputs = root / "kaggle" / "input"
    (inputs / "competitions").mkdir(parents=True)
    (inputs / "competitions" / COMPETITION.slug).symlink_to(data)
    if attached:
        (inputs / "patent-phrases-train").symlink_to(attached)
    empty = root / "empty"
    empty.mkdir()
    script = (built.folder / "kernel.py").rename(empty / "kernel.py")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(empty),
        "TMPDIR": str(empty),
        "CUDA_VISIBLE_DEVICES": "",
        "KIT_ENVIRONMENT": f"place={place} root={root} internet=off started={time.time()}",
    }
    (done,) = forks.run(Command(code=script_code(script), environ=environ, at=str(empty)))
    return Session(done.code, done.out, done.err, root / "kaggle" / "working")


def make(root: Path, name: str, **options: object) -> Built:
    return build(name, "someone", root / "built", script=True, **options)  # type: ignore[arg-type]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Sample data as it is seen, and of the hidden test set: other ids, three times the rows."""
    root = tmp_path_factory.mktemp("kernels")
    sample.make(root / "seen", 80, 0)
    sample.make(root / "hidden", 240, 1)
    yield root


@pytest.fixture(scope="module")
def trained(forks: Forks, places: Path) -> Session:
    built = make(places / "train", "patent_train", profile="sample", settings=FAST, cpu=True)
    done = run(forks, places / "train", built, places / "seen")
    assert done.code == 0, done.errors
    manifest = outputs.check(done.output)
    assert manifest is not None
    assert (manifest["bundle"], manifest["profile"], manifest["kernel"]) == (built.hash, "sample", "patent_train")
    return done


@pytest.mark.slow
def test_training_tells_its_story_and_leaves_few_files(trained: Session, places: Path) -> None:
    files = {path.relative_to(trained.output).parts[0] for path in trained.output.rglob("*") if path.is_file()}
    assert files == {"figures", "manifest.json", "oof.csv", "run.zip", "submission.csv"}
    assert [row["id"] for row in rows(trained.output / "submission.csv")] == [
        row["id"] for row in rows(places / "seen" / "test.csv")
    ]
    for words in ("pairs to learn from", "rows with a known anchor", "CV (", "ten largest errors", "submission's head"):
        assert words in trained.said
    assert "internet off" in trained.said  # the kernel asked for internet, but this profile does without


@pytest.mark.slow
def test_the_hidden_rerun_predicts_whatever_is_mounted(
    forks: Forks, trained: Session, places: Path, tmp_path: Path
) -> None:
    built = make(tmp_path, "patent_infer")
    done = run(forks, tmp_path, built, places / "hidden", "kaggle-rerun", attached=trained.output)
    # Profile `best` asks for two GPUs, which a machine without any must say at once.
    assert done.code == 1
    assert done.complaint.startswith("common.errors.DeviceError: this machine lacks 2 working GPUs")
    assert "NvidiaTeslaT4" in done.complaint

    again = tmp_path / "again"
    shutil.copytree(places / "hidden", hidden := again / "hidden")
    test = rows(hidden / "test.csv")
    cells = [[*row.values()] for row in (*test, test[0])]  # A2: an id twice, a sample of other rows, empty cells
    cells[1][2] = cells[2][3] = ""
    (hidden / "test.csv").write_text("".join(",".join(row) + "\n" for row in ([*test[0]], *cells)))
    (hidden / "sample_submission.csv").write_text(f"id,score\n{test[0]['id']},\n")
    done = run(forks, again, make(again, "patent_infer", profile="sample"), hidden, "kaggle-rerun", trained.output)
    assert done.code == 0, done.errors
    assert "warning: " in done.said and "duplicate ids" in done.said
    manifest = outputs.check(done.output)
    assert manifest is not None
    assert (manifest["fell_back"], manifest["rows"]) == (False, len(test))
    sent = rows(done.output / "submission.csv")
    assert [row["id"] for row in sent] == [row["id"] for row in test]
    assert len({row["score"] for row in sent}) > len(sent) / 4


@pytest.mark.slow
@pytest.mark.parametrize(("place", "code"), [("kaggle-rerun", 0), ("kaggle-batch", 1)])
def test_without_its_models_a_rerun_still_submits(
    forks: Forks, places: Path, tmp_path: Path, place: str, code: int
) -> None:
    done = run(forks, tmp_path, make(tmp_path, "patent_infer", profile="sample"), places / "hidden", place)
    assert done.code == code, done.errors
    assert "one trained run is needed, found: none under" in done.errors
    sent = rows(done.output / "submission.csv")
    assert [row["id"] for row in sent] == [row["id"] for row in rows(places / "hidden" / "test.csv")]
    assert len({row["score"] for row in sent}) > 3  # a constant has no correlation
    if code == 0:
        manifest = outputs.check(done.output)
        assert manifest is not None and manifest["fell_back"] is True
    else:
        assert not (done.output / "manifest.json").exists()
        assert json.dumps(done.complaint).startswith('"common.errors.DataError')


@pytest.mark.slow
def test_an_error_names_file_and_line_of_the_kit(forks: Forks, places: Path, tmp_path: Path) -> None:
    broken = tmp_path / "data"
    sample.make(broken, 80, 0)
    (broken / "test.csv").write_text("id,anchor\n1,a\n")
    done = run(forks, tmp_path, make(tmp_path, "patent_infer", profile="sample"), broken)
    assert done.code == 1
    assert "no column 'target', 'context'" in done.complaint
    assert 'common/data/frames.py", line ' in done.errors
    assert "raise DataError(" in done.errors  # the source line itself, which only a real file can give


@pytest.mark.slow
def test_a_kernel_that_hangs_is_ended_with_its_stack(tmp_path: Path) -> None:
    code = (
        "import time\nfrom dataclasses import replace\nfrom common import environment\nfrom common.session import kernel\n"
        "here = replace(environment.detect({}), started=time.time())\n"
        "kernel.SPARE_SECONDS = 3600 - 0.2\nkernel.watched(here, 1.0)\n"
        "def hangs():\n    time.sleep(600)\nhangs()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in hangs" in done.stderr


@pytest.mark.slow
def test_a_clock_that_began_before_the_session_ends_nothing() -> None:
    code = (
        "import time\nfrom dataclasses import replace\nfrom common import environment\nfrom common.session import kernel\n"
        "here = replace(environment.detect({}), started=time.time() - 86400)\n"
        "print(time.time() - kernel.watched(here, 9.0).started < 60)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"
