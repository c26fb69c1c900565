"""A server on loopback that answers as Kaggle does.

```python
with StandIn(state, competitions=[Hosted(competition=patent, data=folder)], runner=run) as server:
    ...  # the official client, pointed at server.url
```
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp

from common import registry
from common.errors import SettingError, UnknownName
from common.rehearsal.stand_in.accounts import Accounts
from common.rehearsal.stand_in.application import Services
from common.rehearsal.stand_in.running import KernelRun, Runner, RunResult
from common.rehearsal.stand_in.store import Store
from common.rehearsal.stand_in.world import Clock, Hosted, Sources, World

HOST = "127.0.0.1"
KAGGLES_PORT = 80
"""Where the `kaggle` command looks if KAGGLE_API_ENVIRONMENT is LOCALHOST; it takes no other."""

SAMPLE_ROWS, SAMPLE_SEED = 400, 0


def utc_now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


class StandIn:
    """A local Kaggle; a context manager that serves from a thread of its own on a free port.

    Args:
        state: Folder that keeps everything; a later stand-in with the same folder continues where this one stopped.
        competitions: What it hosts, with the data of each.
        runner: What runs kernels; without one, pushed kernels end as ERROR.
        accounts: Who may sign in; by default anybody with a user name and a key.
        sources: Datasets and models that exist from the start.
        clock: The time (UTC) that dates, quotas and deadlines go by.
        dataset_processing: How long a new dataset version takes to become ready.
        port: 0 takes any free port.
        layer: Wraps the ASGI application, for example in faults.

    Raises:
        SettingError: for a port that cannot be bound.
        DataError: for a competition whose data are missing or not as described.
    """

    def __init__(
        self,
        state: Path,
        competitions: Iterable[Hosted] = (),
        *,
        runner: Runner | None = None,
        accounts: Accounts | None = None,
        sources: Sources | None = None,
        clock: Clock = utc_now,
        dataset_processing: timedelta = timedelta(0),
        port: int = 0,
        layer: Callable[[ASGIApp], ASGIApp] = lambda application: application,
    ) -> None:
        self._state, self._port, self._layer = state, port, layer
        self._hosted = {hosted.competition.slug: hosted for hosted in competitions}
        self._runner = runner or _no_runner
        self._accounts, self._sources = accounts or Accounts(), sources or Sources()
        self._clock, self._dataset_processing = clock, dataset_processing

    def __enter__(self) -> StandIn:
        with ExitStack() as stack:
            self._socket = stack.enter_context(_bind(self._port))
            self._state.mkdir(parents=True, exist_ok=True)
            store = Store(self._state / "state.sqlite")
            stack.callback(store.close)
            self.world = World(
                folder=self._state.resolve(),
                store=store,
                clock=self._clock,
                hosted=self._hosted,
                runner=self._runner,
                sources=self._sources,
                accounts=self._accounts,
                dataset_processing=self._dataset_processing,
            )
            for slug, hosted in self._hosted.items():
                if hosted.make is None:
                    self.world.competition_folder(slug)
            services = Services(self.world)
            stack.callback(services.stop)
            services.resume()
            stack.callback(_serving(self._layer(services.application), self._socket))
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def url(self) -> str:
        """The address of the server, without a path; the official client adds `/api/v1/...`."""
        port = self._socket.getsockname()[1]
        return "http://localhost" if port == 80 else f"http://localhost:{port}"


def serve(
    port: int,
    state: Path,
    data: Mapping[str, Path],
    *,
    runner: Runner | None = None,
    notify: Callable[[str], None] = print,
) -> None:
    """Run a stand-in with all competitions of the kit until Ctrl-C.

    Args:
        port: Where to listen; KIT_KAGGLE leads the kit to any port, the `kaggle` command looks on 80 only.
        state: Folder that keeps everything, samples too.
        data: Data folders by the name of a competition; the others are served from their samples.
        runner: What runs kernels.
        notify: Called with the lines for the user.
    """
    competitions = kit_competitions(data, state / "samples")
    with StandIn(state, competitions, runner=runner, port=port) as server:
        try:
            notify(f"Kaggle stand-in on {server.url}, state in {state}. Stop it with Ctrl-C.")
            account = "KAGGLE_USERNAME=kaggler KAGGLE_KEY=not-a-secret"
            notify(f"In another terminal, for kit:  export KIT_KAGGLE={server.url} {account}")
            where = (
                "" if port == KAGGLES_PORT else f"   (after kit stand-in --port {KAGGLES_PORT}: it knows no other port)"
            )
            notify(f"and for the kaggle command:    export KAGGLE_API_ENVIRONMENT=LOCALHOST {account}{where}")
            for hosted in competitions:
                local = " (graded here only: it has no page on Kaggle)" if hosted.competition.local else ""
                notify(f"  {hosted.competition.slug}: {'its sample' if hosted.make else hosted.data}{local}")
            threading.Event().wait()
        except KeyboardInterrupt:
            notify("stopped")


def kit_competitions(data: Mapping[str, Path], samples: Path) -> list[Hosted]:
    """Return every competition of the kit, with the folder given for it or with a sample below `samples`.

    Raises:
        UnknownName: for data of a competition that the kit does not have.
    """
    names = registry.names()
    for name in data:
        if name not in names:
            raise UnknownName("competition", name, names)
    return [
        Hosted(competition=each, data=data[each.name])
        if each.name in data
        else Hosted(competition=each, data=samples / each.name, make=partial(_sample, each.name))
        for each in registry.every()[0]
    ]


def _sample(name: str, folder: Path) -> None:
    registry.sample(name).make(folder, SAMPLE_ROWS, SAMPLE_SEED)


def _no_runner(run: KernelRun, folder: Path) -> RunResult:
    return RunResult(status="ERROR", output=folder, failure="this stand-in was started without a runner")


def _serving(application: ASGIApp, bound: socket.socket) -> Callable[[], None]:
    """Serve from a thread of its own; return, once requests are answered, a function that ends it."""
    config = uvicorn.Config(
        application,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="stand-in", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)

    def stop() -> None:
        server.should_exit = True
        thread.join()

    return stop


def _bind(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it every answer waits 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise SettingError(f"port {port} is not available ({error.strerror}); choose another with --port") from error
    return bound
