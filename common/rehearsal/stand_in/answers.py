"""What a request is and how it is refused, in Kaggle's format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

Body = dict[str, Any]


class Refusal(Exception):
    """A request that Kaggle would refuse: an HTTP status of 400 or more and one line of text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    def response(self) -> JSONResponse:
        """Return the answer as it goes over the wire."""
        return JSONResponse({"code": self.code, "message": self.message}, self.code)


@dataclass(frozen=True)
class Call:
    """One authenticated request: its user, its content, and the address under which the server was reached."""

    user: str
    body: Mapping[str, Any]
    base: str

    def text(self, name: str) -> str:
        """Return a text field; the client leaves out empty ones."""
        return str(self.body.get(name) or "")

    def number(self, name: str, default: int = 0) -> int:
        """Return an integer field.

        Raises:
            Refusal: 400 if the field holds something else.
        """
        value = self.body.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise Refusal(400, f"{name} must be an integer, got {value!r}") from None

    def words(self, name: str) -> list[str]:
        """Return a list of texts."""
        return [str(item) for item in self.body.get(name) or ()]

    def finds(self, *texts: str) -> bool:
        """Whether one of the texts holds what is searched for."""
        return any(self.text("search").lower() in text.lower() for text in texts)

    def page(self, items: list[Any], default_size: int = 20) -> tuple[list[Any], str]:
        """Return the requested page; the token of the next page is its first index, empty after the last."""
        size = self.number("pageSize", default_size) or default_size
        token = self.text("pageToken")
        start = int(token) if token.isdigit() else max(self.number("page", 1) - 1, 0) * size
        following = start + size
        return items[start:following], str(following) if following < len(items) else ""


Handler = Callable[[Call], Body | Response]
"""Answers one method: JSON fields, or a response (redirects, files)."""
