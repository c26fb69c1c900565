"""Where am I, by Kaggle's variables, Colab's and the override."""

import os
import time
from pathlib import Path

import pytest
from kit import kit

from common import environment
from common.environment import detect
from common.errors import KitError, SettingError, UnknownName


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "local"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, "kaggle-interactive"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Batch"}, "kaggle-batch"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Batch", "KAGGLE_IS_COMPETITION_RERUN": "1"}, "kaggle-rerun"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Batch", "KAGGLE_IS_COMPETITION_RERUN": ""}, "kaggle-batch"),
        ({"COLAB_RELEASE_TAG": "release-colab_20260514"}, "colab"),
    ],
)
def test_place(variables: dict[str, str], place: str) -> None:
    assert detect(variables).place == place


def test_kaggles_folders_in_both_mount_layouts() -> None:
    here = detect({"KAGGLE_KERNEL_RUN_TYPE": "Batch"})
    assert here.working == Path("/kaggle/working")
    assert here.mounts("some-slug") == [Path("/kaggle/input/competitions/some-slug"), Path("/kaggle/input/some-slug")]
    assert here.started is not None and here.started <= time.time()


def test_a_session_of_ones_own_has_no_end() -> None:
    assert detect({}).started is None


def test_override_puts_kaggle_under_another_root(tmp_path: Path) -> None:
    here = detect({environment.OVERRIDE: f"place=kaggle-rerun root={tmp_path} gpus=0 started=5"})
    assert (here.place, here.working, here.started) == ("kaggle-rerun", tmp_path / "kaggle" / "working", 5.0)
    assert here.temporary == tmp_path / "kaggle" / "temp"
    assert here.gpus() == ()


def test_the_rerun_has_no_internet() -> None:
    assert detect({"KAGGLE_IS_COMPETITION_RERUN": "1"}).online() is False


@pytest.mark.parametrize(("word", "online"), [("on", True), ("off", False)])
def test_override_of_the_internet(word: str, online: bool) -> None:
    assert detect({environment.OVERRIDE: f"internet={word}"}).online() is online


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("place=kagle-batch", UnknownName, "kaggle-batch"),
        ("rot=/tmp", UnknownName, "root"),
        ("root=a'b", SettingError, "quote a value"),
        ("internet=maybe", SettingError, "must be on or off, got .maybe."),
        ("gpus=two", SettingError, "must be a number, got .two."),
    ],
)
def test_a_wrong_override_is_refused(text: str, error: type[KitError], says: str) -> None:
    with pytest.raises(error, match=says):
        detect({environment.OVERRIDE: text})


@pytest.mark.parametrize(("threads", "running", "waits"), [("2", 1, None), ("2", 2, "PASSIVE"), ("1", 5, None)])
def test_threads_do_not_spin_beside_other_programs(
    system: Path, monkeypatch: pytest.MonkeyPatch, threads: str, running: int, waits: str | None
) -> None:
    """B4: each of two threads waits for the other by spinning, in time that a third program wants."""
    monkeypatch.setattr(environment.os, "sched_getaffinity", lambda process: {0, 1}, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setenv("OMP_WAIT_POLICY", "")  # what it is now comes back afterwards
    monkeypatch.delenv("OMP_WAIT_POLICY")
    files(system, {"proc/loadavg": f"0.50 0.40 0.30 {running}/200 4711\n"})
    environment.detect()
    assert os.environ.get("OMP_WAIT_POLICY") == waits


def test_what_the_machine_has() -> None:
    assert environment.cpu_count() >= 1
    assert environment.free_disk(Path("/nowhere/at/all")) > 0
    total, free = environment.total_memory(), environment.available_memory()
    assert total is None or (free is not None and 0 < free <= total)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which proc/ and sys/ are looked for, empty."""
    monkeypatch.setattr(environment, "SYSTEM", tmp_path)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def files(folder: Path, contents: dict[str, str]) -> None:
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize("layout", ["v2", "v2 inside", "v1"])
def test_the_limits_of_a_container_hold(system: Path, monkeypatch: pytest.MonkeyPatch, layout: str) -> None:
    """B9: 2 of 64 CPUs and 4 GiB, of which the page cache can be freed."""
    monkeypatch.setattr(environment.os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    assert environment.cpu_count() == 64
    monkeypatch.setenv("OMP_NUM_THREADS", "")  # what it is now comes back afterwards
    monkeypatch.delenv("OMP_NUM_THREADS")
    environment.detect()
    assert "OMP_NUM_THREADS" not in os.environ
    if layout == "v1":
        files(system, {
            "proc/self/cgroup": "5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n0::/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{4 * 2**30}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{2**31}\n",
            "sys/fs/cgroup/memory/memory.stat": f"cache 5\ninactive_file {2**30}\n",
        })  # fmt: skip
    else:
        inner = "a.slice/job" if layout == "v2" else "."
        files(system, {
            "proc/self/cgroup": f"0::/{inner.strip('.')}\n",
            f"sys/fs/cgroup/{inner}/cpu.max": "max 100000\n", f"sys/fs/cgroup/{inner}/memory.max": "max\n",
        })  # fmt: skip
        outer = system / "sys/fs/cgroup" / inner if layout == "v2 inside" else system / "sys/fs/cgroup/a.slice"
        files(outer, {
            "cpu.max": "200000 100000\n", "memory.max": f"{4 * 2**30}\n", "memory.current": f"{2**31}\n",
            "memory.stat": f"anon 5\ninactive_file {2**30}\n",
        })  # fmt: skip
    assert environment.cpu_count() == 2
    assert environment.total_memory() == 4 * 2**30
    assert environment.available_memory() <= 3 * 2**30
    environment.detect()
    assert os.environ["OMP_NUM_THREADS"] == "2"  # B4: 64 threads for the time of 2 wait for each other
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    environment.detect()
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(
    ("four", "six", "variables", "online"),
    [
        ("eth0 00000000 0101 0003", "", {}, True),
        ("eth0 0000A8C0 0000 0001", "", {}, False),
        ("", f"{'0' * 32} 00 {'0' * 32} 00 fe80 1 1 0 3 eth0", {}, True),  # B10
        ("", f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 1 0 00200200 lo", {}, False),
        ("", "", {"https_proxy": "http://proxy:3128"}, True),
        ("", "", {"no_proxy": "*"}, False),
        (None, None, {}, True),
    ],
)
def test_the_internet_is_where_a_route_or_a_proxy_leads(
    system: Path,
    monkeypatch: pytest.MonkeyPatch,
    four: str | None,
    six: str | None,
    variables: dict[str, str],
    online: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name, line in (("route", four), ("ipv6_route", six)):
        if line is not None:
            files(
                system,
                {f"proc/net/{name}": ("Iface Destination Gateway Flags\n" if name == "route" else "") + line + "\n"},
            )
    assert detect({}).online() is online


def test_a_gpu_whose_memory_the_driver_does_not_tell(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """B8."""
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\necho 'NVIDIA GB10, [N/A]'\necho 'Tesla T4, 15360'\necho 'A, B, ERR!'\n"
        "echo 'H100 MIG, [Insufficient Permissions]'\necho 'no devices were found'\nprintf '\\351, 5\\n'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    found = [(gpu.name, gpu.memory) for gpu in detect({}).gpus()]
    assert found == [
        ("NVIDIA GB10", None),
        ("Tesla T4", 15360 * 2**20),
        ("A, B", None),
        ("H100 MIG", None),
        ("\ufffd", 5 * 2**20),
    ]
    assert "NVIDIA GB10 (memory unknown), Tesla T4 (15 GiB)" in kit(capsys, "doctor").out
