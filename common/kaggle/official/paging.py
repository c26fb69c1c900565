"""Listings that come in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from common.kaggle.errors import Damaged

MAX_PAGES = 10_000
"""More than any listing has: two million files."""


def pages(request: Callable[..., Any]) -> Iterator[Any]:
    """Yield every page of a listing.

    Args:
        request: returns the page of a `page_token`, the first one for an empty token.

    Raises:
        Damaged: if a page names an earlier page, or there is no last one.
    """
    token, seen = "", set[str]()
    for _ in range(MAX_PAGES):
        page = request(page_token=token)
        yield page
        token = page.next_page_token or ""
        if not token:
            return
        if token in seen:
            raise Damaged("Kaggle's listing goes in a circle: the same page came twice; try again later")
        seen.add(token)
    raise Damaged(f"Kaggle's listing has no end: {MAX_PAGES:,} pages came; try again later")
