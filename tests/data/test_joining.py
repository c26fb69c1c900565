"""Rows get more from elsewhere: from several rows of a further table, from files of their own, from a part of a file."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pandas as pd
import py7zr
import pytest

from common.competition import Column, Folder, Join, Table
from common.data import unpacked
from common.data.frames import read_rows
from common.data.types import check
from common.errors import DataError

ID = (Column(name="id", kind="id"),)


def write(folder: Path, **tables: str) -> None:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)


def joined(folder: Path, *joins: Join, **options: object) -> pd.DataFrame:
    return read_rows(folder, Table(file="t.csv", columns=ID, joined=joins, **options))  # type: ignore[arg-type]


def test_several_rows_are_summarised(tmp_path: Path) -> None:
    write(tmp_path, t="id\n1\n2\n3\n", log="id,kind,x,who\n1,a,1,p\n2,b,5,q\n1,b,4,p\n1,a,2,p\n")
    frame = joined(tmp_path, Join(table=Table(file="log.csv", columns=()), on=("id",), rows="all")).set_index("id")
    assert frame["x"].tolist()[:2] == [1, 5]  # of the first row
    assert frame["rows"].tolist()[:2] == [3, 1]
    assert frame.loc["1", ["x_mean", "x_min", "x_max", "x_last", "x_step"]].tolist() == pytest.approx(
        [7 / 3, 1, 4, 2, 2.5]
    )
    assert frame["kind_all"].tolist() == ["a b", "b", ""]
    assert frame["kind_different"].tolist()[:2] == [2, 1]
    assert frame.loc["3"].drop(["kind", "kind_all", "who", "who_all"]).isna().all()


def test_a_column_that_is_the_same_in_all_rows_of_an_item_has_no_summary(tmp_path: Path) -> None:
    write(tmp_path, t="id\n1\n2\n", log="id,age\n1,30\n1,30\n2,40\n")
    frame = joined(tmp_path, Join(table=Table(file="log.csv", columns=()), on=("id",), rows="all"))
    assert list(frame) == ["id", "age", "rows"]


def test_rows_of_two_tables_belong_together_by_their_places(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("7,x\n8,y\n")
    (tmp_path / "labels.csv").write_text("1\n0\n")
    labels = Table(file="labels.csv", columns=(Column(name="y", kind="number"),), header=False, names=("y",))
    rows = Table(file="t.csv", columns=(), header=False, joined=(Join(table=labels, on=()),))
    assert read_rows(tmp_path, rows).to_dict("list") == {"col_0": [7, 8], "col_1": ["x", "y"], "y": [1, 0]}
    (tmp_path / "labels.csv").write_text("1\nno\n")
    with pytest.raises(DataError, match="'y' is not a number in line 2: 'no'"):
        read_rows(tmp_path, rows)
    (tmp_path / "labels.csv").write_text("1\n0\n1\n")
    with pytest.raises(DataError, match=r"labels\.csv has 3 rows for the 2 that they belong to by their places"):
        read_rows(tmp_path, rows)


def test_the_text_of_a_file_belongs_to_a_row(tmp_path: Path) -> None:
    write(tmp_path, t="id,essay\n1,a\n2,b\n3,a\n")
    (tmp_path / "essays").mkdir()
    for name in "ab":
        (tmp_path / "essays" / f"{name}.txt").write_text(f"the text of {name}")
    text = (Column(name="essay", kind="id"), Column(name="text", kind="text"))
    texts = Folder(folders=("essays",), suffixes=(".txt",), columns=text)
    assert [each[-1] for each in joined(tmp_path, Join(table=texts, on=("essay",)))["text"]] == ["a", "b", "a"]


def test_files_of_tables_are_summarised(tmp_path: Path, home: Path) -> None:
    (tmp_path / "train").mkdir()
    write(tmp_path, t="id\n7\n8\n")
    write(tmp_path / "train", **{"7": "a,b\n1,0\n3,\n2,4\n", "8": "a,b\n5,\n5,\n"})
    folder = Folder(folders=("train",), suffixes=(".csv",), columns=ID)
    frame = joined(tmp_path, Join(table=folder, on=("id",)))
    assert frame["rows"].tolist() == [3, 2]
    assert frame["a_mean"].tolist() == [2, 5]
    assert frame["a_step"].tolist() == [1.5, 0]
    assert frame["b_missing"].tolist() == pytest.approx([1 / 3, 1])
    (tmp_path / "train" / "8.csv").write_text("a,b\n6,1\n")
    assert joined(tmp_path, Join(table=folder, on=("id",)))["a_mean"].tolist() == [2, 6]  # not what was kept


def test_a_table_may_call_its_keys_otherwise_and_be_joined_twice(tmp_path: Path) -> None:
    write(tmp_path, t="id,of_0,of_1\n1,a,b\n", atoms="of,x\na,10\nb,20\n")
    table = Table(file="atoms.csv", columns=())
    frame = joined(tmp_path, *(Join(table=table, on=(name,), keys=("of",)) for name in ("of_0", "of_1")))
    assert frame[["x", "x_atoms"]].to_numpy().tolist() == [[10, 20]]


def test_each_side_has_a_table_of_its_own_with_the_same_names(tmp_path: Path) -> None:
    write(tmp_path, t="id,x\n1,0\n", train_more="id,x\n1,5\n", more_test="id,x\n1,6\n")
    names = [
        list(joined(tmp_path, Join(table=Table(file=file, columns=()), on=("id",))))
        for file in ("train_more.csv", "more_test.csv")
    ]
    assert names[0] == names[1] == ["id", "x", "x_more"]


def test_a_file_holds_training_and_test_rows(tmp_path: Path) -> None:
    write(tmp_path, t="id,y\n1,0\n2,\n3,NA\n4,1\n")
    assert joined(tmp_path, filled="y")["id"].tolist() == ["1", "4"]
    assert joined(tmp_path, blank="y")["id"].tolist() == ["2", "3"]


def test_a_table_has_an_encoding(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("id,size\n1,3 × 4°\n".encode("cp1252"))
    assert joined(tmp_path, encoding="cp1252")["size"].tolist() == ["3 × 4°"]


def test_a_tar_in_a_7z_is_unpacked_whole(tmp_path: Path, home: Path) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tar:
        member = tarfile.TarInfo("pictures/1.jpg")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"abc"))
    with py7zr.SevenZipFile(tmp_path / "pictures.tar.7z", "w") as archive:
        archive.writestr(inner.getvalue(), "pictures.tar")
    folder = unpacked.unpacked(tmp_path / "pictures.tar.7z")
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.name != ".used"] == [
        "pictures/1.jpg"
    ]
    assert unpacked.stem("pictures.tar.7z") == "pictures"


@pytest.mark.parametrize(("kind", "usual", "odd"), [("number", "1.5", "see note"), ("date", "2020-01-01", "unknown")])
def test_few_cells_that_are_something_else_count_as_empty(kind: str, usual: str, odd: str) -> None:
    told: list[str] = []

    def checked(count: int, *, may_be_empty: bool) -> tuple[list[str], pd.DataFrame]:
        frame = pd.DataFrame({"x": [usual] * 300 + [odd] * count})
        column = Column(name="x", kind=kind, may_be_empty=may_be_empty)  # type: ignore[arg-type]
        return list(check(frame, column, lambda rows: f"{int(rows.sum())} rows", told.append)), frame

    problems, frame = checked(2, may_be_empty=True)
    assert not problems
    assert frame["x"].isna().sum() == 2
    assert len(told) == 1
    assert odd in told[0]
    assert checked(50, may_be_empty=True)[0]
    assert checked(2, may_be_empty=False)[0]
    assert len(told) == 1


def test_equal_numbers_are_the_same_key(tmp_path: Path) -> None:
    write(tmp_path, t="id,shop\n1,2.0\n2,\n3,1.0\n", shops="shop,city\n1,Loja\n2,Quito\n")
    rows = joined(tmp_path, Join(table=Table(file="shops.csv", columns=()), on=("shop",)))
    assert rows["city"].tolist() == ["Quito", "", "Loja"]
