"""Texts as token ids: what the tokenizer says, made once."""

from pathlib import Path

from common.huggingface import tiny
from common.huggingface.tokens import encode

TEXTS = ["one two three", "", "three three", "never seen words"]


def test_the_ids_are_the_tokenizers(tmp_path: Path) -> None:
    tokenizer = tiny.tokenizer(TEXTS[:3])
    tokens = encode(tokenizer, TEXTS, tmp_path)
    expected = tokenizer(TEXTS, add_special_tokens=False)["input_ids"]
    assert [tokens[row].tolist() for row in range(len(tokens))] == expected


def test_the_second_time_they_come_from_the_disk(tmp_path: Path) -> None:
    tokenizer = tiny.tokenizer(TEXTS)
    first = encode(tokenizer, TEXTS, tmp_path)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    second = encode(tokenizer, TEXTS, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")} == made
    assert first.flat.tolist() == second.flat.tolist()


def test_other_texts_tokenizers_and_lengths_are_kept_apart(tmp_path: Path) -> None:
    tokenizer = tiny.tokenizer(TEXTS)
    encode(tokenizer, TEXTS, tmp_path)
    encode(tokenizer, TEXTS[::-1], tmp_path)
    encode(tiny.tokenizer(["other words"]), TEXTS, tmp_path)
    short = encode(tokenizer, TEXTS, tmp_path, max_length=1)
    assert max(len(short[row]) for row in range(len(short))) == 1
    assert len(list(tmp_path.glob("tokens-*"))) == 4


def test_no_text_at_all(tmp_path: Path) -> None:
    assert len(encode(tiny.tokenizer(TEXTS), [], tmp_path)) == 0
    assert encode(tiny.tokenizer(TEXTS), [""], tmp_path)[0].tolist() == []
