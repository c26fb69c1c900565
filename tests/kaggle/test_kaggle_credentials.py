"""P14: which credential wins, found without a network and without showing it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from common.kaggle.credentials import config_folder, find, mask

TOKEN = "KGAT_" + "a1" * 16
KEY = "0123456789abcdef" * 2


@pytest.fixture
def home(tmp_path: Path) -> Path:
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


def test_nothing_is_found_and_said_how_to_get_something(home: Path) -> None:
    found = find({"HOME": str(home)})
    assert not found.found
    assert "https://www.kaggle.com/settings" in found.warnings[0]


def test_the_order_is_the_official_clients(home: Path) -> None:
    environ = {"HOME": str(home)}
    oauth(home)
    assert (find(environ).kind, find(environ).username) == ("oauth", "olga")
    kaggle_json(home)
    assert (find(environ).kind, find(environ).username) == ("key", "ann")
    put(home / ".kaggle" / "access_token.txt", TOKEN)
    assert find(environ).source.endswith("access_token.txt")
    put(home / ".kaggle" / "access_token", TOKEN)
    assert find(environ).source.endswith("access_token")
    environ["KAGGLE_API_TOKEN"] = TOKEN
    assert find(environ).source == "KAGGLE_API_TOKEN"
    environ |= {
        "KAGGLE_API_V1_TOKEN": str(put(home / "v1", TOKEN)),
        "KAGGLE_KERNEL_RUN_TYPE": "Batch",
        "KAGGLE_DATA_PROXY_URL": "http://proxy",
    }
    assert find(environ).source == "KAGGLE_API_V1_TOKEN"


def test_variables_override_the_file_one_by_one(home: Path) -> None:
    kaggle_json(home)
    found = find({"HOME": str(home), "KAGGLE_USERNAME": "bob"})
    assert found.username == "bob"
    assert any("do they belong together" in warning for warning in found.warnings)
    both = find({"HOME": str(home), "KAGGLE_USERNAME": "bob", "KAGGLE_KEY": KEY})
    assert both.source == "KAGGLE_USERNAME and KAGGLE_KEY"


def test_the_token_variable_may_name_a_file(home: Path) -> None:
    file = put(home / "token", TOKEN, 0o644)
    found = find({"HOME": str(home), "KAGGLE_API_TOKEN": str(file)})
    assert found.kind == "token"
    assert any("chmod 600" in warning for warning in found.warnings)


def test_an_empty_token_file_hides_the_default_places_as_in_the_client(home: Path) -> None:
    put(home / ".kaggle" / "access_token", TOKEN)
    kaggle_json(home)
    found = find({"HOME": str(home), "KAGGLE_API_TOKEN": str(put(home / "empty", ""))})
    assert found.kind == "key"
    assert any("holds no token" in warning for warning in found.warnings)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_reported(home: Path, mode: int) -> None:
    file = kaggle_json(home, mode)
    assert any(f"chmod 600 {file}" in warning for warning in find({"HOME": str(home)}).warnings)


def test_a_private_file_is_not_reported(home: Path) -> None:
    kaggle_json(home)
    assert find({"HOME": str(home)}).warnings == ()


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (KEY, "KAGGLE_KEY"),
        ("~/no/such/file", "no such file"),
        ('{"username": "ann"}', "JSON"),
        ("short", "too short"),
        ("two words here and more", "white space"),
    ],
)
def test_a_wrong_token_beside_a_right_key_is_reported(home: Path, token: str, why: str) -> None:
    kaggle_json(home)
    found = find({"HOME": str(home), "KAGGLE_API_TOKEN": token})
    assert found.kind == "token"
    assert any(why in warning for warning in found.warnings)
    assert any("kaggle.json is used only if" in warning for warning in found.warnings)


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"username": "ann"}'])
def test_a_broken_kaggle_json_is_no_credential(home: Path, text: str) -> None:
    put(home / ".kaggle" / "kaggle.json", text)
    found = find({"HOME": str(home)})
    assert not found.found
    assert len(found.warnings) == (1 if text == "" else 2)


def test_no_value_is_ever_shown(home: Path) -> None:
    kaggle_json(home, 0o644)
    oauth(home)
    put(home / ".kaggle" / "access_token", TOKEN, 0o644)
    for environ in ({}, {"KAGGLE_API_TOKEN": KEY}, {"KAGGLE_KEY": KEY}):
        shown = repr(find({"HOME": str(home), **environ}))
        assert TOKEN not in shown
        assert KEY not in shown
        assert "r" * 40 not in shown


def test_the_folder_of_kaggle_json(tmp_path: Path, home: Path) -> None:
    assert config_folder({"HOME": str(home)}) == home / ".kaggle"
    assert config_folder({"HOME": str(home), "KAGGLE_CONFIG_DIR": "/elsewhere"}) == Path("/elsewhere")
    bare = tmp_path / "bare"
    assert config_folder({"HOME": str(bare)}) == bare / ".config" / "kaggle"
    assert config_folder({"HOME": str(bare), "XDG_CONFIG_HOME": "/xdg"}) == Path("/xdg/kaggle")


def test_the_same_choice_as_the_official_client(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of tokens the client's own function says where it found one."""
    from kagglesdk import get_access_token_from_env

    monkeypatch.setenv("HOME", str(home))
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    assert get_access_token_from_env() == (None, None)
    assert not find().found
    put(home / ".kaggle" / "access_token", TOKEN)
    assert get_access_token_from_env()[0] == TOKEN
    assert find().kind == "token"
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(put(home / "empty", "")))
    assert get_access_token_from_env()[0] is None
    assert not find().found


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
def test_mask_hides_credentials_by_their_form(text: str, hidden: str) -> None:
    assert hidden not in mask(text)
    assert mask(mask(text)) == mask(text)


def test_mask_hides_given_secrets_and_nothing_else() -> None:
    assert mask("key hunter22 and hunter2", ["hunter2", "hunter22", ""]) == "key *** and ***"
    assert mask("epoch 1: loss 0.25, see https://www.kaggle.com/code/ann/x") == (
        "epoch 1: loss 0.25, see https://www.kaggle.com/code/ann/x"
    )
