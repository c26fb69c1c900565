"""Tables as platforms, browsers and other programs leave them: read to the letter, or refused with the line and the reason."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from kit import kit

from common import data, registry
from common.competition import Column, Table
from common.data import tables
from common.environment import detect
from common.errors import DataError

PATENT = registry.get("patent")
TABLE = "id,text\n1,one\n2,two\n"


def zipped(**files: str) -> bytes:
    """Return a zip archive; a keyword's `__` stands for a point."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return packed.getvalue()


def altered(packed: bytes, *, flag: int = 0, method: int | None = None) -> bytes:
    """Return an archive of one file whose headers say that it is encrypted, or packed in another way."""
    changed = bytearray(packed)
    for at, mark in ((6, b"PK\x03\x04"), (8, b"PK\x01\x02")):
        start = packed.index(mark) + at
        changed[start] |= flag
        if method is not None:
            changed[start + 2] = method
    return bytes(changed)


def rows(tmp_path: Path, content: bytes | str, name: str = "t.csv", **options: object) -> list[list[str]]:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    frame, _ = tables.read(tmp_path / name, **options)  # type: ignore[arg-type]
    return frame.to_numpy().tolist()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.zip", zipped(t__csv=TABLE)),
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("t.csv", zipped(t__csv=TABLE)),  # A6: packed, and named as if it were not
        ("t.csv", gzip.compress(TABLE.encode(), mtime=0)),
        ("t.csv.zip", zipped(**{"__MACOSX/.___t__csv": "x", "t__csv": TABLE, "__DS_Store": "x"})),  # A7: macOS
        ("t.csv.zip", zipped(**{"readme__txt": "x", "deep\\t__csv": TABLE})),
        ("t.csv", TABLE.replace("\n", "\r\n")),
        ("t.csv", TABLE.replace("\n", "\r")),
        ("t.csv", "\ufeff" + TABLE.replace("\n", "\n\n  \n")),
    ],
)
def test_harmless_differences_are_read(tmp_path: Path, name: str, content: bytes | str) -> None:
    assert rows(tmp_path, content, name) == [["1", "one"], ["2", "two"]]


def test_text_stays_whole(tmp_path: Path) -> None:
    text = "good film\0 but far too long"  # A5: some versions of pandas cut it at the NUL
    assert rows(tmp_path, f"id,text\n1,{text}\n") == [["1", text]]
    long = "x" * 5_000_000
    tracemalloc.start()
    try:
        assert rows(tmp_path, f"id,text\n1,{long}\n") == [["1", long]]
        assert tracemalloc.get_traced_memory()[1] < 10 * len(long)  # D26: it took 11 GB
    finally:
        tracemalloc.stop()
    assert rows(tmp_path, 'id,text\n1,"a\rb\nc ""d"""\n2,5" screen\n') == [["1", 'a\rb\nc "d"'], ["2", '5" screen']]
    assert rows(tmp_path, 'id\ttext\n1\t"so ""good"\n', separator="\t", quoting="none") == [["1", '"so ""good"']]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        # A6
        (altered(zipped(t__csv=TABLE), flag=1), "password required for extraction; unpack it with another program"),
        (altered(zipped(t__csv=TABLE), method=9), "compression method is not supported; unpack it with another"),
        (zipped(t__csv=TABLE)[:-30], "not a zip file; delete it and download it again"),
        (zipped(a__csv=TABLE, b__csv=TABLE), "an archive of a.csv, b.csv, not of one table; unpack it"),
        (gzip.compress(TABLE.encode(), mtime=0)[:-9], "cannot be read"),
        ("\n<!DOCTYPE html>\n<html>", "is a web page, perhaps one to log in"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a Git LFS pointer"),
        (b"PAR1\0\0", "is a Parquet file, not a table"),
        # A10
        ("id,text\n1,one,more\n" + "2,two\n" * 300, "exactly 2 fields, as the header has: line 2 has 3"),
        ('id,text\n1,"one\ntwo"\n\n2\n', "line 5 has 1"),
        ("id,text\n1,one\n2,a\rb\n3,three\n", "line 3 holds a carriage return that ends no line"),
        ("id,text\n1,one\n2,a\rb\n3,three\n".replace("\n", "\r\n"), "line 3 holds a carriage return"),
        ('id,text\n1,one\n2,"two\n3,three\n', "the quote that opens in line 3 is never closed"),
        (b"id,text\n1,one\n2,caf\xe9\n", "not UTF-8 text (byte 19, in line 3, is 0xe9)"),
        (b"\xef\xbb\xbfid,text\n1,one\n2,caf\xe9\n", "not UTF-8 text (byte 22, in line 3, is 0xe9)"),
        # D11
        ("id,text,id,text\n1,a,2,b\n", "more than one column 'id', 'text'"),
        ("", "is empty"),
        ("id,text\n", "a header but no rows"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, content: bytes | str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        rows(tmp_path, content)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_problems_of_cells_are_where_an_editor_shows_them(tmp_path: Path) -> None:
    columns = (Column(name="id", kind="id"), Column(name="age", kind="number"))
    (tmp_path / "t.csv").write_text('id,age\n"1\n",3\n\n2,old\n')  # A10: breaks and blank lines count
    with pytest.raises(DataError, match=r"'age' is not a number in line 5: 'old'"):
        data.read_rows(tmp_path, Table(file="t.csv", columns=columns))


def test_numbers_may_have_gaps(tmp_path: Path) -> None:
    """A15."""
    columns = (Column(name="id", kind="id"), Column(name="Age", kind="number", low=0, may_be_empty=True))
    (tmp_path / "t.csv").write_text("id,Age\n1,22\n2,\n3, \n")
    assert data.read_rows(tmp_path, Table(file="t.csv", columns=columns))["Age"].isna().tolist() == [False, True, True]


def test_what_train_reads_validate_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A1."""
    registry.sample("patent").make(tmp_path / "data", 60, 0)
    for path in list((tmp_path / "data").glob("*.csv")):
        path.with_name(f"{path.name}.zip").write_bytes(zipped(**{path.name: path.read_text()}))
        (tmp_path / path.name).write_bytes(path.read_bytes())
        path.unlink()
    assert data.read(PATENT, tmp_path / "data").sample_submission is not None
    said = kit(capsys, "validate", "patent", tmp_path / "answers.csv", "--data", tmp_path / "data")
    assert said.code == 0, said


def test_the_zip_of_a_browser_is_recognised(tmp_path: Path) -> None:
    """A7."""
    (tmp_path / f"{PATENT.slug}.zip").touch()
    with pytest.raises(DataError, match=rf"{PATENT.slug}\.zip is not unpacked yet: python -m zipfile -e"):
        data.find(PATENT, tmp_path, detect({}))


def test_a_hidden_test_set_costs_a_row_at_most(tmp_path: Path) -> None:
    """A2: an empty cell, an id twice, a line too short, another encoding, a sample of the public rows only."""
    (tmp_path / "test.csv").write_bytes(b"id,anchor,target,context\n1,a,,A47\n1,a,b,A47\n2,caf\xe9,b,A47\n3,a,b\n")
    (tmp_path / "sample_submission.csv").write_text("id,score\n1,\n")
    said: list[str] = []
    frames = data.read(PATENT, tmp_path, train=False, tolerate=said.append)
    assert frames.test["id"].tolist() == ["1", "2", "3"]
    assert frames.test["context"].tolist() == ["A47", "A47", ""]
    assert frames.sample_submission is not None and frames.sample_submission["id"].tolist() == ["1", "2", "3"]
    for part in ("line 5 has 3", "not UTF-8", "'target' is empty in line 2", "duplicate ids: '1'", "does not list"):
        assert any(part in line for line in said), (part, said)
    with pytest.raises(DataError):
        data.read(PATENT, tmp_path, train=False)


def test_the_values_of_a_sample_submission_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("id,anchor,target,context\n1,a,b,A47\n")
    (tmp_path / "sample_submission.csv").write_text("id,score\n1,\n")
    assert len(data.read(PATENT, tmp_path, train=False).sample_submission) == 1  # type: ignore[arg-type]


def test_rows_go_on_in_further_files(tmp_path: Path) -> None:
    table = Table(
        file="train_1.csv",
        columns=(Column(name="id", kind="id"), Column(name="y", kind="number")),
        continued=("train_2.csv", "more/train_10.csv"),
    )
    (tmp_path / "more").mkdir()
    write = {"train_1.csv": "id,y\n7,1\n", "train_2.csv": "id,y\n5,2\n6,3\n", "more/train_10.csv": "id,y\n1,4\n"}
    for name, text in write.items():
        (tmp_path / name).write_text(text)
    rows = data.read_rows(tmp_path, table)
    assert rows.to_dict("list") == {"id": ["7", "5", "6", "1"], "y": [1.0, 2.0, 3.0, 4.0]}
    assert [path.name for path in data.paths(tmp_path, table)] == ["train_1.csv", "train_2.csv", "train_10.csv"]
    (tmp_path / "train_2.csv").write_text("id,y\n5,2\n6,many\n")
    with pytest.raises(DataError, match=r"'y' is not a number in line 3 of train_2\.csv: 'many'"):
        data.read_rows(tmp_path, table)
    (tmp_path / "train_2.csv").write_text("id,x\n5,2\n")
    with pytest.raises(DataError, match=r"train_2\.csv has other columns than .*train_1\.csv, whose rows go on in it"):
        data.read_rows(tmp_path, table)
    (tmp_path / "train_2.csv").unlink()
    with pytest.raises(DataError, match=r"train_2\.csv is not in .*, and the rows of train_1\.csv go on in it"):
        data.read_rows(tmp_path, table)
