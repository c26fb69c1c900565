"""Backbones from anywhere, features and heads, figures: what the competitions of pictures share."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from common import registry
from common.environment import Environment, detect
from common.errors import BackboneError, DataError, SettingError
from common.vision import backbones, figures
from common.vision.gradients import describe
from common.vision.guarded import GuardedModel
from common.vision.head import INNER_FOLDS, Head, inner_folds
from common.vision.settings import FineTuning, Frozen, Network, Thumbnails
from common.vision.task import Task

TINY = "test_resnet"
TASK = Task(target="label", picture="picture", classes=(0, 1), names=("cat", "dog"))


@pytest.fixture
def offline(tmp_path: Path) -> Environment:
    return replace(detect({}), inputs=(tmp_path / "input",), internet=False)


# Backbones --------------------------------------------------------------------------------------------------------------


def tensors(name: str = TINY, seed: int = 1) -> dict[str, torch.Tensor]:
    return dict(backbones.load(name, "random", detect({}), seed).network.state_dict())


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)


def test_random_weights_follow_from_the_seed(offline: Environment) -> None:
    assert same(tensors(seed=1), tensors(seed=1))
    assert not same(tensors(seed=1), tensors(seed=2))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("naming", ["own", "wrapped", "classifier"])
def test_weights_come_from_a_file_whatever_wrote_it(
    suffix: str, naming: str, offline: Environment, tmp_path: Path
) -> None:
    wanted = tensors()
    given = dict(wanted)
    if naming == "wrapped":
        given = {f"module.{key}": value for key, value in wanted.items()}
    if naming == "classifier":  # and without counters, as older files
        given = {key: value for key, value in wanted.items() if not key.endswith("num_batches_tracked")}
        given |= {"head.fc.weight": torch.zeros(10, 3), "head.fc.bias": torch.zeros(10)}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({"state_dict": given} if naming == "wrapped" else given, path)
    else:
        save_file(given, path)
    assert same(tensors(), dict(backbones.load(TINY, str(path), offline).network.state_dict()))
    assert same(tensors(), dict(backbones.load(TINY, str(tmp_path), offline).network.state_dict())), "the folder"


def test_attached_weights_are_found_by_name(offline: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "input" / "test-resnet" / "pytorch" / "default" / "1"
    folder.mkdir(parents=True)
    save_file(tensors(seed=5), folder / "model.safetensors")
    assert same(tensors(seed=5), dict(backbones.load(TINY, "", offline).network.state_dict()))


def test_torchvisions_networks_lose_their_classifier(offline: Environment) -> None:
    backbone = backbones.load("resnet18", "random", offline)
    assert backbone.library == "torchvision"
    with torch.inference_mode():
        assert backbone.network.eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 512)
    assert backbones.load("timm/resnet18", "random", offline).library == "timm"


def test_no_weights_and_no_internet_is_one_line(offline: Environment) -> None:
    with pytest.raises(BackboneError, match=r"no weights of test_resnet here: .* give --set weights=FILE"):
        backbones.load(TINY, "", offline)


@pytest.mark.parametrize(
    ("name", "says"), [("resnet43", "Did you mean .*resnet"), ("timm/nothing", "unknown backbone 'timm/nothing'")]
)
def test_an_unknown_backbone_is_told(name: str, says: str, offline: Environment) -> None:
    with pytest.raises(BackboneError, match=says):
        backbones.load(name, "", offline)


@pytest.mark.parametrize("name", ["convnext_base.fb_in22k_ft_in1k", "resnet34.a1_in1k", "vit_tiny_patch16_224"])
def test_a_name_with_a_tag_is_timms(name: str) -> None:
    assert backbones.resolve(name) == ("timm", name)


def test_the_profiles_own_backbones_exist() -> None:
    for profiles in (registry.get(name).profiles.values() for name in ("pets", "pet_breeds")):
        for backbone in {config.backbone for config in profiles if isinstance(config, Network)}:
            assert backbones.resolve(backbone)[1] == backbone
    with pytest.raises(BackboneError, match="unknown backbone"):
        backbones.resolve("convnext_base.fb_in22k_ft_in2k")


def test_weights_of_a_larger_network_are_refused(offline: Environment, tmp_path: Path) -> None:
    path = tmp_path / "larger.safetensors"
    extra = {f"stages.9.conv{number}.weight": torch.zeros(3) for number in range(3)}
    save_file(tensors() | extra, path)
    with pytest.raises(BackboneError, match=r"the backbone has no tensor stages\.9\.conv0\.weight"):
        backbones.load(TINY, str(path), offline)


def test_a_size_that_a_backbone_does_not_take_is_told_at_once(offline: Environment) -> None:
    backbone = backbones.load("vit_tiny_patch16_224", "random", offline)
    with pytest.raises(BackboneError, match="takes no pictures of 96 pixels"):
        backbones.require_size(backbone, 96)
    backbones.require_size(backbones.load(TINY, "random", offline), 96, 64)


def test_pictures_for_fine_tuning_are_shown_to_the_backbone_too() -> None:
    assert Frozen(sizes=(224, 288), tuning=FineTuning(size=160)).input_sizes == (224, 288)
    assert Frozen(sizes=(224,), tuning=FineTuning(epochs=1, size=160)).input_sizes == (224, 160)


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("harm"),)  # type: ignore[return-value]


def test_code_in_a_file_of_weights_is_never_run(
    offline: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    torch.save({"weight": Harm()}, path)
    (tmp_path / "plain.bin").write_bytes(pickle.dumps(Harm(), protocol=2))
    for given in (path, tmp_path / "plain.bin"):
        with pytest.raises(BackboneError, match="only plain tensors are loaded"):
            backbones.load(TINY, str(given), offline)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("change", ["cut", "other network", "empty", "several", "no names"])
def test_weights_that_do_not_fit_are_told(change: str, offline: Environment, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    given = tensors("test_byobnet") if change == "other network" else {} if change == "empty" else tensors()
    save_file(given, path)
    if change == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    if change == "no names":
        path = tmp_path / "weights.pth"
        torch.save([torch.zeros(3)], path)
    if change == "several":
        save_file(given, tmp_path / "more.safetensors")
        path = tmp_path
    says = {
        "cut": "cannot be read as weights", "several": "must be one file .* it has: more.safetensors, weights.safetensors",
        "other network": "does not fit: it has no tensor .* another architecture", "empty": "it has no tensor",
        "no names": "holds no tensors",
    }  # fmt: skip
    with pytest.raises(BackboneError, match=says[change]):
        backbones.load(TINY, str(path), offline)


# Gradients and heads ----------------------------------------------------------------------------------------------------


def test_gradients_see_edges_not_brightness() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 100, (3, 64, 64, 1)).astype(np.uint8).repeat(3, axis=3)
    plain, brighter = describe(pictures, 8), describe(pictures + np.uint8(80), 8)
    n_gradients = 8 * 8 * 9
    assert plain.shape == (3, n_gradients + 2 * 2 * 6)
    np.testing.assert_allclose(plain[:, :n_gradients], brighter[:, :n_gradients], atol=1e-3)
    stripes = np.zeros((2, 64, 64, 3), np.uint8)
    stripes[0, :, ::8], stripes[1, ::8] = 255, 255  # one upright, one lying: other directions
    upright, lying = describe(stripes, 8)[:, :n_gradients].reshape(2, 64, 9).mean(axis=1)
    assert upright.argmax() == 0 and lying.argmax() in (4, 5)


def blocks(n: int, seed: int = 0, classes: int = 2) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Two noisy blocks of very different scale, from which the class can be told."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, classes, n)
    signal = np.eye(classes)[codes]
    made = {
        "64 mean": signal @ rng.normal(size=(classes, 12)) + rng.normal(size=(n, 12)),
        "64 max": 1000 * (signal @ rng.normal(size=(classes, 6)) + rng.normal(size=(n, 6))),
    }
    return {name: values.astype(np.float32) for name, values in made.items()}, codes


@pytest.mark.parametrize("classes", [2, 4])
def test_a_head_learns_chooses_and_is_kept(classes: int, tmp_path: Path) -> None:
    seen, codes = blocks(300, classes=classes)
    head = Head(classes + 1)  # one class that nobody has seen
    chosen = head.fit(seen, codes, np.arange(300), (0.001, 0.1, 1.0, 10.0), seed=0)
    log_proba = head.predict_log_proba(seen)
    assert log_proba.shape == (300, classes + 1)
    assert (log_proba.argmax(axis=1) == codes).mean() > 0.7
    assert (log_proba[:, -1] == -20).all()
    assert chosen["C"] > 0.001 and chosen["inner_loss"] == min(loss for _, loss in chosen["tried"])
    head.save(tmp_path)
    again = Head(classes + 1)
    again.read(tmp_path)
    np.testing.assert_allclose(again.predict_log_proba(seen), log_proba, rtol=1e-6)


def test_inner_folds_keep_what_looks_alike_together() -> None:
    codes, groups = np.arange(60) % 2, np.arange(60) // 4
    folds = inner_folds(codes, groups, 0)
    assert folds is not None and len(set(folds)) == INNER_FOLDS
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert inner_folds(np.array([0, 0, 0, 1]), np.arange(4), 0) is None
    assert inner_folds(np.repeat([0, 1], [6, 12]), np.r_[np.zeros(6), np.arange(1, 13)], 0) is None, (
        "one look of a class"
    )


def test_temperature_is_chosen_on_inner_folds_alone() -> None:
    seen, codes = blocks(200)
    one, other = Head(2), Head(2)
    rows = np.arange(200) < 150
    part = {name: values[rows] for name, values in seen.items()}
    first = one.fit(part, codes[rows], np.arange(150), (0.1, 1.0), seed=0)
    shuffled = {name: np.concatenate((values[rows], values[~rows][::-1])) for name, values in seen.items()}
    second = other.fit({n: v[:150] for n, v in shuffled.items()}, codes[rows], np.arange(150), (0.1, 1.0), seed=0)
    assert first == second


class Sure:
    """A classifier that is certain, and wrong."""

    def __init__(self) -> None:
        self.notes: dict[str, object] = {}

    def fit(self, train: pd.DataFrame, valid: pd.DataFrame) -> None:
        assert len(train)

    def outputs(self, frame: pd.DataFrame) -> np.ndarray:
        return np.tile([1.0, 0.0], (len(frame), 1))


def test_unreadable_rows_get_the_classes_shares_and_nothing_is_certain() -> None:
    model = GuardedModel(TASK, Sure())  # type: ignore[arg-type]
    train = pd.DataFrame({"label": [0.0, 1.0, 1.0, 1.0], "row": range(4)})
    model.fit(train, train)
    predicted = model.predict(pd.DataFrame({"row": [3, -1]}))
    assert 0 < predicted[0] < 1e-5
    assert predicted[1] == pytest.approx(4 / 6)
    with pytest.raises(DataError, match="all 2 training rows are of one class, 'dog'"):
        model.fit(train[1:3], train)


def test_the_task_reads_answers_and_gives_submissions() -> None:
    assert TASK.codes(pd.DataFrame({"label": [1.0, 0.0]})).tolist() == [1, 0]
    with pytest.raises(DataError, match=r"'label' holds .*2.*; known: 0, 1"):
        TASK.codes(pd.DataFrame({"label": [2.0]}))
    probabilities = np.array([[0.2, 0.8]])
    np.testing.assert_allclose(TASK.probabilities(TASK.predictions(probabilities)), probabilities)
    with pytest.raises(SettingError, match="two or more"):
        Task(target="x", picture="y", classes=(1,), names=("one",))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Thumbnails(size=100), "multiple of 4 \\* cell"),
        (lambda: Frozen(sizes=()), "give one or more"),
        (lambda: FineTuning(weight=1.5), "weight must be <= 1, got 1.5"),
        (lambda: FineTuning(views=7), "views must be <= 6, got 7"),
        (lambda: Frozen(batch_size=0), "batch_size must be >= 1, got 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: object, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        wrong()  # type: ignore[operator]


# Figures ----------------------------------------------------------------------------------------------------------------


def test_losses_are_those_of_the_true_class() -> None:
    probabilities = np.array([[0.25, 0.75], [1.0, 0.0]])
    np.testing.assert_allclose(figures.losses(np.array([1, 0]), probabilities), [-np.log(0.75), 0], atol=1e-12)


def test_a_confusion_matrix_counts() -> None:
    figure = figures.confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2]), ("a", "b", "c"))
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["1", "1", "1", "1"]
    assert "75.00%" in figure.get_suptitle()


def test_calibration_of_true_probabilities_lies_on_the_diagonal() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(20_000)
    truth = (rng.random(20_000) < said).astype(int)
    figure = figures.calibration(truth, np.column_stack((1 - said, said)), ("cat", "dog"))
    across, up = figure.axes[0].containers[0][0].get_xydata().T
    np.testing.assert_allclose(across, up, atol=0.03)
