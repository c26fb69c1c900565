"""`kit download`, `submissions`, `leaderboard` and `submit` as a user types them, against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kaggle_seam import isolate
from kit import kit
from stand_in_world import KEY, USER

from common import registry
from common.kaggle import official
from common.kaggle.stand_in.server import StandIn
from common.kaggle.stand_in.world import Hosted
from competitions.patent import sample


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder beside a stand-in that has the competition."""
    isolate(tmp_path / "home", monkeypatch)
    monkeypatch.setenv("KIT_ENVIRONMENT", f"place=local root={tmp_path / 'work'}")
    sample.make(tmp_path / "data", 80, 0)
    patent = Hosted(competition=registry.get("patent"), data=tmp_path / "data")
    with StandIn(tmp_path / "state", [patent]) as server:
        connect = official.connect
        monkeypatch.setattr(official, "connect", lambda tell: connect(server.url, username=USER, key=KEY, tell=tell))
        yield tmp_path / "work"


def test_download_fetches_once(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = kit(capsys, "download", "patent", "--json")
    assert first.code == 0 and first.json["fetched"] is True
    folder = work / "data" / registry.get("patent").slug
    assert (folder / "train.csv").is_file() and not (folder / "answers.csv").exists()
    assert kit(capsys, "download", "patent", "--json").json["fetched"] is False


def test_nothing_was_submitted_yet(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no submission yet" in kit(capsys, "submissions", "patent").out
    board = kit(capsys, "leaderboard", "patent", "--score", "0.5", "--json")
    assert board.code == 0 and board.json["rank"] == 1


def test_a_file_is_refused_by_a_code_competition(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kit(capsys, "download", "patent").code == 0
    file = next((work / "data").rglob("sample_submission.csv"))
    said = kit(capsys, "submit", "patent", file, "-m", "a file", "--yes")
    assert said.code == 1 and "code competition" in said.complaint
    said = kit(capsys, "submit", "patent", "nowhere.csv", "-m", "a file")
    assert said.code == 1 and "does not exist" in said.complaint
