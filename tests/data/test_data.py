"""Files of a competition: found, read to the letter, checked."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from common import data, environment, registry
from common.errors import DataError

PATENT = registry.get("patent")
ROWS = ["id,anchor,target,context,score", "0012,a b,c d,A47,0.5", "1e5,NA,null,B60,1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small data folder that is in order."""
    write(tmp_path, "train.csv", ROWS)
    write(tmp_path, "test.csv", ["id,anchor,target,context", "t1,a,b,A47"])
    write(tmp_path, "sample_submission.csv", ["id,score", "t1,0"])
    return tmp_path


def write(folder: Path, name: str, lines: list[str]) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_text_and_ids_stay_as_they_are(folder: Path) -> None:
    train = data.read(PATENT, folder).train
    assert train is not None
    assert train["id"].tolist() == ["0012", "1e5"]
    assert train["anchor"].tolist() == ["a b", "NA"]
    assert train["score"].tolist() == [0.5, 1.0]


def test_packed_files_and_byte_order_marks_are_read(folder: Path) -> None:
    text = (folder / "train.csv").read_bytes()
    (folder / "train.csv").unlink()
    with zipfile.ZipFile(folder / "train.csv.zip", "w") as archive:
        archive.writestr("train.csv", b"\xef\xbb\xbf" + text)
    train = data.read(PATENT, folder).train
    assert train is not None and train.columns[0] == "id"
    assert set(data.hashes(PATENT, folder)) == {"train.csv.zip", "test.csv", "sample_submission.csv"}


def test_without_train_only_the_test_set_is_needed(folder: Path) -> None:
    (folder / "train.csv").unlink()
    frames = data.read(PATENT, folder, train=False)
    assert frames.train is None and len(frames.test) == 1


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing file": (lambda at: (at / "train.csv").unlink(), "train.csv is not in"),
    "empty file": (lambda at: (at / "train.csv").write_bytes(b""), "is empty"),
    "header only": (lambda at: write(at, "train.csv", ROWS[:1]), "no rows"),
    "missing column": (lambda at: write(at, "train.csv", ["id,anchor,target,score", "1,a,b,0"]), "no column 'context'"),
    "text score": (
        lambda at: write(at, "train.csv", [*ROWS, "3,a,b,A47,high"]),
        "'score' is not a number in line 4: 'high'",
    ),
    "infinite score": (lambda at: write(at, "train.csv", [*ROWS, "3,a,b,A47,inf"]), "not a number in line 4"),
    "empty score": (lambda at: write(at, "train.csv", [*ROWS, "3,a,b,A47,"]), "'score' is empty in line 4"),
    "score out of range": (
        lambda at: write(at, "train.csv", [*ROWS, "3,a,b,A47,1.5"]),
        "outside 0 to 1 in line 4: 1.5",
    ),
    "duplicate ids": (lambda at: write(at, "train.csv", [*ROWS, "0012,a,b,A47,0"]), "duplicate ids: '0012'"),
    "not UTF-8": (
        lambda at: (at / "train.csv").write_bytes("\n".join(ROWS).replace("c d", "é").encode("latin-1")),
        "UTF-8",
    ),
    "ragged": (
        lambda at: write(at, "train.csv", [*ROWS, "3,a,b,A47,0,9,9"]),
        "exactly 5 fields, as the header has: line 4 has 7",
    ),
    "broken zip": (
        lambda at: ((at / "train.csv").unlink(), (at / "train.csv.zip").write_bytes(b"PK\3\4no")),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_line(folder: Path, case: str) -> None:
    spoil, says = BROKEN[case]
    spoil(folder)
    with pytest.raises(DataError) as caught:
        data.read(PATENT, folder)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_problems_of_a_file_are_told_at_once(folder: Path) -> None:
    write(folder, "train.csv", [*ROWS, "0012,,b,A47,7"])
    with pytest.raises(DataError) as caught:
        data.read(PATENT, folder)
    assert all(word in str(caught.value) for word in ("duplicate ids", "'anchor' is empty", "outside 0 to 1"))


def test_found_in_both_mount_layouts(folder: Path, tmp_path: Path) -> None:
    for layout in ("kaggle/input", "kaggle/input/competitions"):
        root = tmp_path / layout.replace("/", "-")
        mount = root / layout / PATENT.slug
        mount.parent.mkdir(parents=True)
        mount.symlink_to(folder)
        here = environment.detect({environment.OVERRIDE: f"place=kaggle-batch root={root}"})
        assert data.find(PATENT, None, here).resolve() == folder.resolve()


def test_what_is_not_there_is_told_with_places_and_a_way(tmp_path: Path) -> None:
    here = environment.detect({environment.OVERRIDE: f"root={tmp_path}"})
    with pytest.raises(DataError) as caught:
        data.find(PATENT, None, here)
    for word in (str(tmp_path / "data" / PATENT.slug), PATENT.url, "kit download patent"):
        assert word in str(caught.value)
    with pytest.raises(DataError, match="is not a folder"):
        data.find(PATENT, tmp_path / "nowhere", here)
