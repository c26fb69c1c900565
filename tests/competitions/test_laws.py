"""Laws over all competitions: a new folder is tested the moment it exists."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kit import kit

import competitions
from common import data, registry
from common.competition import Cell, Competition, Split, SubmissionFormat
from common.config import resolve
from common.environment import detect
from common.errors import KitError, SettingError, UnknownName
from common.metrics import named
from common.model import Context, Models
from common.progress import Progress
from common.settings import flat, override, reasons
from common.splits.folds import make_folds

ROOT = Path(registry.__file__).parents[1]
NAMES = registry.names()
Enriched = Callable[[str], data.Frames]


@pytest.fixture(params=NAMES)
def competition(request: pytest.FixtureRequest) -> Competition:
    return registry.get(request.param)


@pytest.fixture
def folder(competition: Competition, samples: Callable[[str, int], Path]) -> Path:
    return samples(competition.name, 200)


@pytest.fixture(scope="module")
def enriched(samples: Callable[[str, int], Path], tmp_path_factory: pytest.TempPathFactory) -> Enriched:
    """Return what reads the frames of a competition's sample as the split sees them, once."""

    @functools.cache
    def read(name: str) -> data.Frames:
        competition, run = registry.get(name), tmp_path_factory.mktemp(name)
        context = Context.of(name, detect(), run, progress=Progress(live=False))
        frames, config = data.read(competition, samples(name, 200)), resolve(competition, "sample")
        return registry.models(name).enrich(frames, config, context)

    return read


def test_there_are_competitions() -> None:
    assert "patent" in NAMES


def test_the_description_fits_the_folder(competition: Competition) -> None:
    folder = ROOT / "competitions" / competition.name
    for name in ("competition.py", "model.py", "README.md"):
        assert (folder / name).is_file()
    for metric in (competition.metric, *competition.also_report):
        assert named(metric) == metric
    assert competition.slug in competition.url
    for profile in competition.profiles:
        assert flat(resolve(competition, profile))["split.kind"]


def test_nothing_else_in_the_library_names_it(competition: Competition) -> None:
    for path in (ROOT / "common").rglob("*.py"):
        code = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if "kit " not in line)
        assert competition.slug not in code, path
        assert f"competitions.{competition.name}" not in code, path


def test_the_sample_is_what_the_description_says(competition: Competition, folder: Path) -> None:
    frames = data.read(competition, folder)
    assert frames.train is not None and frames.sample_submission is not None
    assert set(frames.sample_submission[competition.submission.id]) == set(
        data.ids(frames.test, competition.files.test)
    )
    assert (folder / "answers.csv").is_file()
    assert competition.target not in frames.test


def test_the_sample_hides_new_rows(competition: Competition, enriched: Enriched) -> None:
    frames = enriched(competition.name)
    assert frames.train is not None
    group = competition.split.group
    if group is not None:
        assert not set(frames.train[group]) & set(frames.test[group])


def test_the_sample_is_large_enough_for_its_split(competition: Competition, enriched: Enriched) -> None:
    frames = enriched(competition.name)
    split = resolve(competition, "sample").split
    assert frames.train is not None and split is not None
    assert (make_folds(frames.train, split) >= 0).any()


def test_code_and_settings_of_training_know_no_sample() -> None:
    for path in (ROOT / "competitions").rglob("*.py"):
        assert "if sample" not in path.read_text(encoding="utf-8")


def test_an_unknown_competition_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'patent'"):
        registry.get("patnet")


def test_a_folder_is_all_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import competitions

    new = tmp_path / "brand_new"
    new.mkdir()
    (new / "__init__.py").write_text("")
    (new / "competition.py").write_text("from competitions.patent.competition import COMPETITION\n")
    monkeypatch.setattr(competitions, "__path__", [*competitions.__path__, str(tmp_path)])
    assert "brand_new" in registry.names()
    assert registry.get("brand_new").name == "patent"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"target": "scroe"}, "no column of the training table"),
        ({"inputs": ("anchors",)}, "not in both tables"),
        ({"profiles": {}}, "profiles missing: sample, baseline"),
    ],
)
def test_a_wrong_description_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        replace(registry.get("patent"), **changes)  # type: ignore[arg-type]


def test_wrong_parts_are_refused() -> None:
    with pytest.raises(SettingError, match="at least one target"):
        SubmissionFormat(id="id", targets=())
    with pytest.raises(SettingError, match="clip needs"):
        SubmissionFormat(id="id", targets=("a",), cell=Cell(clip=True))
    with pytest.raises(SettingError, match=r"needs split\.group"):
        Split(kind="group")
    with pytest.raises(SettingError, match=r"unknown split kind 'groups'"):
        Split(kind="groups")  # type: ignore[arg-type]
    assert override(Split(kind="random"), {"n_splits": "3"}).n_splits == 3


def test_no_data_weights_or_large_files_are_in_the_repository() -> None:
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    for name in listed.splitlines():
        path = ROOT / name
        submission = path.name in ("submission.csv", "submission.zip")  # the second of masks in files
        limit = 1_000_000 if submission else 500_000  # 25,000 rows are 700,000 bytes
        assert not path.is_file() or path.stat().st_size < limit, name
        assert submission or path.suffix not in {".safetensors", ".bin", ".pt", ".pth", ".zip", ".parquet"}, name


def test_a_folder_of_two_files_is_a_competition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "newcomer"
    folder.mkdir()
    monkeypatch.setattr(competitions, "__path__", [*competitions.__path__, str(tmp_path)])
    description = (ROOT / "competitions" / "patent" / "competition.py").read_text()
    (folder / "competition.py").write_text(description.replace('name="patent"', 'name="newcomer"'))
    assert "newcomer" in registry.names() and registry.get("newcomer").name == "newcomer"
    with pytest.raises(KitError, match=r"competitions/newcomer has no model\.py"):
        registry.models("newcomer")
    (folder / "model.py").write_text("MODELS = None\n")
    with pytest.raises(KitError, match="must set MODELS to an object of a class derived from Models"):
        registry.models("newcomer")


def test_a_misspelt_hook_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match="no hook 'prepair'"):
        type("Misspelt", (Models,), {"prepair": lambda self: None})
    (tmp_path / "misspelt").mkdir()
    (tmp_path / "misspelt" / "competition.py").touch()
    (tmp_path / "misspelt" / "model.py").write_text(
        "from common.model import Models\n\n\nclass Mine(Models):\n    def prepair(self): ...\n"
    )
    monkeypatch.setattr(competitions, "__path__", [*competitions.__path__, str(tmp_path)])
    with pytest.raises(KitError, match=r"Mine has no hook 'prepair'; hooks: .* \(model\.py, line 4\)$"):
        registry.models("misspelt")


@pytest.mark.parametrize("name", registry.names())
def test_every_setting_of_every_profile_has_a_reason(name: str) -> None:
    for profile, config in registry.get(name).profiles.items():
        assert not set(flat(config)) - {key for key, reason in reasons(config).items() if reason}, profile


def test_a_broken_competition_is_named_and_the_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    description = (ROOT / "competitions" / "patent" / "competition.py").read_text()
    for name, text in (
        ("syntax", "COMPETITION = ("),
        ("setting", "from common.competition import Split\nSplit(kind='x')"),
        ("unnamed", "COMPETTION = None"),
        ("unscored", description.replace('metric="pearson"', 'metric="logloss"')),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "competition.py").write_text(text)
    monkeypatch.setattr(competitions, "__path__", [*competitions.__path__, str(tmp_path)])
    said = kit(capsys, "list")
    assert said.code == 0 and "patent" in said.out and "pets" in said.out
    first, second, third, fourth = said.err.splitlines()
    assert (
        first
        == "warning: competitions/setting/competition.py: unknown split kind 'x'; known: " + first.split("known: ")[1]
    )
    assert second.startswith(
        "warning: competitions/syntax/competition.py cannot be imported: SyntaxError: '(' was never"
    )
    assert second.endswith("(competition.py, line 1)") and second.count("competition.py, line") == 1
    assert third == "warning: competitions/unnamed/competition.py must set COMPETITION to a Competition"
    assert fourth.startswith(
        "warning: competitions/unscored/competition.py: unknown metric 'logloss'. Did you mean 'log_loss'? Known: "
    )
    assert kit(capsys, "show", "syntax").complaint.startswith(
        "kit: competitions/syntax/competition.py cannot be imported"
    )
