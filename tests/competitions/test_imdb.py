"""Film reviews: both layouts, the star rating that must stay unseen, the n-grams, and what a run tells."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kit import context_at, kit

from common import data, registry
from common.config import resolve
from common.data.frames import Frames
from common.environment import OVERRIDE
from common.model import Context
from common.text.settings import Baseline, NGrams
from competitions.imdb.model import MODELS
from competitions.imdb.reviews import as_written, unquoted

IMDB = registry.get("imdb")
TABLES = {"train": "labeledTrainData.tsv", "test": "testData.tsv", "unsup": "unlabeledTrainData.tsv"}


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imdb")
    registry.sample("imdb").make(folder, 200, 0)
    return folder


def frames_of(folder: Path) -> Frames:
    return as_written(data.read(IMDB, folder))


def as_folders(frames: Frames, folder: Path) -> Path:
    """Write the reviews as fastai has them: train/pos/0_9.txt, train/neg, test, unsup."""
    for row in frames.training.itertuples():
        path = folder / "train" / ("pos" if row.sentiment else "neg") / f"{row.id}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(row.review, encoding="utf-8")
    for name, frame in (("test/pos", frames.test), ("unsup", frames.extra["unlabeled"])):
        (folder / name).mkdir(parents=True)
        for row in frame.itertuples():
            (folder / name / f"{row.id}.txt").write_text(row.review, encoding="utf-8")
    (folder / "train" / "labeledBow.feat").write_text("0:1 2:3")
    return folder


def zipped(folder: Path, out: Path) -> Path:
    """Pack every table or folder into an archive of its own."""
    out.mkdir()
    for path in folder.iterdir():
        if path.suffix == ".csv":
            (out / path.name).write_bytes(path.read_bytes())
            continue
        with zipfile.ZipFile(out / f"{path.name}.zip", "w") as archive:
            for file in [path] if path.is_file() else sorted(path.rglob("*.txt")):
                archive.write(file, file.relative_to(folder).as_posix())
    return out


def content(frames: Frames) -> dict[str, Any]:
    tables = {"train": frames.training, "test": frames.test, **frames.extra}
    return {
        name: sorted(
            table[[column for column in ("id", "sentiment", "review") if column in table]].itertuples(index=False)
        )
        for name, table in tables.items()
    }


def fitted(frames: Frames, config: Any, folder: Path) -> tuple[Any, Frames, Context]:
    """Prepare, and train one fold whose validation rows are the first 30."""
    context = context_at(folder)
    prepared = MODELS.prepare(MODELS.enrich(frames, config, context), config, context).frames
    made = MODELS.build(config, prepared, context)
    made.fit(prepared.training.iloc[30:], prepared.training.iloc[:30])
    return made, prepared, context


# Data


def test_all_layouts_are_the_same_reviews(reviews: Path, tmp_path: Path) -> None:
    frames = frames_of(reviews)
    folders = as_folders(frames, tmp_path / "folders")
    for place in (zipped(reviews, tmp_path / "tsv"), folders, zipped(folders, tmp_path / "zips")):
        assert content(frames_of(place)) == content(frames), place


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ('"a \\"b\\" c"', 'a "b" c'),
        ('"a"', "a"),
        ("plain", "plain"),
        ('"open', '"open'),
        ('"', '"'),
        ('""', ""),
        ("", ""),
    ],
)
def test_quotes_of_the_file_are_no_part_of_a_review(raw: str, read: str) -> None:
    assert unquoted(raw) == read


def test_without_the_unlabelled_reviews_there_are_none(reviews: Path, tmp_path: Path) -> None:
    for name in (*TABLES.values(), "sampleSubmission.csv"):
        if name != TABLES["unsup"]:
            (tmp_path / name).write_bytes((reviews / name).read_bytes())
    assert frames_of(tmp_path).extra == {}


# The star rating behind an id


@pytest.mark.slow
def test_other_ids_change_no_prediction_of_the_baseline(reviews: Path, tmp_path: Path) -> None:
    frames = data.read(IMDB, reviews)
    others = {"train": frames.training, "test": frames.test}
    rated = {
        name: frame.assign(id=[f"{row}_{1 + 9 * (row % 2)}" for row in range(len(frame))])
        for name, frame in others.items()
    }
    config, seen = Baseline(ngrams=NGrams(min_df=1)), []
    for number, given in enumerate((frames, replace(frames, **rated))):
        made, prepared, _ = fitted(given, config, tmp_path / str(number))
        seen.append(made.predict(prepared.test))
    assert np.array_equal(*seen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "changes"),
    [
        ("sample", ("network.hidden=16", "language_model.epochs=1", "classifier.epochs=1")),
        ("baseline", ()),
        (
            "best",
            ("backbone=tiny-random", "recipe=cpu", "cpu.rows=40", "cpu.frozen_layers=0", "ngrams.min_df=1"),
        ),
    ],
)
def test_no_model_looks_at_an_id(reviews: Path, tmp_path: Path, profile: str, changes: tuple[str, ...]) -> None:
    frames = data.read(IMDB, reviews)
    without = replace(
        frames,
        train=frames.training.drop(columns="id"),
        test=frames.test.drop(columns="id"),
        extra={name: frame.drop(columns="id") for name, frame in frames.extra.items()},
    )
    made, prepared, _ = fitted(without, resolve(IMDB, profile, changes), tmp_path)
    predicted = made.predict(prepared.test)
    assert predicted.shape == (len(frames.test),) and ((predicted >= 0) & (predicted <= 1)).all()


# The baseline


@pytest.mark.slow
def test_reviews_of_any_kind_have_a_prediction(reviews: Path, tmp_path: Path) -> None:
    frames = data.read(IMDB, reviews)
    strange = ["", " ", "\x85\x10\x96", "<br /><br />", "good " * 20_000, '"', "鰐 naïve É\xa0", "xxbos xxpad"]
    test = pd.DataFrame({"id": [f"{row}_1" for row in range(len(strange))], "review": strange})
    made, prepared, context = fitted(replace(frames, test=test), Baseline(), tmp_path)
    predicted = made.predict(prepared.test)
    assert np.isfinite(predicted).all()
    made.save(tmp_path / "fold")
    again = MODELS.load(tmp_path / "fold", Baseline(), context)
    assert np.array_equal(again.predict(prepared.test), predicted)
    assert made.predict(prepared.test.iloc[:0]).shape == (0,)


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("profile", ["baseline", "best"])
def test_several_processes_are_refused_before_there_is_a_run(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], profile: str,
    rank: int,
) -> None:  # fmt: skip
    monkeypatch.setenv(OVERRIDE, f"place=local root={tmp_path} internet=off")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", str(rank))
    said = kit(capsys, "train", "imdb", "--data", reviews, "--profile", profile)
    assert said.code == 1 and "trains in one process" in said.complaint
    assert not (tmp_path / "submissions").exists()


# A run


@pytest.fixture(scope="module")
def run(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline run on reviews of which one is in all tables, and one nearly so."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "data"
    folder.mkdir()
    for path in reviews.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    words = (
        "Nobody expected that the old lighthouse keeper would turn out to be the best reason for watching this slow but "
        "honest little film about harbours, letters, fog, regret and the price of a second-hand boat in a cold spring"
    )
    for name, row in (("train", f"1\t{words}"), ("test", words.replace("cold", "wet")), ("unsup", words)):
        with (folder / TABLES[name]).open("a", encoding="utf-8") as handle:
            handle.write(f'"77777_9"\t{row}\n')
    for name in ("sampleSubmission.csv", "answers.csv"):
        with (folder / name).open("a", encoding="utf-8") as handle:
            handle.write('"77777_9",1\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(OVERRIDE, f"place=local root={home} internet=off")
        patch.setenv("KIT_CACHE", str(home / "cache"))
        from common.cli import main

        words = ["train", "imdb", "--profile", "baseline", "--data", str(folder), "--out", str(home / "run")]
        assert main([*words, "--set", "split.n_splits=3", "--set", "ngrams.min_df=1"]) == 0
        yield home


@pytest.mark.slow
def test_the_baseline_learns_and_tells(run: Path) -> None:
    record = json.loads((run / "run" / "run.json").read_text())
    assert record["scores"]["roc_auc"] > 0.8 and record["scores"]["accuracy"] > 0.7
    told = "\n".join(record["warnings"])
    assert "test shares 0 rows with train in all inputs, and 1 more nearly (such as 'Nobody expected" in told
    assert "unlabeled shares 1 row with train in all inputs, and 0 more nearly" in told


def test_the_submission_is_quoted_as_kaggles(run: Path) -> None:
    sent, sample = (
        path.read_text().splitlines() for path in (run / "run/submission.csv", run / "data/sampleSubmission.csv")
    )
    assert sent[0] == sample[0] == '"id","sentiment"'
    assert [line.partition(",")[0] for line in sent] == [line.partition(",")[0] for line in sample]


def test_a_saved_run_predicts_the_same(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run / "again.csv"
    assert kit(capsys, "predict", "imdb", "--run", run / "run", "--data", run / "data", "--out", out).code == 0
    assert out.read_bytes() == (run / "run" / "submission.csv").read_bytes()
    assert kit(capsys, "grade", "imdb", out, run / "data" / "answers.csv", "--json").json["scores"]["roc_auc"] > 0.8


def test_explain_shows_the_worst_first_and_why(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("explain", "imdb", "--run", run / "run", "--data", run / "data", "--rows", 5)
    found = kit(capsys, *command, "--json").json
    oof = pd.read_csv(run / "run" / "oof.csv")
    wrong = (oof["target"] - oof["prediction"]).abs()
    assert [row["id"] for row in found["mistakes"]] == oof["id"][wrong.nlargest(5).index].tolist()
    assert [row["wrong"] for row in found["mistakes"]] == pytest.approx(wrong.nlargest(5).tolist())
    assert found["rows"] == len(oof)
    words = {answer: [word for word, _ in words] for answer, words in found["overall"].items()}
    from competitions.imdb.sample import BLAME, PRAISE

    assert set(words["positive"]) & set(PRAISE) and set(words["negative"]) & set(BLAME)
    first = found["mistakes"][0]
    assert first["inputs"]["review"] and first["reasons"]
    # The strongest reasons of a grave mistake speak for the wrong answer.
    assert np.sign(first["reasons"][0][1]) == (1 if first["target"] < 0.5 else -1)
    said = kit(capsys, *command)
    assert said.code == 0 and said.out.startswith("the 5 most wrong of") and first["id"] in said.out


def test_explain_gives_the_same_reasons_for_the_same_reviews_in_another_order(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def explained(folder: Path) -> Any:
        return kit(capsys, "explain", "imdb", "--run", run / "run", "--data", folder, "--rows", 5, "--json").json

    head, *rows = (run / "data" / TABLES["train"]).read_text(encoding="utf-8").splitlines()
    shutil.copytree(run / "data", tmp_path / "turned")
    (tmp_path / "turned" / TABLES["train"]).write_text("\n".join([head, *rows[::-1]]) + "\n", encoding="utf-8")
    assert explained(tmp_path / "turned") == explained(run / "data")


def test_explain_refuses_other_targets_and_a_run_without_oof(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(run / "data", tmp_path / "turned")
    table = tmp_path / "turned" / TABLES["train"]
    text = table.read_text(encoding="utf-8")
    table.write_text(re.sub("\t([01])\t", lambda label: f"\t{1 - int(label[1])}\t", text), encoding="utf-8")
    said = kit(capsys, "explain", "imdb", "--run", run / "run", "--data", table.parent)
    assert said.code == 1 and "other values of 'sentiment'" in said.complaint
    shutil.copytree(run / "run", tmp_path / "run")
    (tmp_path / "run" / "oof.csv").unlink()
    said = kit(capsys, "explain", "imdb", "--run", tmp_path / "run", "--data", run / "data")
    assert said.code == 1 and "has no out-of-fold predictions yet" in said.complaint


def test_a_line_break_among_reasons_is_shown() -> None:
    from common.commands.explain import _weighed

    assert _weighed([("good \n", 1.0), ("film", -0.5)]) == "good ⏎ +1.00, film -0.50"


def test_explain_wants_the_runs_own_data(
    run: Path, reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.sample("imdb").make(tmp_path, 20, 1)
    said = kit(capsys, "explain", "imdb", "--run", run / "run", "--data", tmp_path)
    assert said.code == 1 and "give --data the same data" in said.complaint
    assert kit(capsys, "explain", "imdb", "--run", tmp_path, "--data", tmp_path).code == 1
    assert kit(capsys, "explain", "imdb", "--run", run / "run", "--rows", "0").code == 2
