"""A run on a cluster of three machines that share nothing with the driver, of which one is lost in the middle."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cluster import NODES, Cluster

from common import environment, registry
from common.config import resolve
from common.errors import RunError
from common.pipeline import steps, workers
from common.pipeline.request import Request
from common.progress import Progress
from common.workers import Task
from competitions.patent import sample

# Ray 2.55 leaves files and processes to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
COMPETITION = registry.get("patent")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_on_a_cluster_outlives_a_machine_and_has_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    sample.make(tmp_path / "data", 96, 0)
    request = Request(
        competition=COMPETITION,
        profile="baseline",
        config=resolve(COMPETITION, "baseline", ["trees.max_iter=4", "trees.components=4", "split.n_splits=5"]),
        data=tmp_path / "data",
        environment=environment.detect({"KIT_ENVIRONMENT": f"place=local root={home} internet=off"}),
        progress=Progress(io.StringIO(), live=False),
        out=home / "run",
    )
    alone = steps.run(replace(request, out=home / "alone"))
    monkeypatch.setenv("KIT_CACHE", str(tmp_path / "nodes"))
    with TemporaryDirectory(prefix="kit-") as folder, Cluster(Path(folder), hidden=home) as cluster:
        for name, value in cluster.environ.items():
            monkeypatch.setenv(name, value)
        lost = threading.Thread(target=_lose, args=(cluster, NODES - 1), daemon=True)
        lost.start()
        run = workers.run(request, cluster.address)
        lost.join()
        told = request.progress.stream.getvalue()  # type: ignore[attr-defined]
        assert "is begun again" in told
        assert run.finished() == [0, 1, 2, 3, 4]
        for name in ("oof.csv", "submission.csv", "folds.csv"):
            assert (run.folder / name).read_bytes() == (alone.folder / name).read_bytes()
        assert f"workers of {cluster.address}: {NODES} machines" in told
        with workers.of(request, cluster.address) as started:
            sent = Task("sent", lambda: {"stmt": "import common; assert 'kit-' in common.__file__", "number": 1})
            list(started.each("timeit:timeit", [sent]))
    with pytest.raises(RunError, match=f"no workers at {cluster.address}"):
        workers.run(replace(request, mode="fresh"), cluster.address)


def _lose(cluster: Cluster, number: int) -> None:
    """Kill a machine once it trains a fold."""
    while not cluster.works(number, "fold"):
        threading.Event().wait(0.05)
    cluster.kill(number)
