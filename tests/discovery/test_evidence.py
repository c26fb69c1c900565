"""How the split, the metric and the columns are found out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from toy_files import Content, Pack, Rows, write

from common import data, splits
from common.competition import Cell, Table
from common.discovery import cells, columns, heads
from common.discovery.cells import Decided
from common.discovery.discover import Discovery, Facts, discover
from common.discovery.files import Container
from common.discovery.findings import Hints, Notes
from common.discovery.heads import Head
from common.discovery.media import attach, labelled
from common.discovery.shapes import Answers
from common.discovery.split import keeps_to_one_side
from common.errors import DataError


def found(
    folder: Path, shared: dict[str, str], answers: dict[str, str], sample: dict[str, str], **hints: str
) -> Discovery:
    files = {
        "train.csv": Rows(100, {**shared, **answers}),
        "test.csv": Rows(40, shared, start=100),
        "sample_submission.csv": Rows(40, {"id": shared["id"], **sample}, start=100),
    }
    return discover(write(folder, files), "toy", "toy", Hints(**hints))  # type: ignore[arg-type]


def why(discovery: Discovery, what: str) -> str:
    return next(each.why for each in discovery.findings if each.what == what)


def test_groups_are_told_with_their_figures(tmp_path: Path) -> None:
    made = found(tmp_path, {"id": "id", "patient": "group:5:p{}", "a": "num"}, {"y": "pos"}, {"y": "one:0"})
    assert why(made, "split") == "20 values of 'patient' repeat in train (100 rows), none of them is in test"
    assert (made.competition.split.group, made.competition.split.group_before) == ("patient", None)


def test_groups_in_a_part_of_the_id_are_found(tmp_path: Path) -> None:
    made = found(tmp_path, {"id": "pair:4:s{}-{}", "a": "num"}, {"y": "each:no|yes"}, {"y": "one:no"})
    split = made.competition.split
    assert (split.kind, split.group, split.group_before) == ("stratified_group", "id", "-")


def test_days_of_which_the_test_has_others_are_groups(tmp_path: Path) -> None:
    """Of each month the test has the last days: their hours are no neighbours of hours that are known."""
    sides: dict[str, list[str]] = {"train": [], "test": []}
    for time in pd.date_range("2020-01-01", periods=24 * 90, freq="h"):
        sides["train" if time.day < 20 else "test"].append(f"{time}")
    train = [f"{time},{number % 7},{number % 11 / 7}" for number, time in enumerate(sides["train"])]
    test = [f"{time},{number % 7}" for number, time in enumerate(sides["test"])]
    sample = [f"{time},0" for time in sides["test"]]
    for name, header, rows in (
        ("train", "when,a,y", train),
        ("test", "when,a", test),
        ("sampleSubmission", "when,y", sample),
    ):
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    made = discover(tmp_path, "toy", "toy")
    assert (made.competition.split.group, made.competition.split.group_before) == ("when", " ")
    frame = pd.read_csv(tmp_path / "train.csv")
    folds = splits.make_folds(frame, made.competition.split)
    parsed = splits.make_folds(frame.assign(when=pd.to_datetime(frame["when"])), made.competition.split)
    assert (folds == parsed).all() and (pd.Series(folds).groupby(frame["when"].str[:10]).nunique() == 1).all()


def test_groups_on_both_sides_are_none(tmp_path: Path) -> None:
    made = found(tmp_path, {"id": "id", "city": "each:a|b|c|d|e|f|g|h|i|j|k|l"}, {"y": "mark:0/2"}, {"y": "one:0.5"})
    assert made.competition.split.kind == "stratified"


@pytest.mark.parametrize(
    ("train", "test", "keeps"),
    [
        (["a", "a", "b", "b"] * 10, ["c"] * 20, False),  # two values only
        ([f"g{number // 3}" for number in range(60)], [f"h{number}" for number in range(30)], True),
        ([f"g{number // 3}" for number in range(60)], ["g1"] * 30, False),  # one is on both sides
        ([f"g{number}" for number in range(60)], [f"h{number}" for number in range(30)], False),  # nothing repeats
        ([f"g{number // 2}" for number in range(60)], ["h"], False),  # one row of test says nothing
        ([f"g{number // 3}" for number in range(30)] + [""] * 30, ["h"] * 30, False),  # half of it is empty
    ],
)
def test_a_group_needs_evidence(train: list[str], test: list[str], keeps: bool) -> None:
    assert keeps_to_one_side(pd.Series(train), pd.Series(test)) is keeps


def test_time_is_told_with_its_dates(tmp_path: Path) -> None:
    made = found(tmp_path, {"id": "id", "day": "date", "a": "num"}, {"y": "pos"}, {"y": "one:0"})
    assert (made.competition.split.kind, made.competition.split.order) == ("time", "day")
    assert why(made, "split") == "train ends at 2020-04-09, test begins at 2020-04-10"


def test_rows_that_are_alike_are_counted(tmp_path: Path) -> None:
    both = found(tmp_path / "both", {"id": "id", "a": "cat:1|2", "b": "cat:x|y"}, {"y": "pos"}, {"y": "one:0"})
    assert why(both, "alike rows").startswith("100 rows of train equal another in all inputs; so do 40 rows of test")
    train = found(tmp_path / "train", {"id": "id", "a": "group:2:{}"}, {"y": "pos"}, {"y": "one:0"})
    assert train.competition.split.group == "a"  # which keeps them together


def test_rare_classes_are_not_stratified(tmp_path: Path) -> None:
    made = found(tmp_path, {"id": "id", "a": "num"}, {"y": "each:" + "|".join("abcd" * 6 + "z")}, {"y": "one:a"})
    assert made.competition.split.kind == "random"
    assert why(made, "split") == "1 class of 5 has fewer rows than folds"


def test_what_only_the_last_rows_of_a_long_table_have_is_known(tmp_path: Path) -> None:
    train = [
        f"{row},{row % 7},2020-01-{1 + row // 2000:02},{'abc'[row // 9000] if row < 26_998 else 'd'}"
        for row in range(27_000)
    ]
    test = [f"{27_000 + row},{row % 7},2020-01-{10 + row:02}" for row in range(20)]
    for name, header, rows in (("train", "id,a,day,y", train), ("test", "id,a,day", test)):
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    sample = "\n".join(["id,y", *(f"{27_000 + row},a" for row in range(20))])
    (tmp_path / "sample_submission.csv").write_text(sample + "\n", encoding="utf-8")
    made = discover(tmp_path, "toy", "toy")
    assert made.competition.submission.cell.labels == ("a", "b", "c", "d")
    assert made.competition.split.kind != "time"  # the first rows end four days before those of test begin
    assert why(made, "split") == "1 class of 4 has fewer rows than folds"


def test_the_split_can_be_said(tmp_path: Path) -> None:
    shared = {"id": "id", "patient": "group:5:p{}", "a": "num"}
    assert (
        found(tmp_path / "1", shared, {"y": "pos"}, {"y": "one:0"}, split="random").competition.split.kind == "random"
    )
    by_group = found(tmp_path / "2", shared, {"y": "pos"}, {"y": "one:0"}, group="patient", split="group")
    assert (by_group.competition.split.kind, by_group.competition.split.stratify) == ("group", None)


@pytest.mark.parametrize(
    ("target", "cells", "proposed"),
    [
        ("mark:0/2", "one:0.5", "roc_auc"),
        ("mark:0/2", "mark:0/3", "accuracy"),
        ("each:True|False", "one:False", "accuracy"),
        ("each:True|False", "one:0.5", "roc_auc"),
        ("each:a|b|c", "one:b", "accuracy"),
        ("each:a|b|c|d", "one:a b c", "map@3"),
        ("each:1|2|3|4|5", "one:3", "accuracy"),
        ("num", "one:0", "rmse"),
        ("each:" + "|".join(str(ten) for ten in range(40, 60) for _ in range(10 - abs(ten - 50))), "one:3", "rmse"),
        ("each:" + "|".join(str(name) for name in range(13) for _ in range(1 + name * 5 % 7)), "one:3", "accuracy"),
        ("rle", "one:", "dice"),
        ("list:k/l/m/n", "one:k l", "f1_samples"),
    ],
)
def test_a_metric_is_proposed_and_said_to_be(target: str, cells: str, proposed: str, tmp_path: Path) -> None:
    made = found(tmp_path, {"id": "id", "a": "num"}, {"y": target}, {"y": cells})
    assert made.competition.metric == proposed
    assert why(made, "metric").startswith("proposed, not known")


@pytest.mark.parametrize(
    ("cells", "target", "hint", "positive", "because"),
    [
        ("each:bird|other", "is_bird", None, "bird", "the target is called 'is_bird'"),
        ("each:bird|other", "y", None, "", "the second in order"),
        ("each:bird|other", "y", "bird", "bird", "as you say"),
        ("each:malignant|benign", "malignant", None, "", "the target is called 'malignant'"),
        ("each:spam|nonspam", "y", None, "", "'nonspam' says that there is nothing"),
        ("each:Presence|Absence", "y", None, "", "'Absence' says that there is nothing"),
        ("each:paid|paid|paid|charged off", "y", None, "charged off", "the rare one, of 25% of the rows"),
    ],
)
def test_the_class_that_1_means_is_told(
    cells: str, target: str, hint: str | None, positive: str, because: str, tmp_path: Path
) -> None:
    hints = {"metric": "accuracy"} | ({"positive": hint} if hint else {})
    made = found(tmp_path, {"id": "id", "a": "num"}, {target: cells}, {target: "one:0.5"}, **hints)
    assert (made.competition.predicts, made.competition.positive) == ("class", positive)
    assert made.competition.submission.cell.kind == "number"
    assert why(made, "1 means") == because


def test_a_class_that_there_is_not_cannot_be_positive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'cat' is no class \(bird, other\); say it with --positive"):
        found(tmp_path, {"id": "id", "a": "num"}, {"y": "each:bird|other"}, {"y": "one:0.5"}, positive="cat")


def test_the_page_on_kaggle_says_the_metric(tmp_path: Path) -> None:
    files = {
        "train.csv": Rows(30, {"id": "id", "a": "num", "y": "pos"}),
        "test.csv": Rows(10, {"id": "id", "a": "num"}, start=30),
        "sample_submission.csv": Rows(10, {"id": "id", "y": "one:0"}, start=30),
    }
    folder = write(tmp_path, files)
    facts = Facts(title="Toys!", metric="Root Mean Squared Logarithmic Error", kernels_only=True, daily_submissions=2)
    competition = discover(folder, "toy", "toy", facts=facts).competition
    assert (competition.metric, competition.title, competition.submitted_as) == ("rmsle", "Toys!", "kernel")
    assert (competition.limits.internet, competition.limits.daily_submissions) == (False, 2)
    unknown = discover(folder, "toy", "toy", facts=Facts(metric="Happiness"))
    assert "'Happiness', which the kit does not know" in why(unknown, "metric")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "", "1e5"], "number"),
        (["1", "NA", "3"], "number"),
        (["True", "False", ""], "category"),
        (["2020-01-01", "2020-01-02 10:00:00"], "date"),
        (["12/31/2019", "1/1/2020"], "date"),
        (["2019/12/31", "2020/1/1"], "date"),
        (["31.12.2019", "1.1.2020"], "date"),
        (["31-Dec-2019", "1-Jan-20"], "date"),
        (["Dec 31, 2019", "January 1 2020"], "date"),
        (["20191231", "20200101"], "date"),
        (["20191231", "20201301"], "number"),
        (["may 5", "de 3, 2"], "text"),
        (["red", "green", "red"], "category"),
        (["a man went home", "the dog was big", "it rained all day"], "text"),
        (["", ""], "category"),
    ],
)
def test_kinds_of_columns(cells: list[str], kind: str) -> None:
    assert columns.kind_of(pd.Series(cells)) == kind


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/4.jpg"), ("cat", "cat", "dog", "dog")),
        (("train/cat.1.jpg", "train/cat.2.jpg", "train/dog.3.jpg", "train/dog.4.jpg"), ("cat", "cat", "dog", "dog")),
        (
            ("Maine Coon_1.jpg", "Maine Coon_2.jpg", "Pug_3.jpg", "Pug_4.jpg"),
            ("Maine Coon", "Maine Coon", "Pug", "Pug"),
        ),
        (("a1_0.jpg", "a2_1.jpg", "a3_0.jpg", "a4_1.jpg"), ("0", "1", "0", "1")),
        (("1.jpg", "2.jpg", "3.jpg", "4.jpg"), None),
    ],
)
def test_labels_stand_in_folders_and_names(names: tuple[str, ...], labels: tuple[str, ...] | None) -> None:
    from re import fullmatch

    made = labelled([Container(name="train", path=Path("train"), names=names)])
    assert (made.labels if made else None) == labels
    if made is not None:
        ((rule, _),) = made.rules.items()
        read = [fullmatch(rule, name.removesuffix(".jpg")) for name in names]
        assert tuple(match[1] if match else "" for match in read) == labels


def test_files_of_which_each_has_many_rows_are_found() -> None:
    """The first 500 rows of nuclei name a dozen pictures."""
    rows = pd.DataFrame({"ImageId": [f"p{row // 50:03}" for row in range(2_000)], "EncodedPixels": "1 1"})
    pictures = Container(
        name="train", path=Path("train"), names=tuple(f"{each}.png" for each in rows["ImageId"].unique())
    )
    head = Head(path=Path("train.csv"), file="train.csv", frame=rows, rows=len(rows), whole=True)
    found = attach(head, [pictures], "ImageId", train=True)
    assert found is not None and (found.container.name, found.column, found.share) == ("train", "ImageId", 1)


def test_only_the_head_of_a_table_is_read(tmp_path: Path) -> None:
    rows = heads.ROWS + 5_000
    (tmp_path / "train.csv").write_text("id,a\n" + "".join(f"{number},12345\n" for number in range(rows)))
    head = heads.read(tmp_path / "train.csv", "train.csv")
    assert not head.whole and len(head.frame) == heads.ROWS
    assert head.rows == pytest.approx(rows, rel=0.1)


def test_packed_tables_are_called_as_the_kit_finds_them(tmp_path: Path) -> None:
    rows = Rows(3, {"id": "id", "a": "num"})
    write(
        tmp_path,
        {"train.csv.zip": Pack("train.csv", rows), "test.zip": Pack("test.csv", rows), "x.zip": Pack("y.csv", rows)},
    )
    called = [heads.read(tmp_path / name, name).file for name in ("train.csv.zip", "test.zip", "x.zip")]
    assert called == ["train.csv", "test.csv", "x.zip"]


def test_parts_of_a_table_are_told_and_versions_are_none(tmp_path: Path) -> None:
    columns = {"id": "id", "a": "num", "y": "mark:0/2"}
    files: dict[str, Content] = {"train_2.csv": Rows(20, columns, start=20), "train_10.csv": Rows(20, columns, start=40),
             "train_1.csv": Rows(20, columns), "test.csv": Rows(20, {"id": "id", "a": "num"}, start=60),
             "sample_submission.csv": Rows(20, {"id": "id", "y": "one:0.5"}, start=60)}  # fmt: skip
    train = discover(write(tmp_path / "parts", files), "toy", "toy").competition.files.train
    assert isinstance(train, Table)
    assert (train.file, *train.continued) == ("train_1.csv", "train_2.csv", "train_10.csv")
    files |= {"train_2.csv": Rows(18, columns), "train_10.csv": Rows(20, columns)}  # the same rows again
    made = discover(write(tmp_path / "versions", files), "toy", "toy")
    assert made.competition.files.train.file == "train_1.csv"
    assert not made.competition.files.train.continued  # type: ignore[union-attr]
    assert [each.taken for each in made.findings if each.what == "not used"] == ["train_10.csv", "train_2.csv"]


def test_a_sample_submission_of_few_rows_shows_examples(tmp_path: Path) -> None:
    columns = {"id": "id:k{}", "kind": "each:a|b", "y": "num"}
    files: dict[str, Content] = {"train.csv": Rows(40, columns), "test.csv": Rows(24, {**columns, "y": "one:"}, start=40),
                                 "sample_submission.csv": Rows(3, {**columns, "y": "one:7"}, start=41)}  # fmt: skip
    made = discover(write(tmp_path, files), "toy", "toy")
    assert why(made, "submitted rows") == "sample_submission.csv lists only 3 rows: examples"
    expected = data.expected(made.competition, tmp_path)
    assert list(expected["id"]) == [f"k{number}" for number in range(40, 64)]  # type: ignore[index]
    sample = data.read(made.competition, tmp_path).sample_submission
    assert sample is not None
    assert sample[["id", "kind", "y"]].iloc[3].tolist() == ["k43", "b", "7"]  # what is echoed is that of the test
    files["sample_submission.csv"] = Rows(13, {**columns, "y": "one:7"}, start=41)
    assert discover(write(tmp_path, files), "toy", "toy").competition.submission.rows == "sample"


@pytest.mark.parametrize(("rows", "predicts"), [(100_000, "class"), (1_000_000, "nothing")])
def test_classes_whose_probabilities_no_memory_holds_are_not_predicted(rows: int, predicts: str) -> None:
    answers = Answers(shape="words", classes=tuple(map(str, range(5_000))))
    decided = cells.within_memory(Decided(predicts="class", cell=Cell(kind="label")), answers, rows, Notes())
    assert (decided.predicts, decided.cell.kind) == (predicts, "label")
