"""Listings that come in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from common.kaggle.errors import Damaged


def pages(get: Callable[[str], Any]) -> Iterator[Any]:
    """Yield every page of a listing.

    Args:
        get: returns the page of a token, the first one for an empty token.

    Raises:
        Damaged: if a page names a page that came already; it would go on for ever.
    """
    token, seen = "", set[str]()
    while True:
        page = get(token)
        yield page
        token = page.next_page_token or ""
        if not token:
            return
        if token in seen:
            raise Damaged("Kaggle's listing goes in a circle: the same page came twice; try again later")
        seen.add(token)
