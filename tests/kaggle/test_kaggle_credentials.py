"""P14: which credential wins, found without a network and without showing it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kaggle_seam import isolate

from common.kaggle.credentials import find, mask

TOKEN = "KGAT_" + "a1" * 16
KEY = "0123456789abcdef" * 2


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any credential, and without a way to Kaggle."""
    isolate(tmp_path, monkeypatch)
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name)
    (tmp_path / ".kaggle").mkdir()
    return tmp_path


def put(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def kaggle_json(home: Path, mode: int = 0o600, **changes: str) -> Path:
    return put(home / ".kaggle" / "kaggle.json", json.dumps({"username": "ann", "key": KEY} | changes), mode)


def oauth(home: Path) -> Path:
    return put(home / ".kaggle" / "credentials.json", json.dumps({"refresh_token": "r" * 40, "username": "olga"}))


def test_without_a_credential_it_is_said_how_to_get_one(home: Path) -> None:
    credential = find()
    assert credential.kind == "none"
    assert "https://www.kaggle.com/settings" in credential.warnings[0]


def test_the_order_is_the_official_clients(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oauth(home)
    assert (find().kind, find().username) == ("oauth", "olga")
    kaggle_json(home)
    assert (find().kind, find().username) == ("key", "ann")
    put(home / ".kaggle" / "access_token", TOKEN)
    assert (find().kind, find().source) == ("token", "access_token")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    assert find().source == "KAGGLE_API_TOKEN"
    monkeypatch.setenv("KAGGLE_API_V1_TOKEN", str(put(home / "v1", "a.web.token")))
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    monkeypatch.setenv("KAGGLE_DATA_PROXY_URL", "http://proxy")
    assert find().source == "KAGGLE_API_V1_TOKEN"
    assert not any("does not look like" in warning for warning in find().warnings)


def test_what_is_passed_over_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oauth(home)
    file = kaggle_json(home)
    assert find().warnings == (f"{file} comes first; ~/.kaggle/credentials.json: not used",)
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    (warning,) = find().warnings
    assert warning.startswith("KAGGLE_API_TOKEN comes first") and "only used if that token is not active" in warning


def test_variables_override_the_file_one_by_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kaggle_json(home)
    monkeypatch.setenv("KAGGLE_USERNAME", "bob")
    assert (find().username, find().source) == ("bob", f"KAGGLE_USERNAME and {file}")
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    assert find().source == "KAGGLE_USERNAME and KAGGLE_KEY"


def test_the_folder_of_kaggle_json_may_be_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(home / "elsewhere" / "kaggle.json", json.dumps({"username": "ann", "key": KEY}))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(file.parent))
    assert find().source == str(file)
    monkeypatch.delenv("KAGGLE_CONFIG_DIR")
    (home / ".kaggle").rmdir()
    file = put(home / "xdg" / "kaggle" / "kaggle.json", json.dumps({"username": "ann", "key": KEY}))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    assert find().source == str(file)


def test_the_token_variable_may_name_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(home / "token", TOKEN, 0o644)
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(file))
    assert find().kind == "token"
    assert find().warnings == (f"other users of this machine can read {file}: chmod 600 {file}",)


def test_an_empty_token_file_hides_the_default_places_as_in_the_client(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / ".kaggle" / "access_token", TOKEN)
    kaggle_json(home)
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(put(home / "empty", "")))
    assert find().kind == "key"
    assert find().warnings == ("KAGGLE_API_TOKEN names a file without a token",)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_reported(home: Path, mode: int) -> None:
    file = kaggle_json(home, mode)
    assert find().warnings == (f"other users of this machine can read {file}: chmod 600 {file}",)


def test_a_private_file_is_not_reported(home: Path) -> None:
    kaggle_json(home)
    assert find().warnings == ()


@pytest.mark.parametrize("token", [KEY, "~/no/such/file", '{"username": "ann"}', "short", "KGAT_two words"])
def test_a_wrong_token_beside_a_right_key_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    kaggle_json(home)
    monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    credential = find()
    assert credential.kind == "token"
    assert "does not look like one of Kaggle's" in credential.warnings[0]
    assert token not in repr(credential)


def test_a_token_that_the_client_fails_on_is_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x" * 5000)  # longer than a file's name may be
    assert "x" * 20 not in repr(find())


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"username": "ann"}'])
def test_a_broken_kaggle_json_is_no_credential(home: Path, text: str) -> None:
    file = put(home / ".kaggle" / "kaggle.json", text)
    credential = find()
    assert credential.kind == "none"
    assert credential.warnings[0] == f"{file}: both a user name and a key are needed"


def test_no_value_is_ever_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kaggle_json(home, 0o644)
    oauth(home)
    put(home / ".kaggle" / "access_token", TOKEN, 0o644)
    for variables in ({}, {"KAGGLE_API_TOKEN": KEY}, {"KAGGLE_KEY": KEY}):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        shown = repr(find())
        assert TOKEN not in shown
        assert KEY not in shown
        assert "r" * 40 not in shown


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("Authorization: Basic ZHVtbXk6c2VjcmV0", "ZHVtbXk6c2VjcmV0"),
        (f"token {TOKEN} refused", TOKEN),
        ("https://storage.example/file.zip?X-Signature=abc&Expires=1 failed", "X-Signature"),
        ("url: /v1/x?sig=abc", "sig=abc"),
        ("https://ann:pass@proxy:3128/", "pass"),
        ('{"username":"ann","key":"verysecret"}', "verysecret"),
    ],
)
def test_mask_hides_credentials_by_their_format(text: str, hidden: str) -> None:
    assert hidden not in mask(text)
    assert mask(mask(text)) == mask(text)


def test_mask_hides_given_secrets_and_nothing_else() -> None:
    assert mask("key hunter22 and hunter2", ["hunter2", "hunter22", ""]) == "key *** and ***"
    assert mask("epoch 1: loss 0.25, see https://www.kaggle.com/code/ann/x") == (
        "epoch 1: loss 0.25, see https://www.kaggle.com/code/ann/x"
    )
