"""A signed-in session with Kaggle through its own client: calls that retry, speak the kit's errors and keep secrets."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any

import requests

from common.errors import SettingError
from common.kaggle.credentials import HELP
from common.kaggle.errors import AuthError, KaggleError
from common.kaggle.official import package
from common.kaggle.official.answers import translate
from common.kaggle.official.guard import guard, is_loopback
from common.kaggle.official.package import quiet
from common.kaggle.retry import Notify, Retry, silent

_UNREADABLE = (requests.RequestException, ValueError, TypeError, KeyError, AttributeError)


class Session:
    """One user's connection. With an endpoint, only that machine's own addresses can be reached.

    `open` is a session without credential, for signed URLs on other hosts.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        username: str | None = None,
        key: str | None = None,
        retry: Retry | None = None,
        notify: Notify = silent,
    ) -> None:
        if endpoint is None:
            local = "http://localhost" if os.environ.get("KAGGLE_API_ENVIRONMENT") == "LOCALHOST" else None
            endpoint = os.environ.get("KIT_KAGGLE") or local
        if endpoint is not None and not is_loopback(endpoint):
            raise SettingError(f"the endpoint must be a loopback URL such as http://localhost:7777, got {endpoint!r}")
        if (username is None) != (key is None):
            raise SettingError("username and key must be given both or not at all")
        if username and endpoint is None:
            raise SettingError("username and key are for an endpoint on this machine; for Kaggle see `kit doctor`")
        self.endpoint = endpoint.rstrip("/") if endpoint else None
        self.retry, self.notify = retry or Retry(), notify
        self.open = guard(requests.Session(), loopback=endpoint is not None)
        self._account = (username, key) if username and key else None

    @cached_property
    def api(self) -> Any:
        """The official `KaggleApi`, signed in."""
        with quiet():
            api = self._make_api()
            if self._account:
                api.config_values = dict(zip((api.CONFIG_NAME_USER, api.CONFIG_NAME_KEY), self._account, strict=True))
            else:
                self._sign_in(api)
        return api

    @cached_property
    def sdk(self) -> Any:
        """The official client's generated services, on a guarded and signed-in HTTP session."""
        return self.api.build_kaggle_client()

    @property
    def username(self) -> str:
        """User name of the credential.

        Raises:
            AuthError: if there is no credential or Kaggle refuses it.
        """
        name = self.api.config_values.get(self.api.CONFIG_NAME_USER)
        if not name:
            raise AuthError("Kaggle's client does not know whose credential this is; sign in again (kaggle auth login)")
        return str(name)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credential's values, to be masked wherever text is shown."""
        values = self.api.config_values
        names = (self.api.CONFIG_NAME_KEY, self.api.CONFIG_NAME_TOKEN)
        return tuple(str(values[name]) for name in names if values.get(name))

    def call(self, method: Callable[..., Any], about: str, *, repeat: bool = True, **fields: Any) -> Any:
        """Call one generated service method.

        Args:
            method: for example `session.sdk.kernels.kernels_api_client.get_kernel`.
            about: what is requested, the beginning of error messages.
            repeat: whether the call may be repeated.
            fields: of the request; None leaves a field out.

        Raises:
            KaggleError: of the kind that the answer means.
        """
        request = method.__annotations__["request"]()
        for name, value in fields.items():
            if value is not None:
                setattr(request, name, value)
        slug = fields.get("competition_name")
        return self.run(lambda: method(request), about, repeat=repeat, slug=slug)

    def run(self, function: Callable[[], Any], about: str, *, repeat: bool = True, slug: str | None = None) -> Any:
        """Run something of the official client, with the kit's errors and retries."""

        def attempt() -> Any:
            try:
                return function()
            except KaggleError:
                raise
            except _UNREADABLE as error:
                raise translate(error, about, secrets=self.secrets, slug=slug) from error

        return self.retry.call(attempt, notify=self.notify) if repeat else attempt()

    def _sign_in(self, api: Any) -> None:
        def attempt() -> None:
            try:
                api.authenticate()
            except SystemExit:
                if stand_in := os.environ.get("KIT_KAGGLE"):
                    raise AuthError(
                        f"no credential for KIT_KAGGLE={stand_in}: paste the line that kit stand-in prints, "
                        "export … KAGGLE_USERNAME=… KAGGLE_KEY=…; for Kaggle itself unset KIT_KAGGLE"
                    ) from None
                raise AuthError(f"no Kaggle credential, or none that Kaggle accepts; {HELP}") from None
            except _UNREADABLE as error:
                raise translate(error, "signing in") from None

        self.retry.call(attempt, notify=self.notify)

    def _make_api(self) -> Any:
        module: Any = package.load()
        session = self

        class Api(module.KaggleApi):
            """The official class with three things changed: where it connects, how long it waits, that it is silent."""

            def build_kaggle_client(self) -> Any:
                return session._build(module, self)

            def get_response_processor(self) -> Callable[[requests.Response], None]:
                return lambda response: None  # the original prints that a newer release exists

        return package.api(Api)

    def _build(self, module: Any, api: Any) -> Any:
        if "sdk" in self.__dict__:
            return self.sdk
        values = api.config_values
        user, key, token = (
            values.get(name) for name in (api.CONFIG_NAME_USER, api.CONFIG_NAME_KEY, api.CONFIG_NAME_TOKEN)
        )
        environment = module.KaggleEnv.LOCAL if self.endpoint else module.KaggleEnv.PROD
        client = module.KaggleClient(env=environment, username=user, password=key, api_token=token)
        http = client.http_client()
        if self.endpoint:
            http._endpoint = self.endpoint
        http._init_session()
        guard(http._session, loopback=self.endpoint is not None)
        if token is None and user and key:
            # Left to itself the client sends a token that Kaggle has just called inactive, rather than this key.
            http._session.auth = (user, key)
        return client
