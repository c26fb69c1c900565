"""Batches: the course's windows, orders and padding, as plain arrays."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.text import by_length, padded, windows


def fastai() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fastai's own import, which is not what is tested
        from fastai.text import all as everything
    return everything


@pytest.mark.parametrize(("batch_size", "length"), [(3, 5), (4, 7), (1, 100), (8, 2)])
def test_windows_are_the_courses(batch_size: int, length: int) -> None:
    import torch

    texts = [torch.arange(start, start + size) for start, size in ((0, 30), (100, 1), (200, 44), (300, 12))]
    loader = fastai().LMDataLoader(texts, lens=[len(text) for text in texts], bs=batch_size, seq_len=length)
    theirs = [(x.tolist(), y.tolist()) for x, y in loader]
    stream = np.concatenate([text.numpy() for text in texts]).astype(np.uint16)
    ours = [(x.tolist(), y.tolist()) for x, y in windows(stream, batch_size, length)]
    assert ours == theirs


@settings(max_examples=60)
@given(st.integers(0, 200), st.integers(1, 9), st.integers(1, 30))
def test_a_row_goes_on_where_it_ended(n: int, batch_size: int, length: int) -> None:
    stream = np.arange(n)
    found = list(windows(stream, batch_size, length))
    if n <= batch_size:
        assert not found
        return
    inputs = np.concatenate([x for x, _ in found], axis=1)
    targets = np.concatenate([y for _, y in found], axis=1)
    assert inputs.shape == (batch_size, (n - 1) // batch_size)
    assert (targets == inputs + 1).all()
    assert np.array_equal(inputs.ravel(), stream[: inputs.size])


@settings(max_examples=60)
@given(st.lists(st.integers(0, 50), max_size=120), st.integers(1, 9), st.booleans())
def test_every_row_is_in_one_batch_beside_rows_of_its_length(
    lengths: list[int], batch_size: int, shuffle: bool
) -> None:
    rng = np.random.default_rng(0) if shuffle else None
    batches = by_length(np.array(lengths), batch_size, rng)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert all(lengths[a] >= lengths[b] for batch in batches for a, b in pairwise(batch))
    if lengths:
        assert lengths[batches[0][0]] == max(lengths)


def test_shuffled_batches_differ_by_seed_and_agree_by_seed() -> None:
    lengths = np.random.default_rng(0).integers(1, 500, 1000)
    orders = [np.concatenate(by_length(lengths, 16, np.random.default_rng(seed))).tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    waste = [
        sum(lengths[batch].max() * len(batch) for batch in by_length(lengths, 16, rng)) / lengths.sum()
        for rng in (None, np.random.default_rng(0))
    ]
    assert waste[0] <= waste[1] < 1.25


@pytest.mark.parametrize("chunk", [3, 8, 72])
def test_padding_is_the_courses(chunk: int) -> None:
    import torch

    rows = [np.arange(5, 5 + size) for size in (1, 4, 17, 9)]
    text = fastai()
    theirs = text.pad_input_chunk(
        [(text.TensorText(torch.tensor(row)),) for row in rows], pad_first=True, seq_len=chunk
    )
    assert padded(rows, chunk=chunk).tolist() == [row[0].tolist() for row in theirs]


def test_padding_comes_first() -> None:
    assert padded([np.array([7, 8]), np.array([9], dtype=np.uint16)]).tolist() == [[7, 8], [1, 9]]
    assert padded([]).shape == (0, 0)
