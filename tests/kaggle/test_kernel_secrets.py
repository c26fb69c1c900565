from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.environment import PROJECT
from common.errors import SecretFound
from common.kaggle.secrets import is_secret_file, refuse, scan

HEX = "0123456789abcdef0fedcba987654321"  # the format of a key, and nobody's


def kinds(line: str) -> list[str]:
    return [finding.kind for finding in scan("file.py", f"first\n{line}\nlast")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("token = 'KGAT_" + HEX + "'", "a Kaggle token"),
        ('{"username":"me","key":"' + HEX + '"}', "a Kaggle key"),
        ("KAGGLE_KEY=" + HEX, "a random value called KAGGLE_KEY"),
        ("export WANDB_API_KEY=" + HEX + "01234567", "a random value called WANDB_API_KEY"),
        ("os.environ['KAGGLE_KEY'] = '" + HEX + "'", "a Kaggle key"),
        ("os.environ.setdefault('KAGGLE_SECRET', 'q8Zr2Lx0Vb7Tn4Kd')", "a random value called KAGGLE_SECRET"),
        ("apiKey: 'q8Zr2Lx0Vb7Tn4Kd'", "a random value called apiKey"),
        ("password = 'q8Zr2Lx0Vb7Tn4Kd'", "a random value called password"),
        ("-----BEGIN OPENSSH " + "PRIVATE KEY-----", "a private key"),
        ("-----BEGIN " + "PRIVATE KEY-----", "a private key"),
        ("AKIA" + "ABCDEFGHIJKLMNOP", "an AWS key"),
        ("hf_" + "abcdefghijABCDEFGHIJ0123456789", "a Hugging Face token"),
        ("ghp_" + "abcdefghijABCDEFGHIJ0123456789abcdef", "a GitHub token"),
        ("pip install --index-url https://me:hunter22@" + "example.org/simple", "a password in a URL"),
    ],
)
def test_a_credential_is_found_with_its_line(line: str, kind: str) -> None:
    assert kinds(line) == [kind]
    with pytest.raises(SecretFound, match=r"file\.py, line 2") as caught:
        refuse({"file.py": f"first\n{line}"})
    assert HEX not in str(caught.value)
    assert "q8Zr" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "tokenizer = 'microsoft/deberta-v3-small'",
        "pad_token='[PAD]', unk_token='[UNK]'",
        "key = 'us-patent-phrase-to-phrase-matching-2022'",
        "KEYS = ('anchor', 'target', 'context')",
        "sort_key = lambda row: row['anchor_context_2']",
        "sha256 = '" + HEX * 2 + "'",
        "token = os.environ['KAGGLE_API_TOKEN']",
        "password = getpass.getpass('your Kaggle password 1')",
        "KAGGLE_KEY=your-key-goes-here-please",
        "url = 'https://www.kaggle.com/competitions/x/rules'",
        "next_page_token: str = ''",
        "revision = '" + HEX + "01234567'",
        "CHECKSUMS = {'tokenizer.json': {'md5': '" + HEX + "'}}",
    ],
)
def test_ordinary_lines_are_no_credentials(line: str) -> None:
    assert kinds(line) == []


RANDOM = "q8Zr2Lx0Vb7Tn4Kd"


@pytest.mark.parametrize(
    "text",
    [
        f'KAGGLE_KEY: str = "{HEX}"',
        f'KAGGLE_KEY: Final[str] = "{RANDOM}"',
        f'headers = {{"Authorization": "Bearer {RANDOM}"}}',
        f"headers['Authorization'] = 'Bearer ' + '{RANDOM}'",
        *(f'password = {prefix}"{RANDOM}"' for prefix in ("b", "r", "f", "Rb")),
        f'token = """{RANDOM}"""',
        f"token = '''\n{RANDOM}\n'''",
        f"%env KAGGLE_KEY={HEX}",
        f"%env KAGGLE_KEY {RANDOM}",
        f"!KAGGLE_KEY={HEX} kaggle kernels list",
        f"!export WANDB_API_KEY={RANDOM}; python train.py",
        f"!wandb login {HEX}01234567",
        f'requests.get(url, auth=("me", "{HEX}"))',
        f"requests.get(url, auth=HTTPBasicAuth('me', '{RANDOM}'))",
        f'wandb.login("{HEX}01234567")',
        f'wandb.login(key="{RANDOM}")',
        f'login("{RANDOM}")',
        f'api = Api("me", "{HEX}")',
        f'TOKEN = "{RANDOM[:9]}" "{RANDOM[9:]}"',
        f'dict(key="{HEX}")',
        f"api_key = (\n    '{RANDOM}'\n)",
        f'os.environ.update({{"KAGGLE_KEY": "{RANDOM}"}})',
        f'os.putenv("KAGGLE_KEY", "{RANDOM}")',
        f"# my key: {HEX}",
        f'{{"api_token": "{RANDOM}"}}',
        f"user, key = 'me', '{RANDOM}'",
    ],
)
def test_d19_a_credential_is_found_in_every_form(text: str) -> None:
    findings = [str(finding) for finding in scan("file.py", text)]
    assert len(findings) == 1
    assert HEX not in findings[0] and RANDOM not in findings[0]


def test_nothing_in_the_project_looks_like_one() -> None:
    files = [path for folder in ("common", "competitions", "kernels") for path in (PROJECT / folder).rglob("*.py")]
    assert len(files) > 50
    assert [str(finding) for path in files for finding in scan(str(path), path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        (".env", True),
        ("a/.env.local", True),
        ("kaggle.json", True),
        ("id_rsa", True),
        ("x/server.PEM", True),
        ("environment.py", False),
        ("kernel-metadata.json", False),
        ("keys.py", False),
    ],
)
def test_files_are_known_by_name(name: str, secret: bool) -> None:
    assert is_secret_file(name) is secret


@pytest.mark.parametrize(("length", "missed"), [(24, 0.005), (32, 0.001), (64, 0.0)])
def test_random_values_are_found(length: int, missed: float) -> None:
    """Of letters and digits drawn evenly, one in ten is a digit in all but rare values, the rarer the longer they are."""
    draw = random.Random(0)
    values = ["".join(draw.choices(string.ascii_letters + string.digits * 3, k=length)) for _ in range(1_000)]
    assert sum(kinds(f'api_key = "{value}"') == [] for value in values) <= 1_000 * missed


@pytest.mark.slow
@given(st.text(max_size=200))
def test_any_text_can_be_scanned(text: str) -> None:
    for finding in scan("x", text):
        assert finding.line <= len(text.splitlines())
