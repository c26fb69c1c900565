"""What would mislead a validation is seen: columns written after the answer, groups that only train has, times as numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from common.discovery.discover import Discovery, discover
from common.discovery.findings import Hints
from common.errors import DataError
from common.splits.folds import make_folds

RNG = Random(0)
Columns = dict[str, Callable[[int, int], object]]


def table(rows: int, start: int, columns: Columns) -> str:
    """Return a table; a column is made by a function of the row's number and its class."""
    lines = [",".join(["id", "x", *columns])]
    for n in range(start, start + rows):
        made = [make(n, n % 2) for make in columns.values()]
        lines.append(",".join(map(str, [f"r{n}", round(RNG.gauss(n % 2, 1), 3), *made])))
    return "\n".join(lines) + "\n"


def won(n: int, y: int) -> int:
    return y


def found(tmp_path: Path, train: Columns, test: Columns, **hints: object) -> Discovery:
    (tmp_path / "train.csv").write_text(table(200, 0, {**train, "won": won}))
    (tmp_path / "test.csv").write_text(table(100, 200, test))
    (tmp_path / "sample_submission.csv").write_text("id,won\n" + "".join(f"r{n},0.5\n" for n in range(200, 300)))
    return discover(tmp_path, "toy", "toy", Hints(metric="roc_auc", **hints))  # type: ignore[arg-type]


def test_a_column_that_only_one_class_has_is_left_out(tmp_path: Path) -> None:
    def giver(n: int, y: int) -> str:
        return f"bob{n % 30}" if y and n % 3 else "N/A"

    made = found(tmp_path, {"giver": giver}, {"giver": giver})
    assert made.left_out == ("giver",)
    assert "giver" not in made.competition.inputs
    (why,) = [each.why for each in made.findings if each.taken == "giver"]
    assert "100% are 1, of all rows 50%" in why


def test_gaps_that_tell_little_are_no_leak(tmp_path: Path) -> None:
    def cabin(n: int, y: int) -> str:
        return f"C{n % 30}" if RNG.random() < 0.3 + 0.3 * y else ""

    assert found(tmp_path, {"cabin": cabin}, {"cabin": cabin}).left_out == ()


def test_a_column_that_is_empty_in_the_test_is_left_out(tmp_path: Path) -> None:
    made = found(
        tmp_path, {"booked": lambda n, _: f"2014-01-{n % 28 + 1:02}" if n % 5 else ""}, {"booked": lambda *_: ""}
    )
    assert made.left_out == ("booked",)


def test_what_the_user_leaves_out_is_left_out(tmp_path: Path) -> None:
    columns: Columns = {"b": lambda n, _: n % 7}
    assert found(tmp_path, columns, columns, leave_out=("b",)).left_out == ("b",)
    with pytest.raises(DataError, match="no column 'c'; it has: id, x, b, won"):
        found(tmp_path, columns, columns, leave_out=("c",))


def test_persons_that_only_train_names_are_groups(tmp_path: Path) -> None:
    split = found(tmp_path, {"subject": lambda n, _: f"p{n // 8}"}, {}).competition.split
    assert (split.kind, split.group) == ("stratified_group", "subject")


def test_times_may_be_numbers(tmp_path: Path) -> None:
    times: Columns = {"TransactionDT": lambda n, _: n * 60}
    split = found(tmp_path, times, times).competition.split
    assert (split.kind, split.order) == ("time", "TransactionDT")


def test_few_times_are_groups(tmp_path: Path) -> None:
    split = found(tmp_path, {"year": lambda n, _: 2019 + n % 3}, {"year": lambda *_: 2022}).competition.split
    assert (split.kind, split.group, split.n_splits) == ("group", "year", 3)


def test_the_encoding_is_found_wherever_it_shows(tmp_path: Path) -> None:
    made = found(tmp_path, {}, {})
    assert made.competition.files.train.encoding == "utf-8"  # type: ignore[union-attr]
    with (tmp_path / "train.csv").open("ab") as file:
        file.write("é,1,0\n".encode("latin-1"))
    made = discover(tmp_path, "toy", "toy", Hints(metric="roc_auc"))
    assert made.competition.files.train.encoding == "cp1252"  # type: ignore[union-attr]


def test_a_column_that_alone_tells_the_answer_is_pointed_out_and_used(tmp_path: Path) -> None:
    columns: Columns = {"refund": lambda n, y: n % 7 + 10 * y}
    made = found(tmp_path, columns, columns)
    assert made.left_out == () and "refund" in made.competition.inputs
    (finding,) = [each for each in made.findings if each.what == "too good"]
    assert "alone explains 'won' (AUC 1)" in finding.why and finding.option.startswith("--leave-out")


@pytest.mark.parametrize("shared", [False, True])
def test_rows_alike_stay_together_unless_the_test_has_their_like(tmp_path: Path, shared: bool) -> None:
    even, odd = ([f"{a},{b}" for a in range(14) for b in range(14) if (a + b) % 2 == side] for side in (0, 1))
    lines, asked = [*even, *even], even if shared else odd
    (tmp_path / "train.csv").write_text(
        "id,a,b,y\n" + "".join(f"{n},{x},{n * n % 13}.5\n" for n, x in enumerate(lines))
    )
    (tmp_path / "test.csv").write_text("id,a,b\n" + "".join(f"{n},{x}\n" for n, x in enumerate(asked, 900)))
    (tmp_path / "sample_submission.csv").write_text("id,y\n" + "".join(f"{n},0\n" for n in range(900, 998)))
    split = discover(tmp_path, "toy", "toy").competition.split
    assert (split.kind, split.alike) == (("stratified", ()) if shared else ("stratified_group", ("a", "b")))
    rows = pd.read_csv(tmp_path / "train.csv")
    folds = pd.Series(make_folds(rows, split))
    together = folds.groupby([rows["a"], rows["b"]]).nunique()
    assert (together.max() == 1) != shared
