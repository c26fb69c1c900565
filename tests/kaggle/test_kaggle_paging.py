from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from common.kaggle.errors import Damaged
from common.kaggle.official.paging import pages


def test_d5_a_listing_without_an_end_is_no_hang() -> None:
    def page(tokens: Any) -> Any:
        return lambda page_token: SimpleNamespace(next_page_token=str(next(tokens)))

    with pytest.raises(Damaged, match="has no end: 10,000 pages"):
        list(pages(page(itertools.count(1))))
    with pytest.raises(Damaged, match="in a circle"):
        list(pages(page(itertools.cycle("ab"))))
