"""The stand-in itself: a server on loopback that answers as Kaggle does.

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
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType

import uvicorn

from common.errors import SettingError
from common.rehearsal.stand_in.accounts import Accounts
from common.rehearsal.stand_in.application import Services
from common.rehearsal.stand_in.faults import FaultPlan
from common.rehearsal.stand_in.hosting import kit_competitions
from common.rehearsal.stand_in.running import KernelRun, Runner, RunResult
from common.rehearsal.stand_in.store import Store
from common.rehearsal.stand_in.world import Clock, Hosted, Sources, World

HOST = "127.0.0.1"


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class StandIn:
    """A local Kaggle; a context manager that serves from a thread of its own on a free port.

    Args:
        state: Folder that keeps everything; a later stand-in with the same folder goes on where this one stopped.
        competitions: What it holds, with the data of each.
        runner: What runs kernels; without one, pushed kernels end as ERROR.
        faults: What goes wrong, and when.
        accounts: Who may ask; by default anybody with a user name and a key.
        sources: Datasets and models that exist from the start.
        clock: The time (UTC) that dates, quotas and deadlines go by.
        dataset_processing: How long a new dataset version takes to become ready.
        port: 0 takes any free port.
        host: A loopback address; anything else is refused.

    Raises:
        SettingError: for an address that is not loopback, or a port that cannot be bound.
        DataError: for a competition whose data are missing or not as described.
    """

    def __init__(
        self,
        state: Path,
        competitions: Iterable[Hosted] = (),
        *,
        runner: Runner | None = None,
        faults: FaultPlan | None = None,
        accounts: Accounts | None = None,
        sources: Sources | None = None,
        clock: Clock = utc_now,
        dataset_processing: timedelta = timedelta(0),
        port: int = 0,
        host: str = HOST,
    ) -> None:
        if not _is_loopback(host):
            raise SettingError(f"the stand-in serves this machine only: {host!r} is not a loopback address, use {HOST}")
        self._state, self._port, self._host = state, port, host
        self._hosted = {hosted.competition.slug: hosted for hosted in competitions}
        self._runner, self._faults = runner or _no_runner, faults or FaultPlan()
        self._accounts, self._sources = accounts or Accounts(), sources or Sources()
        self._clock, self._dataset_processing = clock, dataset_processing

    def __enter__(self) -> StandIn:
        with ExitStack() as stack:
            self._socket = stack.enter_context(_bind(self._host, self._port))
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
            self._services = Services(self.world)
            stack.callback(self._services.stop)
            self._services.play(self._faults)
            self._services.resume()
            stack.callback(_serving(self._services, self._socket))
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def play(self, faults: FaultPlan) -> None:
        """Play another plan of faults from its beginning.

        Raises:
            UnknownName: for a plan that names a call which does not exist.
        """
        self._services.play(faults)

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
    faults: FaultPlan | None = None,
    tell: Callable[[str], None] = print,
) -> None:
    """Run a stand-in with all competitions of the kit until Ctrl-C.

    Args:
        port: Where to listen; KIT_KAGGLE leads the kit to any port, the `kaggle` command looks on 80 only.
        state: Folder that keeps everything, samples too.
        data: Data folders by the name of a competition; the others are served from their samples.
        runner: What runs kernels.
        faults: What goes wrong.
        tell: Gets the lines for the user.
    """
    competitions = kit_competitions(data, state / "samples")
    with StandIn(state, competitions, runner=runner, faults=faults, port=port) as server:
        tell(f"Kaggle stand-in on {server.url}, state in {state}. Stop it with Ctrl-C.")
        tell(f"In another terminal: export KIT_KAGGLE={server.url} KAGGLE_USERNAME=kaggler KAGGLE_KEY=any")
        for hosted in competitions:
            nowhere = " (graded here only: it has no page on Kaggle)" if hosted.competition.local else ""
            tell(f"  {hosted.competition.slug}: {'its sample' if hosted.make else hosted.data}{nowhere}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            tell("stopped")


def _no_runner(run: KernelRun, folder: Path) -> RunResult:
    return RunResult(status="ERROR", output=folder, failure="this stand-in was started without a runner")


def _serving(services: Services, bound: socket.socket) -> Callable[[], None]:
    """Serve from a thread of its own; returns, once requests are answered, what ends it."""
    config = uvicorn.Config(
        services.application,
        http=services.protocol(),
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


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it every answer waits 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SettingError(f"port {port} cannot be taken ({error.strerror}); choose another with --port") from error
    return bound
