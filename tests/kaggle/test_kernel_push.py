"""Push, watch, output and abort with the official client against the stand-in: the pains P1 to P6, P9 and P12."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from kaggle_seam import Seam, seam
from stand_in_faults import Fault
from stand_in_world import USER, hosted, kernel_folder, wait_for

from common.errors import KernelError, KitError
from common.kaggle import kernels
from common.kaggle.build import Built, build
from common.kaggle.errors import (
    Capacity,
    Damaged,
    Forbidden,
    LimitReached,
    NotFound,
    RulesNotAccepted,
    SourcesDropped,
    TimedOut,
    Unconfirmed,
)
from common.kaggle.pushes import Pushed, Pushes
from common.kaggle.results import KernelState, LogLine, Ref
from common.kaggle.sources import FIELDS

HASH = "ab" * 32
SUBMISSION = "id,score"
ENTRY = {"bytes": len(SUBMISSION), "sha256": hashlib.sha256(SUBMISSION.encode()).hexdigest()}


def manifest(bundle: str = HASH, **files: Any) -> str:
    return "write manifest.json " + json.dumps({"bundle": bundle, "files": files or {"submission.csv": ENTRY}})


ENDS_EARLY = ["QUEUED", "COMPLETE", "RUNNING", "COMPLETE"]
GOOD = f"print hello\nwrite submission.csv {SUBMISSION}\n{manifest()}\n"


@dataclass
class Desk:
    """Someone who pushes toy kernels."""

    here: Seam
    folder: Path
    pushes: Pushes
    asked: list[str] = field(default_factory=list)

    def built(self, source: str = GOOD, title: str = "Toy kernel", bundle: str = HASH, **fields: Any) -> Built:
        fields = {"competition_sources": ["toy-kernel"], "enable_gpu": False, **fields}
        folder = kernel_folder(self.folder / "built" / title, source, title, **fields)
        metadata = json.loads((folder / "kernel-metadata.json").read_text())
        return Built(name="toy", folder=folder, hash=bundle, bytes=len(source), metadata=metadata, files=())

    def push(self, source: str = GOOD, title: str = "Toy kernel", *, patience: float = 0.0, **fields: Any) -> Pushed:
        made = self.built(source, title, **fields)
        return kernels.push(self.here.client, made, self.pushes, patience=patience, **self.manner)

    def watch(self, pushed: Pushed, limit: float = 36000, **options: Any) -> Any:
        return kernels.watch(self.here.client, pushed, self.pushes, limit=limit, **self.manner, **options)

    def output(self, pushed: Pushed) -> kernels.Fetched:
        return kernels.output(self.here.client, pushed, self.folder / "fetched", notify=self.here.messages.append)

    def abort(self, ref: Ref, answer: bool = True) -> None:
        confirm = lambda question: not self.asked.append(question) and answer  # noqa: E731
        kernels.abort(self.here.client, ref, self.pushes, confirm=confirm)

    def versions(self) -> int:
        return len(self.here.calls("version"))

    def running(self, pushed: Pushed) -> None:
        look = lambda: self.here.client.kernels.status(pushed.ref).state  # noqa: E731
        wait_for(look, until=lambda state: state is KernelState.RUNNING)

    @property
    def manner(self) -> dict[str, Any]:
        return {"notify": self.here.messages.append, "clock": self.here.hourglass.clock}


@pytest.fixture
def faults() -> tuple[Fault, ...]:
    return ()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: tuple[Fault, ...]) -> Iterator[Desk]:
    with seam(tmp_path, monkeypatch, *faults) as here:
        yield Desk(here, tmp_path, Pushes(tmp_path / "pushes.json"))


def played(*faults: Fault) -> Any:
    return pytest.mark.parametrize("faults", [faults])


def test_push_watch_output(desk: Desk) -> None:
    pushed = desk.push()
    assert pushed.ref == Ref(USER, "toy-kernel", 1)
    assert (pushed.bundle, pushed.gpu, pushed.active) == (HASH, False, True)
    assert pushed.url.endswith("/code/dummy/toy-kernel")
    lines: list[LogLine] = []
    assert desk.watch(pushed, on_log=lines.append).state is KernelState.COMPLETE
    assert [line.text.strip() for line in lines] == ["hello"]
    assert desk.pushes.last(pushed.ref) == replace(pushed, state=KernelState.COMPLETE)
    got = desk.output(pushed)
    assert got.verified
    assert sorted(got.files) == ["manifest.json", "submission.csv"]
    assert (got.folder / "submission.csv").read_text() == SUBMISSION
    assert (got.folder / kernels.LOG).read_text() == "hello\n"


def test_what_kaggle_gets_is_the_built_kernel(desk: Desk, tmp_path: Path) -> None:
    """P12: the text within the limit, with a kernelspec, and every field of the metadata."""
    made = build("patent_train", USER, tmp_path / "made", cpu=True)
    slug = made.metadata["competition_sources"][0]
    with pytest.raises(NotFound, match=slug):  # this stand-in does not hold that competition
        kernels.push(desk.here.client, made, desk.pushes, **desk.manner)
    made.metadata["competition_sources"] = ["toy-kernel"]
    (made.folder / "kernel-metadata.json").write_text(json.dumps(made.metadata))
    pushed = kernels.push(desk.here.client, made, desk.pushes, **desk.manner)
    (source,), (version,) = desk.here.calls("source"), desk.here.calls("version")
    assert source["text"] == (made.folder / "kernel.ipynb").read_text()
    assert json.loads(source["text"])["metadata"]["kernelspec"]["name"] == "python3"
    assert (version["kernelType"], version["enableInternet"], version["accelerator"]) == ("notebook", True, None)
    assert desk.watch(pushed).state is KernelState.COMPLETE


@played(Fault(on="SaveKernel", kind="answer"))
def test_p1_a_refused_push_is_no_success(desk: Desk) -> None:
    with pytest.raises(Capacity, match="session count of 2"):
        desk.push()
    assert desk.versions() == 0
    assert desk.pushes.all() == []


@played(Fault(on="SaveKernel", kind="answer", times=3))
def test_p1_a_free_session_can_be_waited_for(desk: Desk) -> None:
    assert desk.push(patience=3600).ref.version == 1
    assert desk.versions() == 1
    assert sum("session count" in line for line in desk.here.messages) == 3
    assert all(pause >= 60 for pause in desk.here.hourglass.slept)


@played(Fault(on="SaveKernel", kind="answer", times=None))
def test_p1_waiting_for_a_session_ends_with_the_reason(desk: Desk) -> None:
    with pytest.raises(Capacity, match="session count of 2"):
        desk.push(patience=600)
    assert 600 <= desk.here.hourglass.time < 800
    assert desk.versions() == 0


@pytest.mark.parametrize(
    "faults",
    [(Fault(on="SaveKernel", kind=kind),) for kind in ("cut_answer", "rate_limited", "late")],
    ids=lambda faults: faults[0].kind,
)
def test_p15_a_lost_answer_makes_no_second_version(desk: Desk) -> None:
    pushed = desk.push()
    assert (pushed.ref.version, desk.versions()) == (1, 1)
    assert desk.watch(pushed).state is KernelState.COMPLETE


SOMEBODY = {"ref": "/code/somebody/else", "url": "u", "versionNumber": 1}
DENIED = Fault(on="GetKernel", kind="error", skip=3, times=40, parameters={"code": 403, "message": "denied"})


@pytest.mark.parametrize(
    "faults",
    [
        (Fault(on="SaveKernel", kind="late", parameters={"calls": 60}),),
        (Fault(on="SaveKernel", kind="cut_answer"), DENIED),
        (Fault(on="SaveKernel", kind="cut_answer"), replace(DENIED, parameters={"code": 404, "message": "stale"})),
    ],
    ids=["made late", "denied", "not shown"],
)
def test_d2_a_version_that_was_not_seen_is_remembered_and_found_by_the_next_command(desk: Desk) -> None:
    with pytest.raises(Unconfirmed, match="look before doing it again"):
        desk.push()
    (open_push,) = desk.pushes.all()
    assert (open_push.ref, open_push.before, open_push.bundle) == (Ref(USER, "toy-kernel"), 0, HASH)
    for _ in range(60):  # time passes
        desk.here.client.kernels.info(open_push.ref)
    pushed = desk.push()
    assert (pushed.ref.version, desk.versions()) == (1, 1)
    assert "it is not repeated" in desk.here.messages[-1]
    assert kernels.find(desk.here.client, pushed.ref.at(None), desk.pushes).bundle == HASH


@pytest.mark.parametrize(
    "faults",
    [
        (Fault(on="SaveKernel", kind="answer", parameters={"answer": answer}),)
        for answer in (
            {},
            SOMEBODY,
            {**SOMEBODY, "ref": "/code/dummy/another-slug"},
            {**SOMEBODY, "ref": "/code/dummy/toy-kernel", "versionNumber": 7},
            {**SOMEBODY, "ref": "/code/dummy/toy kernel"},
            {**SOMEBODY, "versionNumber": -3},
            {**SOMEBODY, "versionNumber": 1.5},
        )
    ],
)
def test_d4_an_answer_that_kaggle_does_not_live_up_to_is_no_success(desk: Desk) -> None:
    with pytest.raises(Unconfirmed):
        desk.push()
    (open_push,) = desk.pushes.all()
    assert open_push.ref == Ref(USER, "toy-kernel")
    assert desk.push().ref.version == 1  # on request


def test_d21_one_push_of_a_kernel_at_a_time(desk: Desk) -> None:
    with desk.pushes.pushing(Ref(USER, "toy-kernel")):
        with pytest.raises(KernelError, match="another process is pushing dummy/toy-kernel"):
            desk.push()
        assert desk.push(title="Other one").ref.version == 1
    assert desk.versions() == 1


def test_two_gpu_sessions_are_known_without_asking_for_a_third(desk: Desk) -> None:
    running = [desk.push("wait 60\n", title, enable_gpu=True) for title in ("First one", "Second one")]
    with pytest.raises(Capacity, match="dummy/first-one@1 and dummy/second-one@1 use both"):
        desk.push(GOOD, "Third one", enable_gpu=True)
    assert desk.versions() == 2
    assert desk.push(GOOD, "Fourth one").ref.version == 1  # one without a GPU is free to start
    desk.abort(running[0].ref)
    assert desk.push(GOOD, "Third one", enable_gpu=True).ref.version == 1
    desk.abort(running[1].ref)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("dataset", "dummy/nothing"), ("kernel", "dummy/nothing"), ("competition", "nothing")],
)
def test_p2_inputs_that_do_not_exist_are_refused_before_the_push(desk: Desk, kind: str, name: str) -> None:
    field_name = next(field_name for field_name, of in FIELDS.items() if of == kind)
    with pytest.raises(NotFound, match=f"does not see {kind} {name}"):
        desk.push(**{field_name: [name]})
    assert desk.versions() == 0


@played(Fault(on="SaveKernel", kind="drop_sources"))
def test_p2_dropped_inputs_are_a_failure_and_the_version_is_remembered(desk: Desk) -> None:
    with pytest.raises(SourcesDropped, match="model: google/bert/pytorch/base/1"):
        desk.push("wait 60\n", model_sources=["google/bert/pytorch/base/1"])
    (left,) = desk.pushes.all()
    assert (left.ref, left.active) == (Ref(USER, "toy-kernel", 1), True)
    desk.abort(left.ref)
    assert desk.here.calls("kernel") == []


def test_an_input_kernel_must_be_complete(desk: Desk) -> None:
    first = desk.push("wait 60\n", "First one")
    with pytest.raises(KernelError, match=r"input dummy/first-one is (queued|running)"):
        desk.push(kernel_sources=["dummy/first-one"])
    desk.abort(first.ref)


def test_p4_the_kernel_must_be_the_users_own(desk: Desk) -> None:
    with pytest.raises(KernelError, match="belongs to stranger, but you are dummy"):
        desk.push(owner="stranger")
    assert desk.versions() == 0


def test_p4_the_name_that_kaggle_gives_is_the_one_that_counts(desk: Desk) -> None:
    pushed = desk.push(id=f"{USER}/other-slug")
    assert pushed.ref.name == f"{USER}/toy-kernel"
    assert "Kaggle calls the kernel dummy/toy-kernel, not dummy/other-slug" in desk.here.messages
    assert desk.watch(pushed).state is KernelState.COMPLETE


@played(Fault(on="GetKernelSessionStatus", kind="statuses", times=2, parameters={"values": ["COMPLETE"]}))
def test_p5_right_after_a_push_an_end_is_believed_only_later(desk: Desk) -> None:
    pushed = desk.push("wait 0.02\nfail later\n")
    assert desk.watch(pushed).state is KernelState.ERROR
    assert desk.here.hourglass.time >= 60


@played(Fault(on="GetKernelSessionStatus", kind="statuses", times=4, parameters={"values": ENDS_EARLY}))
def test_d22_an_end_is_looked_at_twice(desk: Desk) -> None:
    assert desk.watch(desk.push("wait 0.02\nfail later\n")).state is KernelState.ERROR


@pytest.mark.parametrize(
    "faults",
    [
        (Fault(on="GetKernelSessionStatus", kind="error", skip=1, parameters={"code": code}),)
        for code in (401, 403, 404)
    ],
)
def test_d22_watching_bears_a_denial(desk: Desk) -> None:
    assert desk.watch(desk.push()).state is KernelState.COMPLETE


def test_p5_output_of_other_code_is_refused_and_replaces_nothing(desk: Desk) -> None:
    first = desk.push()
    desk.watch(first)
    desk.output(first)
    second = desk.push(GOOD.replace("hello", "again"), bundle="cd" * 32)  # what comes still names the first one's code
    desk.watch(second)
    with pytest.raises(Damaged, match=r"of other code \(bundle abab.*cdcd.*another version's"):
        desk.output(second)
    assert (desk.folder / "fetched" / kernels.LOG).read_text() == "hello\n"


@pytest.mark.parametrize("state", ["queued", "running"])
def test_p6_a_running_kernel_is_not_pushed_again(desk: Desk, state: str) -> None:
    pushed = desk.push("wait 60\n")
    if state == "running":
        desk.running(pushed)
    elsewhere = Desk(desk.here, desk.folder, Pushes(desk.folder / "another-machine.json"))
    for who in (desk, elsewhere):
        with pytest.raises(KernelError, match="a push would start a second session"):
            who.push()
    assert desk.versions() == 1
    desk.abort(pushed.ref)


def test_p6_abort_says_what_it_deletes_and_asks(desk: Desk) -> None:
    desk.watch(desk.push())
    pushed = desk.push("wait 60\n")
    desk.running(pushed)
    with pytest.raises(KernelError, match=r"not deleted.*--yes"):
        desk.abort(pushed.ref, answer=False)
    assert desk.here.client.kernels.status(pushed.ref).state is KernelState.RUNNING
    desk.abort(pushed.ref)
    assert "delete dummy/toy-kernel with all its 2 versions, their logs and outputs?" in desk.asked[-1]
    assert desk.pushes.all() == desk.here.calls("kernel") == []
    with pytest.raises(NotFound, match="kernel not found: dummy/toy-kernel"):
        desk.abort(pushed.ref)


def test_p6_watching_ends_though_the_session_does_not(desk: Desk) -> None:
    pushed = desk.push("wait 60\n")
    with pytest.raises(TimedOut, match="look again later"):
        desk.watch(pushed, limit=300)
    assert all(pause >= 30 or pause <= 1 for pause in desk.here.hourglass.slept[:-1])
    desk.abort(pushed.ref)


@played(Fault(on="ListKernelSessionOutput", kind="page_size", times=None))
def test_p9_all_pages_of_the_output_are_fetched(desk: Desk) -> None:
    pushed = desk.push(GOOD + "".join(f"write part-{number}.txt {number}\n" for number in range(5)))
    desk.watch(pushed)
    assert len(desk.output(pushed).files) == 7


@played(Fault(on="ListKernelSessionOutput", kind="missing_file", times=None))
def test_p9_a_missing_file_is_missed(desk: Desk) -> None:
    pushed = desk.push()
    desk.watch(pushed)
    with pytest.raises(Damaged, match=r"submission\.csv is missing"):
        desk.output(pushed)
    assert not (desk.folder / "fetched").exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"write submission.csv changed!\n{manifest()}\n", "another checksum|has 8 bytes|has 9 bytes"),
        (f"write submission.csv {SUBMISSION}\n", r"left no manifest\.json"),
        ("write manifest.json {\n", "did not finish writing it"),
    ],
)
def test_p9_output_that_is_not_what_the_kernel_wrote_is_refused(desk: Desk, source: str, words: str) -> None:
    pushed = desk.push(source)
    desk.watch(pushed)
    with pytest.raises(Damaged, match=words):
        desk.output(pushed)


def test_output_of_a_failed_kernel_can_be_looked_at(desk: Desk) -> None:
    pushed = desk.push("print so far\nwrite half.txt x\nfail no memory\n")
    ended = desk.watch(pushed)
    assert (ended.state, ended.failure) == (KernelState.ERROR, "no memory")
    got = desk.output(pushed)
    assert (got.files, got.verified) == (("half.txt",), False)
    assert "is not verified" in desk.here.messages[-1]


def test_output_waits_for_the_end_and_replaces_only_its_own(desk: Desk) -> None:
    pushed = desk.push("wait 60\n")
    with pytest.raises(KernelError, match="no output before its end"):
        desk.output(pushed)
    desk.abort(pushed.ref)
    pushed = desk.push()
    desk.watch(pushed)
    (desk.folder / "fetched").mkdir()
    (desk.folder / "fetched" / "precious.txt").write_text("mine")
    with pytest.raises(KernelError, match="not a kernel's output"):
        desk.output(pushed)
    assert (desk.folder / "fetched" / "precious.txt").read_text() == "mine"


def test_used_up_gpu_time_is_reported_before_the_push(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = {"timeUsed": "108000s", "timeReserved": "0s", "totalTimeAllowed": "108000s"}
    answer = {"quotaRefreshTime": "2026-11-28T00:00:00Z", "gpuQuota": spent}
    fault = Fault(on="GetAcceleratorQuotaStatistics", kind="answer", times=None, parameters={"answer": answer})
    with seam(tmp_path, monkeypatch, fault) as here:
        desk = Desk(here, tmp_path, Pushes(tmp_path / "pushes.json"))
        with pytest.raises(LimitReached, match=r"30\.0 h used.*2026-11-28.*--cpu"):
            desk.push(enable_gpu=True)
        assert desk.push().ref.version == 1


def test_rules_must_be_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = hosted(tmp_path / "kernel", "kernel", rules_accepted=False)
    with seam(tmp_path, monkeypatch, competitions=[closed]) as here:
        desk = Desk(here, tmp_path, Pushes(tmp_path / "pushes.json"))
        with pytest.raises(RulesNotAccepted, match="/rules"):
            desk.push()
        assert desk.versions() == 0


def test_the_pushed_version_is_found_again(desk: Desk) -> None:
    first = desk.push()
    desk.watch(first)
    assert kernels.find(desk.here.client, first.ref.at(None), desk.pushes).bundle == HASH
    elsewhere = Pushes(desk.folder / "another-machine.json")
    assert kernels.find(desk.here.client, first.ref.at(None), elsewhere).ref == first.ref
    with pytest.raises((NotFound, Forbidden)):
        kernels.find(desk.here.client, Ref(USER, "no-such-kernel"), elsewhere)


def test_pushes_are_kept_one_for_each_kernel(tmp_path: Path) -> None:
    pushes = Pushes(tmp_path / "sub" / "pushes.json")
    assert pushes.all() == []
    one, other = (Pushed(kernel="k", ref=Ref("me", slug, 1), bundle=HASH, gpu=True, url="u") for slug in ("one", "two"))
    pushes.keep(one)
    pushes.keep(other)
    newer = pushes.keep(replace(one, ref=one.ref.at(2)))
    pushes.settle(one.ref, KernelState.ERROR)  # of an older version: nothing to do with the newer one
    assert pushes.last(one.ref) == newer
    pushes.settle(newer.ref, KernelState.COMPLETE)
    assert not pushes.all()[-1].active
    pushes.forget(newer.ref)
    assert [pushed.ref.slug for pushed in pushes.all()] == ["two"]
    rows = json.loads((tmp_path / "sub" / "pushes.json").read_text())  # D21: bad entries do not spoil the rest
    bad = [{**rows[0], "ref": ref} for ref in ("me/a b", "me/one@-3", "me/one@1.5")]
    (tmp_path / "sub" / "pushes.json").write_text(json.dumps([*bad, 7, {}, *rows]))
    assert [pushed.ref.slug for pushed in pushes.all()] == ["two"]
    (tmp_path / "sub" / "pushes.json").write_text("[{")
    with pytest.raises(KitError, match="delete it"):
        pushes.all()


@pytest.mark.slow
def test_d21_pushes_of_many_processes_are_all_kept(tmp_path: Path) -> None:
    file = tmp_path / "pushes.json"
    script = (
        "import sys; from pathlib import Path; from common.kaggle.pushes import Pushed, Pushes;"
        "from common.kaggle.results import Ref\n"
        "for n in range(10): Pushes(Path(sys.argv[1])).keep(Pushed(kernel='k', ref=Ref('me', f'k{sys.argv[2]}-{n}', 1)))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, str(file), str(number)]) for number in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    assert len(Pushes(file).all()) == 40


@pytest.mark.parametrize("length", [246, 255])
def test_d10_long_names_of_output_files_arrive(desk: Desk, length: int) -> None:
    name = "x" * length
    pushed = desk.push(f"write {name} long\nfail so\n")
    desk.watch(pushed)
    assert (desk.output(pushed).folder / name).read_text() == "long"


@pytest.mark.parametrize(
    ("names", "words"),
    [(("dir", "dir/file"), "dir both as a file and as a folder"), (("x" * 256,), "cannot write .*long")],
)
def test_d10_names_that_no_folder_can_hold_are_one_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], words: str
) -> None:
    pushed = desk.push("write a text\nfail so\n")
    desk.watch(pushed)
    (one,) = desk.here.client.kernels.outputs(pushed.ref)
    monkeypatch.setattr(desk.here.client.kernels, "outputs", lambda ref: [replace(one, name=name) for name in names])
    with pytest.raises(KitError, match=words):
        desk.output(pushed)
