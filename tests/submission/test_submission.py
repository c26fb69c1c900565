"""Making, writing and reading submissions."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from common.competition import Cell, SubmissionFormat
from common.errors import DataError, SubmissionError
from common.submission.checks import validate
from common.submission.checks.sample import read_sample
from common.submission.shape import with_parts
from common.submission.writing import make, write

ROOT = Path(__file__).parents[2]
FORMAT = SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1))
CLIPPED = dataclasses.replace(FORMAT, cell=Cell(low=0, high=1, clip=True))
TWO = SubmissionFormat(id="id", targets=("cat", "dog"), cell=Cell(low=0, high=1), rows_sum_to=1)
LABELS = SubmissionFormat(id="id", targets=("animal",), cell=Cell(kind="label", labels=("cat", "dog", "1")))

# What Kaggle's sample submissions hold and then some: no control characters, and text that UTF-8 can spell.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from(',;"\n'), max_size=12)


def test_numbers_pass_unchanged():
    frame = make(["007", "12_1"], np.array([0.25, 1 / 3]), FORMAT)
    assert list(frame.columns) == ["id", "score"]
    assert list(frame["id"]) == ["007", "12_1"]
    assert list(frame["score"]) == [0.25, 1 / 3]
    assert frame["score"].dtype == np.float64


@pytest.mark.parametrize("predictions", [[0, 1], np.array([0, 1], np.int8), np.array([[0], [1]]), [False, True]])
def test_any_numbers_of_the_right_shape_do(predictions):
    assert list(make(["a", "b"], predictions, FORMAT)["score"]) == [0.0, 1.0]


def test_clips_and_normalises_only_where_the_format_says_so():
    assert list(make(["a", "b"], [-0.5, 1.5], CLIPPED)["score"]) == [0, 1]
    normalised = make(["a"], [[1, 3]], dataclasses.replace(TWO, normalise=True))
    assert list(normalised.iloc[0, 1:]) == [0.25, 0.75]
    with pytest.raises(SubmissionError, match=r"outside \[0, 1\]: row 1 \(id 'b'\) has 1\.5"):
        make(["a", "b"], [0.5, 1.5], FORMAT)
    with pytest.raises(SubmissionError, match=r"targets do not sum to 1 .*: row 0 \(id 'a'\)"):
        make(["a"], [[0.5, 0.6]], TWO)


def test_labels_become_text():
    assert list(make(["a", "b", "c"], np.array(["cat", "dog", "cat"]), LABELS)["animal"]) == ["cat", "dog", "cat"]
    assert list(make(["a"], [1], LABELS)["animal"]) == ["1"]
    with pytest.raises(
        SubmissionError, match=r"not allowed: row 1 \(id 'b'\) has 'bird'. Use one of 'cat', 'dog', '1'"
    ):
        make(["a", "b"], ["cat", "bird"], LABELS)


@pytest.mark.parametrize(
    ("ids", "predictions", "format", "told"),
    [
        (["a", "b", "c"], [0.5, np.nan, 0.5], CLIPPED, r"with NaN: row 1 \(id 'b'\)"),
        (["a", "b"], [0.5, np.inf], CLIPPED, r"infinite number: row 1 \(id 'b'\)"),
        (["a", "b"], [0.5], FORMAT, r"shape \(1,\), expected \(2, 1\) for 2 ids and the targets score"),
        (["a"], [0.5], TWO, r"expected \(1, 2\)"),
        (["a"], [[[0.5]]], FORMAT, "shape"),
        ([], [], FORMAT, "at least one row"),
        ([7], [0.5], FORMAT, "ids must be text as in the sample submission, got 7 of type int"),
        ([None], [0.5], FORMAT, "NoneType"),
        (["a", "b", "a"], [0, 0, 0], FORMAT, "more than once: 'a'"),
        (["a"], ["high"], FORMAT, "must be numbers"),
        (["a"], [[0, 0]], dataclasses.replace(TWO, normalise=True), "row 0 has no positive sum"),
    ],
)
def test_what_cannot_become_a_submission_is_refused(ids, predictions, format, told):
    with pytest.raises(SubmissionError, match=told):
        make(ids, predictions, format)


def test_rounding_is_no_error():
    """B5: a blend of four saturated runs."""
    format = SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1))
    blend = np.array([1.0000000000000002, -1e-17, 0.3, 0.9999999999999998])
    assert make(list("abcd"), blend, format)["score"].tolist() == [1.0, 0.0, 0.3, 0.9999999999999998]
    for wrong in (1.00001, -1e-9):
        with pytest.raises(SubmissionError, match="outside"):
            make(["a"], [wrong], format)


@pytest.mark.slow
@settings(max_examples=150)
@given(
    ids=st.lists(TEXT, min_size=1, max_size=8, unique=True),
    data=st.data(),
    separator=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from(["minimal", "nonnumeric"]),
)
def test_what_is_written_reads_back_bit_by_bit_and_is_valid(tmp_path_factory, ids, data, separator, quoting):
    format = SubmissionFormat(id="the id", targets=("a", 'b "x"'), separator=separator, quoting=quoting)
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    values = data.draw(npst.arrays(np.float64, (len(ids), 2), elements=numbers))
    path = tmp_path_factory.getbasetemp() / "submission.csv"
    write(make(ids, values, format), path, format)
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, delimiter=separator)
    assert header == ["the id", "a", 'b "x"']
    assert [row[0] for row in rows] == ids
    assert [[float(cell) for cell in row[1:]] for row in rows] == values.tolist()
    assert validate(path, path, format) == []
    assert list(read_sample(path, format)["the id"]) == ids


def test_the_file_is_spelt_as_kaggle_spells_it(tmp_path):
    path = tmp_path / "new" / "submission.csv"
    write(make(["007", 'a,"b"', "c"], [0.1, 1, 1e-9], FORMAT), path, FORMAT)
    assert path.read_text() == 'id,score\n007,0.1\n"a,""b""",1\nc,1e-9\n'
    quoted = SubmissionFormat(id="id", targets=("sentiment",), quoting="nonnumeric")
    write(make(["12311_10"], [1], quoted), path, quoted)
    assert path.read_text() == '"id","sentiment"\n"12311_10",1\n'
    write(make(["a"], ["cat"], LABELS), path, LABELS)
    assert path.read_text() == "id,animal\na,cat\n"


def test_an_id_may_stand_in_the_file_in_parts(tmp_path):
    format = SubmissionFormat(id="day_store", targets=("sales",), parts=("day", "store"))
    sample = tmp_path / "sample.csv"
    sample.write_text("day,store,sales\nd_1,1,0\nd_1,2,0\n")
    made = with_parts(make(["d_1_1", "d_1_2"], [1, 2.5], format), format)[list(format.columns)]
    write(made, tmp_path / "s.csv", format)
    assert (tmp_path / "s.csv").read_text() == "day,store,sales\nd_1,1,1\nd_1,2,2.5\n"
    assert validate(tmp_path / "s.csv", sample, format) == []
    (tmp_path / "s.csv").write_text("day,store,sales\nd_1,1,1\nd_1,3,2\n")
    assert [each.rule for each in validate(tmp_path / "s.csv", sample, format)] == ["unknown_ids", "missing_ids"]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"id": ["a", "b"], "score": [1, 2]}, dtype=object),
        pd.DataFrame({"id": ["a", "b"], "score": pd.array([1, 2], dtype="Int64")}),
        pd.DataFrame({"id": pd.Categorical(["a", "b"]), "score": np.array([1, 2], np.float32)}, index=[7, 3]),
    ],
)
def test_any_types_are_written(frame, tmp_path):
    write(frame, tmp_path / "s.csv", FORMAT)
    assert (tmp_path / "s.csv").read_text() == "id,score\na,1\nb,2\n"


@pytest.mark.slow
def test_more_rows_than_one_chunk_are_written_in_order(tmp_path):
    ids = [f"{row:06d}" for row in range(200_001)]
    write(make(ids, np.linspace(0, 1, len(ids)), FORMAT), tmp_path / "s.csv", FORMAT)
    assert list(read_sample(tmp_path / "s.csv", FORMAT)["id"]) == ids


def test_a_frame_of_other_columns_or_with_gaps_is_not_written(tmp_path):
    good = make(["a", "b"], [0, 1], FORMAT)
    with pytest.raises(SubmissionError, match="columns are score, id, expected id, score"):
        write(good[["score", "id"]], tmp_path / "s.csv", FORMAT)
    with pytest.raises(SubmissionError, match="column 'score' has empty cells"):
        write(good.assign(score=[0.5, np.nan]), tmp_path / "s.csv", FORMAT)
    assert not list(tmp_path.iterdir())


def test_the_sample_is_read_as_text(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_bytes('\ufeff"id","score"\r\n"12311_10",0\r\n007,0.50\r\n"a ""b""",NA\r\n'.encode())
    frame = read_sample(path, FORMAT)
    assert frame.to_dict("list") == {"id": ["12311_10", "007", 'a "b"'], "score": ["0", "0.50", "NA"]}
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_sample(tmp_path / "none.csv", FORMAT)
    with pytest.raises(DataError, match="expected id, cat, dog"):
        read_sample(path, TWO)


FULL = """
import resource, signal, sys
from pathlib import Path
from common.competition import SubmissionFormat
from common.submission import make, write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
format = SubmissionFormat(id="id", targets=("score",))
write(make([f"{row:06d}" for row in range(50_000)], [0.5] * 50_000, format), Path(sys.argv[1]), format)
"""


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_submission(tmp_path):
    path = tmp_path / "submission.csv"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, cwd=ROOT)
    assert "DeviceError: disk full: " in done.stderr.splitlines()[-1]
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("submission.csv", "old")]


def test_an_index_as_pandas_writes_it_has_no_name(tmp_path: Path) -> None:
    format = SubmissionFormat(id="Unnamed: 0", targets=("y",), index=True)
    sample, made = tmp_path / "sample.csv", tmp_path / "submission.csv"
    sample.write_text(",y\n7,0\n9,0\n")
    write(make(["7", "9"], [0.5, 1.0], format), made, format)
    assert made.read_text() == ",y\n7,0.5\n9,1\n"
    assert validate(made, sample, format) == []
    made.write_text("7,0.5\n9,1.0\n")
    assert [each.rule for each in validate(made, sample, format)] == ["header"]
