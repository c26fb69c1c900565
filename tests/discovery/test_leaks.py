"""What would mislead a validation is seen: columns written after the answer, groups that only train has, times as numbers."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from common.discovery.discover import Discovery, discover
from common.discovery.findings import Hints
from common.errors import DataError

RNG = Random(0)


def table(rows: int, start: int = 0, **columns: str) -> str:
    """Return a table; a column is made by an expression of the row's number n and its class y."""
    lines = [",".join(["id", "x", *columns])]
    for n in range(start, start + rows):
        values = {"n": n, "y": n % 2, "rng": RNG}
        lines.append(
            ",".join([f"r{n}", f"{RNG.gauss(n % 2, 1):.3f}", *(str(eval(code, values)) for code in columns.values())])
        )  # noqa: S307
    return "\n".join(lines) + "\n"


def found(tmp_path: Path, train: dict[str, str], test: dict[str, str], **hints: object) -> Discovery:
    (tmp_path / "train.csv").write_text(table(200, **train))
    (tmp_path / "test.csv").write_text(table(100, 200, **test))
    (tmp_path / "sample_submission.csv").write_text("id,won\n" + "".join(f"r{n},0.5\n" for n in range(200, 300)))
    return discover(tmp_path, "toy", "toy", Hints(metric="roc_auc", **hints))  # type: ignore[arg-type]


def test_a_column_that_only_one_class_has_is_left_out(tmp_path: Path) -> None:
    giver = "'bob' + str(n % 30) if y and n % 3 else 'N/A'"
    made = found(tmp_path, {"giver": giver, "won": "y"}, {"giver": giver})
    assert made.left_out == ("giver",)
    assert "giver" not in made.competition.inputs
    (why,) = [each.why for each in made.findings if each.taken == "giver"]
    assert "100% are 1, of all rows 50%" in why


def test_gaps_that_tell_little_are_no_leak(tmp_path: Path) -> None:
    cabin = "'C' + str(n % 30) if rng.random() < 0.3 + 0.3 * y else ''"
    assert found(tmp_path, {"cabin": cabin, "won": "y"}, {"cabin": cabin}).left_out == ()


def test_a_column_that_is_empty_in_the_test_is_left_out(tmp_path: Path) -> None:
    made = found(tmp_path, {"booked": "f'2014-01-{n % 28 + 1:02}' if n % 5 else ''", "won": "y"}, {"booked": "''"})
    assert made.left_out == ("booked",)


def test_what_the_user_leaves_out_is_left_out(tmp_path: Path) -> None:
    columns = {"b": "n % 7"}
    assert found(tmp_path, {**columns, "won": "y"}, columns, leave_out=("b",)).left_out == ("b",)
    with pytest.raises(DataError, match="no column 'c'; it has: id, x, b, won"):
        found(tmp_path, {**columns, "won": "y"}, columns, leave_out=("c",))


def test_persons_that_only_train_names_are_groups(tmp_path: Path) -> None:
    split = found(tmp_path, {"subject": "f'p{n // 8}'", "won": "y"}, {}).competition.split
    assert (split.kind, split.group) == ("stratified_group", "subject")


def test_times_may_be_numbers(tmp_path: Path) -> None:
    split = found(tmp_path, {"TransactionDT": "n * 60", "won": "y"}, {"TransactionDT": "n * 60"}).competition.split
    assert (split.kind, split.order) == ("time", "TransactionDT")


def test_few_times_are_groups(tmp_path: Path) -> None:
    split = found(tmp_path, {"year": "2019 + n % 3", "won": "y"}, {"year": "2022"}).competition.split
    assert (split.kind, split.group, split.n_splits) == ("group", "year", 3)


def test_the_encoding_is_found_wherever_it_shows(tmp_path: Path) -> None:
    made = found(tmp_path, {"size": "n", "won": "y"}, {"size": "n"})
    assert made.competition.files.train.encoding == "utf-8"  # type: ignore[union-attr]
    with (tmp_path / "train.csv").open("ab") as file:
        file.write("é,1,2,0\n".encode("latin-1"))
    made = discover(tmp_path, "toy", "toy", Hints(metric="roc_auc"))
    assert made.competition.files.train.encoding == "cp1252"  # type: ignore[union-attr]
