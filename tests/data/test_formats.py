"""Data as it comes: other formats, archives, natural types, and what a table's rows get from elsewhere."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import py7zr
import pytest

from common.competition import Column, Folder, Join, Table, columns
from common.data.frames import read_rows
from common.data.types import natural
from common.errors import ArchiveError, DataError

ROWS = [{"id": "a", "x": 1, "ok": True, "tags": ["u", "v w"]}, {"id": "b", "x": None, "ok": False, "tags": ["u", "v"]}]
CSV = "id,x\na,1\nb,2\n"


def read(folder: Path, file: str, **more: object) -> pd.DataFrame:
    more.setdefault("columns", (Column(name="id", kind="id"),))
    return read_rows(folder, Table(file=file, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [json.dumps(ROWS), "\n".join(map(json.dumps, ROWS)), json.dumps({k: [r[k] for r in ROWS] for k in ROWS[0]})],
)
def test_json_is_read_as_records_lines_or_columns(tmp_path: Path, content: str) -> None:
    (tmp_path / "t.json").write_text(content)
    frame = read(tmp_path, "t.json")
    assert frame["id"].tolist() == ["a", "b"] and frame["ok"].tolist() == [1.0, 0.0]
    assert frame["x"].tolist()[0] == 1 and np.isnan(frame["x"][1])
    assert frame["tags"].tolist() == ['["u", "v w"]', "u v"]


def test_arrays_and_parquet_are_tables(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [7, 8], "when": pd.to_datetime(["2020-01-02", None]), "flag": [True, False]})
    frame.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path, "t.parquet")["id"].tolist() == ["7", "8"]
    assert read(tmp_path, "t.parquet")["when"].isna().tolist() == [False, True]
    np.save(tmp_path / "t.npy", np.arange(6).reshape(3, 2))
    counted = (Column(name="Id", kind="id", counted_from=1),)
    rows = read(tmp_path, "t.npy", columns=counted)
    assert rows["Id"].tolist() == ["1", "2", "3"] and rows["1"].tolist() == [1.0, 3.0, 5.0]
    np.savez(tmp_path / "t.npz", label=np.array([0, 1]), wave=np.eye(2))
    assert list(read(tmp_path, "t.npz", columns=counted)) == ["label", "wave_0", "wave_1", "Id"]


@pytest.mark.parametrize("name", ["t.csv.zip", "t.zip", "t.csv.7z", "t.7z", "t.csv.tar.gz", "t.tgz"])
def test_a_table_is_found_in_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("KIT_CACHE", str(tmp_path / "cache"))
    pack(tmp_path / name, {"deep/t.csv": CSV, "deep/other.csv": "no\n"})
    assert read(tmp_path, "t.csv")["x"].tolist() == [1.0, 2.0]


def pack(path: Path, files: dict[str, str]) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name, text in files.items():
                packed.writestr(name, text)
    elif path.suffix == ".7z":
        with py7zr.SevenZipFile(path, "w") as seven:
            for name, text in files.items():
                seven.writestr(text, name)
    else:
        with tarfile.open(path, "w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))


def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_CACHE", str(tmp_path / "cache"))
    pack(tmp_path / "t.csv.tar.gz", {"../../evil.csv": CSV})
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        read(tmp_path, "t.csv")
    assert not list(tmp_path.rglob("evil.csv"))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "", "2.5"], [1.0, None, 2.5]),
        (["1", "NA", "2"], [1.0, None, 2.0]),
        (["True", "False", ""], [1.0, 0.0, None]),
        (["2020-01-02", "", "2021-03-04 05:06"], [pd.Timestamp("2020-01-02"), None, pd.Timestamp("2021-03-04 05:06")]),
        (["F/0/S", "", "1"], ["F/0/S", "", "1"]),
        (["", "", ""], ["", "", ""]),
    ],
)
def test_what_nothing_describes_has_its_natural_type(cells: list[str], expected: list[object]) -> None:
    frame = pd.DataFrame({"c": cells}, dtype=str)
    natural([frame], ())
    assert [None if value != value or value is pd.NaT else value for value in frame["c"]] == expected


def test_train_and_test_have_the_same_types() -> None:
    train, test = pd.DataFrame({"c": ["1", "2"]}, dtype=str), pd.DataFrame({"c": ["3", "x"]}, dtype=str)
    natural([train, test], ())
    assert train["c"].tolist() == ["1", "2"] and test["c"].tolist() == ["3", "x"]


def test_described_numbers_may_have_gaps_and_be_words(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,age,paid,day\na,NA,true,2020-05-01\nb,3,false,\n")
    described = (Column(name="id", kind="id"), *columns("number", "age", "paid"), *columns("date", "day"))
    frame = read(tmp_path, "t.csv", columns=described)
    assert np.isnan(frame["age"][0]) and frame["paid"].tolist() == [1.0, 0.0] and frame["day"].dt.month[0] == 5
    (tmp_path / "t.csv").write_text("id,age,paid,day\na,1,0,soon\n")
    with pytest.raises(DataError, match="'day' is no date in line 2: 'soon'"):
        read(tmp_path, "t.csv", columns=described)


PICTURES = Folder(
    folders=("img",), suffixes=(".jpg",), columns=(Column(name="id", kind="id"), Column(name="path", kind="file"))
)


@pytest.mark.parametrize("ids", [["a", "b"], ["a.jpg", "b.jpg"], ["img/a.jpg", "img/b.jpg"]])
def test_files_are_joined_by_name(tmp_path: Path, ids: list[str]) -> None:
    pack(tmp_path / "img.zip", {"img/b.jpg": "2", "img/a.jpg": "1"})
    (tmp_path / "t.csv").write_text("id,y\n" + "".join(f"{name},1\n" for name in ids))
    frame = read(tmp_path, "t.csv", files=PICTURES)
    assert [path.rpartition("/")[2] for path in frame["path"]] == ["a.jpg", "b.jpg"] and frame["id"].tolist() == ids


def test_a_row_without_its_file_is_told(tmp_path: Path) -> None:
    pack(tmp_path / "img.zip", {"img/a.jpg": "1"})
    (tmp_path / "t.csv").write_text("id,y\na,1\nc,1\n")
    with pytest.raises(DataError, match=r"1 row of t\.csv without a file in .*img\.zip: c"):
        read(tmp_path, "t.csv", files=PICTURES)


def test_further_tables_are_joined_by_their_keys(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,store,x\na,1,5\nb,9,6\n")
    (tmp_path / "stores.csv").write_text("store,size,x\n1,30,7\n2,40,8\n1,99,9\n")
    stores = Join(table=Table(file="stores.csv", columns=columns("number", "size")), on=("store",))
    frame = read(tmp_path, "t.csv", joined=(stores,))
    assert frame["size"].tolist()[0] == 30 and np.isnan(frame["size"][1]) and frame["x_stores"].tolist()[0] == 7
    assert frame["x"].tolist() == [5.0, 6.0]


def test_an_id_is_made_of_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sentence,token\n0,0\n0,1\n")
    made = (Column(name="id", kind="id", parts=("sentence", "token")),)
    assert read(tmp_path, "t.csv", columns=made)["id"].tolist() == ["0_0", "0_1"]


def test_an_id_is_taken_apart_where_its_parts_are_missing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id\nair_1_2020-01-02\n")
    taken = (Column(name="id", kind="id", parts=("store", "day")), *columns("date", "day"))
    frame = read(tmp_path, "t.csv", columns=taken)
    assert frame["store"].tolist() == ["air_1"] and frame["day"].dt.day.tolist() == [2]


def test_files_may_keep_their_ending_as_id(tmp_path: Path) -> None:
    pack(tmp_path / "img.zip", {"img/a.jpg": "1"})
    kept = Folder(folders=("img",), suffixes=(".jpg",), columns=PICTURES.columns, keep_suffix=True)
    assert read_rows(tmp_path, kept)["id"].tolist() == ["a.jpg"]


@pytest.mark.parametrize(
    "spoil", [lambda text: text, lambda text: text + "7,1,2\n", lambda text: text + '8,"un\nclosed\n']
)
def test_a_large_file_is_read_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[str], str]
) -> None:
    from common.data import tables

    text = spoil("id,text\n" + "".join(f'00{n},"a, ""{n}""\nnew line"\n{n},\n' for n in range(50)))
    (tmp_path / "t.csv").write_text(text)

    def outcome() -> object:
        try:
            frame, lines = tables.read(tmp_path / "t.csv")
        except DataError as error:
            return str(error)
        return frame.to_numpy().tolist(), list(lines)

    slow = outcome()
    monkeypatch.setattr(tables, "LARGE", 0)
    assert outcome() == slow
