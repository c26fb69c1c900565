"""The command line: reports for people and machines, one line and exit code 1 for every mistake."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from forks import Command, Forks
from kit import COMMAND, Said, kit

from common import __version__, registry
from common.cli import parser
from common.errors import DeviceError
from common.runs.ledger import Ledger
from common.runs.run import Run

Kit = Callable[..., Said]
QUICK = ("--profile", "baseline", "--set", "trees.max_iter=5", "--set", "trees.components=4")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Path) -> Kit:
    return lambda *words: kit(capsys, *words)


def commands() -> dict[str, object]:
    action = next(each for each in parser()._actions if hasattr(each, "choices") and isinstance(each.choices, dict))
    return dict(action.choices)


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example(run: Kit, name: str) -> None:
    said = run(name, "--help")
    assert said.code == 0
    assert f"kit {name}" in said.out
    assert "example:" in said.out or "{" in said.out  # a command of commands shows those


def test_list_and_show(run: Kit) -> None:
    assert "patent" in run("list").out
    assert [each["name"] for each in run("list", "--json").json] == registry.names()
    shown = run("show", "patent")
    assert "pearson (higher is better)" in shown.out and "profile course" in shown.out
    assert run("show", "patent", "--json").json["profiles"]["course"]["batch_size"] == 128


def test_doctor_tells_where_and_never_a_secret(run: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
    monkeypatch.setenv("KAGGLE_KEY", "0123456789abcdef0123456789abcdef")
    said = run("doctor")
    assert said.code == 0 and "local" in said.out and "somebody" in said.out
    document = run("doctor", "--json")
    assert document.json["internet"] is False and document.json["machine"]["cpus"] >= 1
    assert "0123456789abcdef" not in said.out + document.out


def test_sample_is_the_same_for_the_same_seed(run: Kit, tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        assert run("sample", "patent", "--rows", 80, "--seed", int(folder == "c"), "--out", tmp_path / folder).code == 0
    a, b, c = ((tmp_path / folder / "train.csv").read_bytes() for folder in "abc")
    assert a == b != c


@pytest.mark.slow
def test_train_validate_grade_predict(run: Kit, sample_data: Path, tmp_path: Path) -> None:
    said = run("train", "patent", "--data", sample_data, *QUICK, "--out", tmp_path / "run", "--json")
    assert said.code == 0 and said.json["status"] == "finished"
    file = tmp_path / "run" / "submission.csv"
    assert run("validate", "patent", file, "--data", sample_data).code == 0
    graded = run("grade", "patent", file, sample_data / "answers.csv", "--json").json
    assert -1 <= graded["scores"]["pearson"] <= 1
    again = run("predict", "patent", "--run", tmp_path / "run", "--data", sample_data, "--out", tmp_path / "again.csv")
    assert again.code == 0
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()
    root = os.environ["KIT_ENVIRONMENT"].split("root=")[1].split()[0]
    (row,) = Ledger(Path(root) / "submissions" / "patent" / "ledger.csv").rows()
    assert (row["profile"], row["metric"]) == ("baseline", "pearson")


@pytest.mark.slow
def test_a_finished_run_is_not_trained_again(run: Kit, sample_data: Path) -> None:
    first = run("train", "patent", "--data", sample_data, *QUICK, "--folds", "0", "--json").json
    second = run("train", "patent", "--data", sample_data, *QUICK, "--json")
    assert "kept from before: 0" in second.err
    assert second.json["run"] == first["run"]
    assert second.json["folds"]["0"] == first["folds"]["0"] and len(second.json["folds"]) == 4
    third = run("train", "patent", "--data", sample_data, *QUICK, "--json")
    assert "· train" not in third.err and third.json["scores"] == second.json["scores"]


# D10, D7: a cut file, other JSON, a model with classes that are not known
DAMAGED = {
    "fold-0/model/model.skops": (b"PK", "cannot be used (BadZipFile: ", "predict", "explain"),
    "fold-0/valid.npy": (b"", "fold-0 is damaged (No data left in file); remove it", "train"),
    "fold-0/test.npy": (b"\x93NUMPY", "fold-0 is damaged (", "train"),
    "fold-0/fold.json": (b"null", "fold-0 is damaged (", "train"),
    "oof.csv": (b"", "oof.csv is damaged", "explain", "blend"),
    "submission.csv": (b"", "submission.csv", "blend"),
    "run.json": (b"[1]", "run.json is missing or broken", "predict", "explain", "train", "blend"),
}


@pytest.mark.slow
def test_a_damaged_run_gets_one_line(run: Kit, sample_data: Path, tmp_path: Path) -> None:
    from skops import io

    folder, data = tmp_path / "run", ("--data", sample_data)
    train = ("train", "patent", *data, *QUICK, "--folds", "0", "--out", folder)
    assert run(*train).code == 0
    shutil.copytree(folder, whole := tmp_path / "whole")
    commands = {
        "predict": ("predict", "patent", "--run", folder, *data, "--out", tmp_path / "p.csv"),
        "explain": ("explain", "patent", "--run", folder, *data),
        "blend": ("blend", "patent", folder, whole, "--out", tmp_path / "blend"),
        "train": train,
    }
    unknown = io.dumps(argparse.Namespace())
    for name, (content, says, *words) in [
        *DAMAGED.items(),
        ("fold-0/model/model.skops", (unknown, "argparse.Namespace", "predict")),
    ]:
        (folder / name).write_bytes(content)
        for word in words:
            said = run(*commands[word])
            assert said.code == 1 and says in said.complaint, (name, said.err)
        shutil.copyfile(whole / name, folder / name)
    assert not (tmp_path / "p.csv").exists() and not (tmp_path / "blend").exists()


def test_validate_reports_every_problem(run: Kit, sample_data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("id,score\nnobody,2\n", encoding="utf-8")
    said = run("validate", "patent", bad, "--data", sample_data)
    assert said.code == 1 and all(word in said.out for word in ("nobody", "range", "missing"))
    document = run("validate", "patent", bad, "--data", sample_data, "--json")
    assert document.code == 1 and document.json["valid"] is False and len(document.json["problems"]) >= 3


MISTAKES: dict[str, tuple[tuple[object, ...], str]] = {
    "competition": (("show", "patents"), "Did you mean 'patent'"),
    "profile": (("train", "patent", "--profile", "bset"), "Did you mean 'best'"),
    "setting": (("train", "patent", "--set", "epoch=1"), "Did you mean 'epochs'"),
    "value": (("train", "patent", "--set", "epochs=x"), "must be an integer"),
    "fold": (("train", "patent", "--data", "DATA", *QUICK, "--folds", "9"), "fold 9 does not exist; folds: 0, 1, 2, 3"),
    "no data": (("train", "patent"), "kit download patent"),
    "no such folder": (("train", "patent", "--data", "nowhere"), "is not a folder"),
    "no run": (("predict", "patent", "--run", "nowhere", "--data", "DATA", "--out", "x.csv"), "no run in nowhere"),
    # C2: one sent to the other
    "no download": (("download", "pet_breeds"), "competitions/pet_breeds/README.md says where"),
    "no local data": (("train", "pet_breeds"), "To get them, see competitions/pet_breeds/README.md"),
    "no file": (("validate", "patent", "nowhere.csv", "--data", "DATA"), "nowhere.csv"),
    "no answers": (("grade", "patent", "DATA/sample_submission.csv", "nowhere.csv"), "nowhere.csv"),
    "nothing to resume": (("train", "patent", "--data", "DATA", *QUICK, "--out", "HOME/new", "--resume"), "nothing to resume"),
    "missing backbone": (
        ("train", "patent", "--data", "DATA", "--set", "backbone=./nowhere"), "backbone './nowhere' must be a folder"
    ),
    "hub without a network": (
        ("train", "patent", "--data", "DATA", "--set", "backbone=some/model"),
        "there is no internet. Attach it as a dataset or model, or give --set backbone=FOLDER; --profile baseline needs none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_one_line_and_exit_code_1(run: Kit, sample_data: Path, home: Path, case: str) -> None:
    words, says = MISTAKES[case]
    said = run(*(str(word).replace("DATA", str(sample_data)).replace("HOME", str(home)) for word in words))
    assert said.code == 1
    assert says in said.complaint


@pytest.mark.parametrize("words", [["trian"], [], ["train"], ["train", "patent", "--folds", "x"], ["list", "--jso"]])
def test_wrong_usage_is_told_with_exit_code_2(run: Kit, words: list[str]) -> None:
    said = run(*words)
    assert said.code == 2 and "kit" in said.err and "Traceback" not in said.err
    assert words != ["trian"] or "Did you mean 'train'" in said.err
    assert words or all(f"\n{group}:\n" in said.err for group in ("Models", "Kaggle", "Look"))


@pytest.mark.slow
def test_other_settings_do_not_continue_a_run(run: Kit, sample_data: Path, tmp_path: Path) -> None:
    words = ("train", "patent", "--data", sample_data, *QUICK, "--folds", "0", "--out", tmp_path / "run")
    assert run(*words).code == 0
    before = (tmp_path / "run" / "run.json").read_bytes()
    said = run(*words, "--set", "trees.max_iter=6")
    assert said.code == 1 and "trees.max_iter: 5 there, 6 here" in said.complaint
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    assert run(*words, "--set", "trees.max_iter=6", "--fresh").code == 0


@pytest.mark.slow
def test_a_run_that_fails_says_so_in_its_record_and_goes_on(
    run: Kit, sample_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", "patent", "--data", sample_data, *QUICK, "--folds", "0", "--out", tmp_path / "run")

    def full(*_: object) -> None:
        raise DeviceError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Run, "keep_fold", full)
        assert run(*words).complaint == "kit: the disk is full"
    record = Run.open(tmp_path / "run").record
    assert (record.status, record.error) == ("failed", "the disk is full")
    assert run(*words).code == 0
    assert Run.open(tmp_path / "run").record.status == "finished"
    with monkeypatch.context() as broken:
        broken.setattr(Run, "keep_fold", full)
        assert run(*words[:-4], "--folds", "1", *words[-2:]).code == 1
    assert Run.open(tmp_path / "run").record.status == "finished"  # as the folds were that made its submission


def test_the_wrong_folder_is_not_overwritten(run: Kit, sample_data: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    said = run("train", "patent", "--data", sample_data, *QUICK, "--out", tmp_path, "--fresh")
    assert said.code == 1 and "holds files that are no run" in said.complaint
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(
    forks: Forks, home: Path, sample_data: Path, tmp_path: Path
) -> None:
    words = ("train", "patent", "--data", str(sample_data), *QUICK, "--out", str(tmp_path / "run"))
    second = f"{tmp_path}/run/fold-1*"
    (ended,) = forks.run(Command(words=words, signal=signal.SIGINT, change=1, files=second))
    assert ended.code == 1
    assert ended.err.splitlines()[-1] == f"kit: interrupted; finished folds are kept. To go on: kit {' '.join(words)}"
    assert Run.open(tmp_path / "run").finished() == [0]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to write to")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("kit: disk full") and done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error() -> None:
    shell = f"{sys.executable} -c 'from common.cli import main; raise SystemExit(main())' show patent | head -1"
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("U.S. Patent") and "Traceback" not in done.stderr


def test_the_version_is_told(run: Kit) -> None:
    assert run("--version").out == f"kit {__version__}\n"


def test_help_shows_every_command_in_its_group(run: Kit) -> None:
    groups = {block.split(":")[0]: block for block in run("--help").out.split("\n\n") if ":\n" in block}
    assert list(groups) == ["Models", "Kaggle", "Look"]
    assert "  train " in groups["Models"] and "  submit " in groups["Kaggle"] and "  doctor " in groups["Look"]


@pytest.mark.slow
def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "common.cli", "list"], capture_output=True, text=True, check=True)
    assert "patent" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_what_an_encoding_lacks_is_replaced(encoding: str) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([*COMMAND, "train", "--help"], env=environ, capture_output=True, check=True)
    assert b"split.seed=" in done.stdout and not done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_is_no_error(closed: str) -> None:
    done = subprocess.run(["sh", "-c", f"{shlex.join(COMMAND)} list {closed}"], capture_output=True, text=True)
    assert done.returncode == 0 and "Traceback" not in done.stderr
