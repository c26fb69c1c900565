"""`kit submit`: submit a file or a kernel version to a competition, once, and wait for its score."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import Competition
from common.errors import SubmissionError
from common.files import locked
from common.files import sha256 as sha256_of
from common.kaggle.errors import Invalid, LimitReached, NotFound, RulesNotAccepted
from common.kaggle.results import CompetitionInfo, KernelState, Ref, Submission, SubmissionState
from common.kaggle.retry import FAILURES, Clock, Notify, poll, silent
from common.wording import listed

if TYPE_CHECKING:
    from pandas import DataFrame

    from common.kaggle.official import Client
    from common.runs.ledger import Ledger

_MARK = re.compile(r"#[0-9a-f]{10}\b")

WAIT_LIMIT = 12 * 3600.0
"""Seconds: the longest rerun that Kaggle allows."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a submission ended; `submission.scored` is success, `submission.reason` why there is no score."""

    submission: Submission
    sha256: str
    left_today: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it was scored, or is still waiting for its score."""
        return not self.submission.final or self.submission.scored


def submit(
    client: Client,
    competition: Competition,
    what: Path | Ref,
    message: str,
    *,
    ledger: Ledger,
    confirm: Callable[[str], bool],
    sample: Path | DataFrame | None = None,
    wait: float | None = WAIT_LIMIT,
    again: bool = False,
    force: bool = False,
    run: str = "",
    notify: Notify = silent,
    clock: Clock | None = None,
) -> Outcome:
    """Submit, after everything that can be checked was checked.

    The description on Kaggle begins with the first digits of the content's SHA-256: by them a submission is known
    again, from another machine and in a cut description too, so the same bytes are not sent twice. From this folder
    only one process at a time submits to a competition.

    Args:
        client: the connection.
        competition: what is submitted to.
        what: a submission file, or a kernel with its version.
        message: the description.
        ledger: written before and after; searched for the same content.
        confirm: asked before a submission is spent, with what is about to happen.
        sample: the sample submission, or what has its rows, to validate a file against; required for files.
        wait: seconds to wait for the score; None returns at once.
        again: submit the same content once more.
        force: submit a file in spite of its problems.
        run: name of the run that made the file, for the ledger.
        notify: called with a line about what happens.
        clock: replaceable in tests.

    Raises:
        SubmissionError: for a file that Kaggle would not score, the same content again, or an answer of no.
        RulesNotAccepted: with the page to open.
        LimitReached: if no submission is left, or submissions are closed.
        Invalid: for a file to a code competition, or a kernel that cannot be submitted.
        TimedOut: if there is no score in time; the submission remains.
        KaggleError: see `common.kaggle.official`.
    """
    slug, clock = competition.slug, clock or Clock()
    sha256 = sha256_of(what) if isinstance(what, Path) else hashlib.sha256(f"{slug} {what}".encode()).hexdigest()
    description = f"{_mark(sha256)} {message}".strip()
    name = what.name if isinstance(what, Path) else str(what)
    line = {"run": run, "metric": competition.metric, "file": name, "sha256": sha256, "message": message}
    if isinstance(what, Path):
        _validate(what, sample, competition, force, notify)
    with locked(ledger.path.with_name("submission"), lambda: notify(f"waiting for another submission to {slug}")):
        if not again:
            _require_not_in_ledger(ledger, sha256)
        info = client.competitions.info(slug)
        left = _preflight(client, info, what, competition.submission.file_name, notify)
        _note_arrived(client, slug, ledger)
        if not again:
            _require_not_in_ledger(ledger, sha256)
            _require_not_on_kaggle(client, slug, sha256, what)
        count = f"; {left} left today, this takes one" if left is not None else ""
        if not confirm(f"submit {what} to {slug}{count}?"):
            raise SubmissionError("not submitted: not confirmed (--yes confirms it)")
        ledger.add("submitting", **line)
        try:
            if isinstance(what, Path):
                submission = client.competitions.submit_file(slug, what, description)
            else:
                file_name = competition.submission.file_name
                submission = client.competitions.submit_kernel(slug, what, file_name, description)
        except KeyboardInterrupt:
            notify(f"it may have been submitted: kit submissions {competition.name} shows it, the next kit submit too")
            raise
        ledger.add("submitted", **line, **_scores(submission))
    notify(f"submission {submission.ref} to {slug} was accepted")
    if wait is not None:
        submission = await_score(client, slug, submission, limit=wait, notify=notify, clock=clock)
        ledger.add("scored" if submission.scored else "failed", **line, **_scores(submission))
    return Outcome(submission=submission, sha256=sha256, left_today=left - 1 if left else left)


def await_score(
    client: Client,
    slug: str,
    submission: Submission,
    *,
    limit: float = WAIT_LIMIT,
    notify: Notify = silent,
    clock: Clock | None = None,
) -> Submission:
    """Wait until a submission is scored or failed; a few failed looks in a row are tolerated.

    Raises:
        TimedOut: if it is still pending after `limit` seconds.
    """
    unscored = False

    def look(waited: float) -> Submission | None:
        nonlocal unscored
        # The list comes first: Kaggle has left the reason of a failure out of the single look-up before.
        newest = client.competitions.submissions(slug, newest=20)
        entry = next((item for item in newest if item.ref == submission.ref), None)
        now = entry or client.competitions.submission(slug, submission.ref)
        if now.scored or (now.final and unscored):  # an end without a score is looked at twice
            return now
        unscored = now.final
        if waited:
            notify(f"submission {submission.ref} is pending ({waited / 60:.0f} min)")
        return None

    return poll(look, f"the score of submission {submission.ref}", limit=limit, failures=FAILURES, clock=clock)


def _validate(
    file: Path, sample: Path | DataFrame | None, competition: Competition, force: bool, notify: Notify
) -> None:
    from common.submission.checks import errors, validate

    if sample is None:
        raise SubmissionError(f"checking {file} needs the sample submission of {competition.slug}; download it")
    problems = validate(file, sample, competition.submission, competition.metric)
    if (wrong := errors(problems)) and not force:
        more = f" (and {len(wrong) - 1} more; see kit validate)" if len(wrong) > 1 else ""
        raise SubmissionError(f"{file} is not submitted: {wrong[0]}{more}; --force submits it all the same")
    for each in problems:
        notify(f"{each.severity}: {each}")


def _require_not_in_ledger(ledger: Ledger, sha256: str) -> None:
    same = [row for row in ledger.rows() if row.get("sha256") == sha256 and row.get("ref")]
    if same:
        ref, score = same[-1]["ref"], same[-1].get("public") or same[-1].get("status")
        raise SubmissionError(
            f"the same content was submitted before (submission {ref}: {score}); --again submits it once more"
        )


def _note_arrived(client: Client, slug: str, ledger: Ledger) -> None:
    """Add what was submitted from here but never answered, if Kaggle lists it."""
    rows = ledger.rows()
    answered = {row["sha256"] for row in rows if row["ref"]}
    unanswered = {row["sha256"]: row for row in rows if row["event"] == "submitting" and row["sha256"] not in answered}
    for submission in client.competitions.submissions(slug, newest=100) if unanswered else ():
        for sha256, row in unanswered.items():
            if _mark(sha256) in submission.description:
                line = {name: row[name] for name in ("run", "metric", "file", "sha256", "message")}
                ledger.add("submitted", **line, **_scores(submission))


def _require_not_on_kaggle(client: Client, slug: str, sha256: str, what: Path | Ref) -> None:
    """Search Kaggle's own list for the content: it knows what other machines and killed processes sent."""
    size = what.stat().st_size if isinstance(what, Path) else None
    for submission in client.competitions.submissions(slug, newest=100):
        marked = _MARK.search(submission.description)
        # Without a mark, which Kaggle may have cut off, the name and the size have to do.
        same = (
            marked[0] == _mark(sha256)
            if marked
            else isinstance(what, Path) and ((submission.file_name, submission.size) == (what.name, size))
        )
        if same and submission.state is not SubmissionState.ERROR:
            raise SubmissionError(
                f"the same content is on Kaggle already as submission {submission.ref} "
                f"({submission.public_score or submission.state.value}); --again submits it once more"
            )


def _preflight(client: Client, info: CompetitionInfo, what: Path | Ref, file_name: str, notify: Notify) -> int | None:
    """Check what Kaggle would refuse without saying why; return the submissions left today, None if unknown."""
    if not info.entered:
        raise RulesNotAccepted(info.slug)
    if info.submissions_disabled:
        raise LimitReached(f"{info.slug} takes no submissions any more: its host has disabled them")
    if isinstance(what, Path) and info.kernels_only:
        raise Invalid(f"{info.slug} is a code competition: it takes a kernel version (owner/slug@version), no file")
    if isinstance(what, Ref):
        if not info.kernels_only:
            raise Invalid(f"{info.slug} takes a file: fetch {file_name} from the output of {what.name} and submit it")
        _check_kernel(client, what, file_name)
    if info.deadline and info.deadline < datetime.now(UTC):
        notify(f"the deadline of {info.slug} was {info.deadline:%Y-%m-%d}: a late submission is scored, but not ranked")
    limits = client.competitions.limits(info.slug)
    if not limits.known:  # an account without a team has no figures; the first submission creates one
        return info.daily_submissions
    if limits.allowed_now < 1:
        when = "ever: the total is used up" if limits.limited_by_total else "today; the day ends at 0:00 UTC"
        raise LimitReached(f"no submission to {info.slug} is left {when} ({limits.today} made today)")
    return limits.allowed_now


def _check_kernel(client: Client, kernel: Ref, file_name: str) -> None:
    if kernel.version is None:
        raise Invalid(f"{kernel} needs its version to be submitted: write {kernel}@1")
    status = client.kernels.status(kernel)
    if status.state is not KernelState.COMPLETE:
        why = f" ({status.failure})" if status.failure else ""
        raise Invalid(f"{kernel} is {status.state.value}{why}; only a complete version can be submitted")
    names = [file.name for file in client.kernels.outputs(kernel)]
    if file_name not in names:
        raise NotFound(
            f"the output of {kernel} has no {file_name}, which Kaggle scores; it has {listed(names) or 'no files'}"
        )


def _mark(sha256: str) -> str:
    return f"#{sha256[:10]}"


def _scores(submission: Submission) -> dict[str, Any]:
    return {
        "ref": submission.ref,
        "status": submission.reason or submission.state.name,
        "public": submission.public_score,
        "private": submission.private_score,
    }
