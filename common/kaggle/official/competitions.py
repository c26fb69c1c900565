"""Competitions through the official client: data, submissions, leaderboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests

from common.kaggle.credentials import mask
from common.kaggle.errors import Transient
from common.kaggle.official.downloads import receive
from common.kaggle.official.paging import pages
from common.kaggle.official.session import Session
from common.kaggle.official.uploads import upload
from common.kaggle.results import (
    CompetitionInfo,
    LeaderboardRow,
    Progress,
    Ref,
    RemoteFile,
    Submission,
    SubmissionLimits,
    SubmissionState,
)


class Competitions:
    """Competitions: data, submissions, leaderboard. `slug` is the last part of a competition's URL."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _service(self) -> Any:
        return self._session.sdk.competitions.competition_api_client

    def _call(self, method: str, slug: str, about: str, **fields: Any) -> Any:
        return self._session.call(getattr(self._service, method), f"{about} {slug}", competition_name=slug, **fields)

    def info(self, slug: str) -> CompetitionInfo:
        """Describe a competition. Raises NotFound for an unknown slug."""
        answer = self._call("get_competition", slug, "competition")
        return CompetitionInfo(
            slug=slug,
            deadline=_utc(answer.deadline),
            entered=answer.user_has_entered,
            kernels_only=answer.is_kernels_submissions_only,
            submissions_disabled=answer.submissions_disabled,
            daily_submissions=answer.max_daily_submissions or None,
            title=answer.title or "",
            metric=answer.evaluation_metric or "",
        )

    def files(self, slug: str) -> list[RemoteFile]:
        """List the data files, all pages of them."""
        listing = pages(partial(self._call, "list_data_files", slug, "files of", page_size=200))
        return [
            RemoteFile(name=file.name or file.ref, size=file.total_bytes or None)
            for page in listing
            for file in page.files or ()
        ]

    def download(self, slug: str, target: Path, *, file: str | None = None, progress: Progress | None = None) -> Path:
        """Fetch one file, or all files as one zip, into `target`; goes on where an earlier attempt broke off."""
        session = self._session
        about = f"download of {file or slug}"
        method = "download_data_file" if file else "download_data_files"

        def request(headers: Mapping[str, str]) -> requests.Response:
            # The client's request cannot carry a Range; it leads to a signed address, which is asked for the rest.
            call = getattr(self._service, method)
            whole: requests.Response = session.call(call, about, repeat=False, competition_name=slug, file_name=file)
            if "Range" not in headers and "Content-Encoding" not in whole.headers:
                return whole
            whole.close()
            return session.open.get(whole.url, headers=dict(headers), stream=True)

        return receive(request, target, about, retry=session.retry, progress=progress, notify=session.notify)

    def limits(self, slug: str) -> SubmissionLimits:
        """Count the submissions made and those still allowed."""
        answer = self._call("get_submission_limits", slug, "submission limits of")
        return SubmissionLimits(
            today=answer.num_today,
            total=answer.num_total,
            allowed_now=answer.num_allowed_now,
            limited_by_total=answer.limited_by_total,
        )

    def submissions(self, slug: str, *, newest: int | None = None) -> list[Submission]:
        """List the submissions, newest first; only the first page or pages that hold `newest` of them if given."""
        submissions: list[Submission] = []
        for page in pages(partial(self._call, "list_submissions", slug, "submissions to", page_size=100)):
            submissions += [self._submission(item) for item in page.submissions or () if item]
            if newest is not None and len(submissions) >= newest:
                break
        return sorted(submissions, key=lambda submission: submission.ref, reverse=True)[:newest]

    def submission(self, slug: str, ref: int) -> Submission:
        """Look one submission up."""
        answer = self._session.call(self._service.get_submission, f"submission {ref} to {slug}", ref=ref)
        return self._submission(answer)

    def submit_file(self, slug: str, file: Path, description: str) -> Submission:
        """Submit a file, once: if the answer is lost, it is looked for, never sent again."""
        about = f"submitting {file.name} to {slug}"
        start = partial(
            self._call,
            "start_submission_upload",
            slug,
            "upload for",
            file_name=file.name,
            content_length=file.stat().st_size,
            last_modified_epoch_seconds=int(file.stat().st_mtime),
        )
        token = upload(self._session, file, about, start)
        fields = {"blob_file_tokens": token, "submission_description": description}
        return self._once(slug, "create_submission", fields, file.name, file.stat().st_size, about)

    def submit_kernel(self, slug: str, kernel: Ref, file_name: str, description: str) -> Submission:
        """Submit one version of a kernel, once, as `submit_file` does."""
        fields = {
            "kernel_owner": kernel.owner,
            "kernel_slug": kernel.slug,
            "kernel_version": kernel.version,
            "file_name": file_name,
            "submission_description": description,
        }
        about = f"submitting {kernel} to {slug}"
        return self._once(slug, "create_code_submission", fields, file_name, None, about)

    def leaderboard(self, slug: str) -> list[LeaderboardRow]:
        """List the leaderboard, best team first."""
        listing = pages(partial(self._call, "get_leaderboard", slug, "leaderboard of", page_size=200))
        rows = [row for page in listing for row in page.submissions or ()]
        return [
            LeaderboardRow(rank=rank, team=row.team_name or "", score=row.score or "", date=_utc(row.submission_date))
            for rank, row in enumerate(rows, start=1)
        ]

    def _once(
        self, slug: str, method: str, fields: Mapping[str, Any], file_name: str, size: int | None, about: str
    ) -> Submission:
        """Submit, and return the submission once Kaggle lists it: it has said "Successfully submitted" without one."""
        known = {submission.ref for submission in self.submissions(slug, newest=20)}
        description = str(fields["submission_description"])

        def act() -> int:
            call: Callable[..., Any] = getattr(self._service, method)
            answer = self._session.call(call, about, repeat=False, competition_name=slug, **fields)
            if not answer.ref or answer.ref in known:
                words = mask(str(answer.message or ""), self._session.secrets)
                said = f", but says {words!r}" if words else ""
                raise Transient(f"{about}: Kaggle gave no new submission number{said}")
            return int(answer.ref)

        def same(item: Submission) -> bool:
            # Kaggle may cut the description; then name and size still have to fit.
            named = item.file_name in ("", file_name) and (size is None or item.size in (None, size))
            return item.ref not in known and named and description.startswith(item.description)

        def find(ref: int | None) -> Submission | None:
            newest = self.submissions(slug, newest=20)
            fitting = (item for item in newest if (item.ref == ref if ref else same(item)))
            return next(fitting, None) or (self.submission(slug, ref) if ref else None)

        return self._session.retry.once(act, find, what=about, notify=self._session.notify)

    def _submission(self, item: Any) -> Submission:
        return Submission(
            ref=item.ref,
            state=SubmissionState[item.status.name],
            date=_utc(item.date),
            description=item.description or "",
            file_name=item.file_name or "",
            size=item.total_bytes or None,
            public_score=item.public_score or "",
            private_score=item.private_score or "",
            error=mask(item.error_description or "", self._session.secrets),
        )


def _utc(when: datetime | None) -> datetime | None:
    return when.replace(tzinfo=UTC) if when else None
