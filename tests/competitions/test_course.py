"""The rest of the course: their data's layout, one row or picture predicted, and the rungs' settings as the course has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit import Said, kit

from common import data, registry
from common.session.kernel import Kernel


@pytest.fixture
def trained(home: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """Return the run of a baseline on a competition's sample, and the sample's folder."""
    name, *more = request.param
    folder = home / "sample"
    registry.sample(name).make(folder, 120, 0)
    said = kit(capsys, "train", name, "--data", folder, "--profile", "baseline", "--folds", "0", *more, "--json")
    assert said.code == 0, said.err
    return Path(said.json["run"]), folder


@pytest.mark.slow
@pytest.mark.parametrize("trained", [("movielens",)], indirect=True)
def test_one_rating_is_predicted(trained: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    run, _ = trained

    def rating(*row: str) -> Said:
        return kit(capsys, "predict", run, "--row", *row, "--json")

    known = rating("userId=1", "movieId=2", "timestamp=1000000000").json[0]["rating"]
    stranger = rating("userId=nobody", "movieId=nothing", "timestamp=0").json[0]["rating"]
    assert 0.5 <= known <= 5 and 0.5 <= stranger <= 5 and known != stranger
    assert "unknown column 'movie'" in rating("userId=1", "movie=2").complaint
    assert "'movieId' is empty in this row; 'timestamp' is empty" in rating("userId=1").complaint
    assert "takes COLUMN=VALUE, not 'userId'" in rating("userId").complaint
    assert "is no picture" in kit(capsys, "predict", run, "cat.jpg").complaint


@pytest.mark.slow
@pytest.mark.parametrize(
    "trained",
    [("birds", "--set", "size=64", "--set", "cell=8", "--set", "landmarks=20", "--set", "components=10")],
    indirect=True,
)
def test_one_picture_is_predicted(
    trained: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from random import Random

    from common.vision.drawn import bird

    run, _ = trained
    (picture := tmp_path / "mine.jpg").write_bytes(bird(Random(5)))
    (broken := tmp_path / "broken.jpg").write_text("no picture")
    said = kit(capsys, "predict", run, picture, broken, "--json")
    assert [row["id"] for row in said.json] == ["mine.jpg", "broken.jpg"]
    assert said.json[0]["is_bird"] > 0.5 and 0.3 < said.json[1]["is_bird"] < 0.7
    assert "is no file" in kit(capsys, "predict", run, tmp_path / "gone.jpg").complaint
    assert "is not the folder of a run" in kit(capsys, "predict", "birds", picture).complaint
    assert "need a file: --out FILE" in kit(capsys, "predict", run).complaint


@pytest.mark.slow
@pytest.mark.parametrize("trained", [("digits", "--set", "landmarks=20", "--set", "components=10")], indirect=True)
def test_a_picture_of_a_digit_is_predicted_by_a_run_on_columns(
    trained: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from random import Random

    from common.vision.digits import digit

    digit(Random(5), "0").save(tmp_path / "zero.png")
    assert kit(capsys, "predict", trained[0], tmp_path / "zero.png", "--json").json == [
        {"ImageId": "zero.png", "Label": "0"}
    ]


def test_a_rating_outside_the_scale_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry.sample("movielens").make(home, 100, 0)
    path = home / "ratings.csv"
    lines = path.read_text().splitlines()
    user, film, _, when = lines[3].split(",")
    path.write_text("\n".join([*lines[:3], f"{user},{film},5.5,{when}", *lines[4:], ""]))
    said = kit(capsys, "train", "movielens", "--data", home, "--profile", "baseline")
    assert "'rating' is outside 0.5 to 5 in line 4: 5.5" in said.complaint
    assert not (home / "submissions").exists()


def test_a_row_of_pixels_too_short_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry.sample("digits").make(home, 60, 0)
    path = home / "train.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2].rpartition(",")[0], *lines[3:], ""]))
    said = kit(capsys, "train", "digits", "--data", home, "--profile", "pixels")
    assert "without exactly 785 fields" in said.complaint and "line 3 has 784" in said.complaint


def test_the_layout_of_threes_and_sevens_packed_or_not(tmp_path: Path) -> None:
    import zipfile

    registry.sample("threes_sevens").make(tmp_path, 40, 0)
    competition = registry.get("threes_sevens")
    packed = data.read(competition, tmp_path)
    assert len(packed.training) == 30 and len(packed.test) == 10 and not packed.unlabelled
    assert set(packed.training["digit"]) == {"3", "7"} and not set(packed.training["id"]) & set(packed.test["id"])
    for number, below in enumerate(("", "mnist_sample")):  # the archive unpacked as it is, or into a folder of its name
        plain = tmp_path / str(number)
        with zipfile.ZipFile(tmp_path / "mnist_sample.zip") as archive:
            archive.extractall(plain / below)
        read = data.read(competition, plain)
        assert read.training["id"].tolist() == packed.training["id"].tolist() and len(read.test) == 10


def test_the_kernel_of_a_competition_without_a_page_begins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.sample("movielens").make(home / "data", 60, 0)
    monkeypatch.setenv("KIT_DATA", str(home / "data"))
    monkeypatch.setenv("KIT_PROFILE", "baseline")
    kernel = Kernel.begin("movielens")
    assert kernel.competition is registry.get("movielens") and kernel.data == home / "data"
