"""A run of a competition that nothing is predicted of: the cells of its sample submission, validated and recorded."""

from __future__ import annotations

from common import data, submission
from common.errors import RunError
from common.files import locked, sha256
from common.pipeline import inference
from common.pipeline.request import Request
from common.progress import timed
from common.runs import provenance
from common.runs.records import Status, Submission
from common.runs.run import LOG, Run, default_folder, new_record


def run(request: Request) -> Run:
    """Write the submission of a competition with `predicts="nothing"`; nothing is trained or scored.

    Raises:
        KitError: for files that are missing or not as described.
    """
    competition, progress, seconds = request.competition, request.progress, dict[str, float]()
    with timed(seconds, "read"):
        frames = data.read(competition, request.data, train=False, warn=progress.warn)
        inference.require_rows(competition, frames, progress)
        hashes = data.hashes(competition, request.data)
    machine = provenance.machine(request.environment)
    record = new_record(competition, request.profile, request.config, hashes, request.data, machine)
    folder = request.out or default_folder(request.submissions, record)

    def refuse() -> None:
        raise RunError(f"another run is working in {folder}; wait for its end, or give --out another folder")

    with locked(folder, refuse):
        made = Run.begin(folder, record, request.mode)
        progress.log = folder / LOG
        progress.say(
            f"{competition.name} · nothing is learnt: {len(frames.test):,} rows get the cells of "
            f"{competition.files.sample_submission.file}, which nothing scores\nrun folder: {folder}"
        )
        path = folder / competition.submission.file_name
        with timed(seconds, "write"):
            submission.write(inference.of_sample(competition, frames), path, competition.submission)
            inference.check(competition, path, frames)
        made.record.submission = Submission(file=path.name, sha256=sha256(path), rows=len(frames.test))
        made.record.status = Status.FINISHED
        made.record.seconds = {phase: round(spent, 3) for phase, spent in seconds.items()}
        made.record.warnings = progress.warnings
        made.save()
    return made
