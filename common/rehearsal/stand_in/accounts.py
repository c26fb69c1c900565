"""The user of a request."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from common.kaggle.credentials import TOKEN_PREFIX
from common.rehearsal.stand_in.answers import Refusal


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts that exist. Without `keys` every user name and key are right, so that users can sign in with theirs.

    `keys` maps user names to keys (HTTP Basic), `tokens` access tokens to user names (Bearer). Without
    `tokens` every token of Kaggle's format belongs to `default_user`.
    """

    keys: Mapping[str, str] | None = None
    tokens: Mapping[str, str] | None = None
    default_user: str = "kaggler"

    def owner(self, token: str) -> str | None:
        """Return the user of an access token, None for a wrong one."""
        if self.tokens is not None:
            return self.tokens.get(token)
        return self.default_user if token.startswith(TOKEN_PREFIX) else None

    def identify(self, authorization: str) -> str:
        """Return the user of an Authorization header.

        Raises:
            Refusal: 401 if it is missing or wrong.
        """
        scheme, _, value = authorization.partition(" ")
        user = self._basic(value) if scheme == "Basic" else self.owner(value) if scheme == "Bearer" else None
        if user is None:
            raise Refusal(401, "Unauthenticated")
        return user

    def _basic(self, value: str) -> str | None:
        try:
            user, separator, key = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        right = bool(user and separator and key) if self.keys is None else bool(key) and self.keys.get(user) == key
        return user if right else None
