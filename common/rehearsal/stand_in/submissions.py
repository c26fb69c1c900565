"""Submissions: the daily limit, what is refused, the hidden rerun, grading, the leaderboard."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from common.competition import Competition
from common.rehearsal.stand_in.answers import Body, Call, Handler, Refusal
from common.rehearsal.stand_in.grading import BadSubmission, grade
from common.rehearsal.stand_in.running import KernelRun, RunResult
from common.rehearsal.stand_in.sessions import RERUNS, Sessions
from common.rehearsal.stand_in.store import Document
from common.rehearsal.stand_in.transfers import Transfers
from common.rehearsal.stand_in.world import Hosted, World

DAILY = 5  # where the competition's own limit is not known
PURPOSE = "submission"
SHOWN = (
    *("ref", "totalBytes", "date", "description", "errorDescription", "fileName", "publicScore", "privateScore"),
    *("status", "submittedBy", "submittedByRef", "teamName", "url"),
)


class Submissions:
    """The part of `competitions.CompetitionApiService` that submits."""

    def __init__(
        self, world: World, transfers: Transfers, sessions: Sessions, run_of: Callable[[str, bool], KernelRun]
    ) -> None:
        self._world, self._transfers, self._sessions, self._run_of = world, transfers, sessions, run_of
        self._grader = ThreadPoolExecutor(1, thread_name_prefix="grader")
        self._files = world.folder / "submissions"
        self._files.mkdir(parents=True, exist_ok=True)

    def handlers(self) -> dict[str, Handler]:
        """Return the methods by name."""
        return {
            "StartSubmissionUpload": self.start_upload,
            "CreateSubmission": self.create,
            "CreateCodeSubmission": self.create_from_kernel,
            "ListSubmissions": self.list_all,
            "GetSubmission": self.get,
            "GetSubmissionLimits": self.limits,
        }

    def resume(self) -> None:
        """Begin again what was not graded when the server stopped."""
        for document in self._world.store.all("submission"):
            if document["status"] == "PENDING":
                self._begin(document)

    def stop(self) -> None:
        """End grading; `resume` begins again what is pending."""
        self._grader.shutdown(wait=True, cancel_futures=True)

    # Submitting

    def start_upload(self, call: Call) -> Body:
        """Open the upload of a submission file."""
        self._open(call)
        return self._transfers.start(call, PURPOSE, call.text("fileName"))

    def create(self, call: Call) -> Body:
        """Submit an uploaded file. A token is good for one submission."""
        hosted = self._open(call)
        if hosted.competition.submitted_as == "kernel":
            raise Refusal(400, "This competition only accepts submissions from notebooks.")
        with self._world.store.transaction():
            name, path = self._transfers.take(call, call.text("blobFileTokens"), PURPOSE)
            document = self._new(call, hosted, name, path.stat().st_size)
            path.replace(self._files / str(document["ref"]))
        return self._accepted(hosted, document)

    def create_from_kernel(self, call: Call) -> Body:
        """Submit a kernel version: it is run again on the hidden test, and what it then writes is graded."""
        hosted = self._open(call)
        if hosted.competition.submitted_as != "kernel":
            raise Refusal(400, "This competition does not accept submissions from notebooks.")
        ref = f"{call.text('kernelOwner')}/{call.text('kernelSlug')}"
        number, name = call.number("kernelVersion"), call.text("fileName")
        key = f"{ref}/{number}"
        session = self._world.store.get("session", key)
        if session is None or not ref.startswith(f"{call.user}/"):
            raise Refusal(404, f"Not found: version {number} of kernel {ref}")
        if session["status"] != "COMPLETE":
            raise Refusal(
                400, f"Version {number} of {ref} is {session['status']}, not COMPLETE; it cannot be submitted."
            )
        files = dict(self._sessions.output(key))
        if name != hosted.competition.submission.file_name or name not in files:
            raise Refusal(400, f"Submission file {name!r} was not found in the output of version {number} of {ref}.")
        if self._run_of(key, True).internet and not hosted.competition.limits.internet:
            raise Refusal(400, f"Internet access must be off in notebooks submitted here; version {number} has it on.")
        with self._world.store.transaction():
            document = self._new(call, hosted, name, files[name].stat().st_size, kernel=key)
        return self._accepted(hosted, document)

    def _open(self, call: Call) -> Hosted:
        """Return the competition if it accepts a submission of this user now."""
        hosted = self._world.competition(call.text("competitionName"), code=403)
        if not hosted.rules_accepted:
            raise Refusal(403, "You must join this competition and accept its rules before you can submit.")
        if hosted.submissions_disabled:
            raise Refusal(400, "Submissions to this competition are disabled.")
        if hosted.deadline is not None and self._world.clock() > hosted.deadline:
            raise Refusal(400, "The deadline of this competition has passed.")
        limits = self._count(call.user, hosted.competition)
        if limits["numAllowedNow"] == 0:
            raise Refusal(400, f"Your team has used its daily submission allowance ({limits['numToday']}) today.")
        return hosted

    def _new(self, call: Call, hosted: Hosted, name: str, size: int, kernel: str = "") -> Document:
        self._open(call)  # again inside the transaction: two requests must not share the last submission of a day
        ref = self._world.store.next("submission", 1001)
        document: Document = {
            "ref": ref,
            "competition": hosted.competition.slug,
            "user": call.user,
            "kernel": kernel,
            "totalBytes": size,
            "date": self._world.now(),
            "description": call.text("submissionDescription"),
            "fileName": name,
            "status": "PENDING",
            "submittedBy": call.user,
            "submittedByRef": call.user,
            "teamName": call.user,
            "url": f"https://www.kaggle.com/submissions/{ref}/{ref}.raw",
        }
        self._world.store.put("submission", str(ref), document)
        return document

    def _accepted(self, hosted: Hosted, document: Document) -> Body:
        self._begin(document)
        return {"message": f"Successfully submitted to {hosted.competition.title}", "ref": document["ref"]}

    # Grading

    def _begin(self, document: Document) -> None:
        ref, key = document["ref"], document["kernel"]
        if not key:
            self._grader.submit(self._grade, ref, self._files / str(ref))
            return
        run, then = partial(self._limited, key, document), partial(self._reran, document)
        self._sessions.queue(f"{RERUNS}{ref}", "rerun", run, then)

    def _limited(self, key: str, document: Document) -> KernelRun:
        run = self._run_of(key, True)
        hours = self._world.hosted[document["competition"]].competition.limits.session_hours
        return replace(run, limits=replace(run.limits, seconds=hours * 3600))

    def _reran(self, document: Document, result: RunResult) -> None:
        file = result.output / document["fileName"]
        if result.status != "COMPLETE":
            self._failed(document["ref"], f"Notebook Threw Exception: {result.failure}".removesuffix(": "))
        elif not file.is_file():
            self._failed(document["ref"], "Submission CSV Not Found")
        else:
            self._grader.submit(self._grade, document["ref"], file)

    def _grade(self, ref: int, file: Path) -> None:
        document = self._world.store.get("submission", str(ref)) or {}
        try:
            competition = self._world.hosted[document["competition"]].competition
            scores = grade(competition, self._world.competition_folder(competition.slug), file)
        except BadSubmission as error:
            self._failed(ref, str(error))
        except Exception as error:  # whatever a submitted file does to the grader, the submission must end
            self._failed(ref, f"Evaluation Exception: {type(error).__name__}: {error}")
        else:
            shown = {"publicScore": f"{scores.public:.5f}", "privateScore": f"{scores.private:.5f}"}
            self._world.store.update("submission", str(ref), status="COMPLETE", **shown)

    def _failed(self, ref: int, reason: str) -> None:
        self._world.store.update("submission", str(ref), status="ERROR", errorDescription=reason)

    # Looking

    def list_all(self, call: Call) -> Body:
        """List the user's submissions, newest first."""
        hosted = self._world.competition(call.text("competitionName"))
        mine, token = call.page(list(reversed(self._of(hosted.competition, call.user))))
        return {"submissions": [_shown(document) for document in mine], "nextPageToken": token}

    def get(self, call: Call) -> Body:
        """Return one submission of the user."""
        document = self._world.store.get("submission", str(call.number("ref")))
        if document is None or document["user"] != call.user:
            raise Refusal(404, f"Not found: submission {call.number('ref')}")
        return _shown(document)

    def limits(self, call: Call) -> Body:
        """Count the user's submissions and those still allowed today."""
        return self._count(call.user, self._world.competition(call.text("competitionName")).competition)

    def _count(self, user: str, competition: Competition) -> Body:
        mine, today = self._of(competition, user), self._world.now()[:10]
        on_this_day = sum(document["date"].startswith(today) for document in mine)
        left = max(daily_limit(competition) - on_this_day, 0)
        return {"numToday": on_this_day, "numTotal": len(mine), "numAllowedNow": left, "limitedByTotal": False}

    def _of(self, competition: Competition, user: str) -> list[Document]:
        documents = self._world.store.all("submission")
        return [item for item in documents if item["competition"] == competition.slug and item["user"] == user]


def daily_limit(competition: Competition) -> int:
    """Return how many submissions a day a competition accepts."""
    return competition.limits.daily_submissions or DAILY


def _shown(document: Document) -> Body:
    return {name: document[name] for name in SHOWN if name in document}
