"""Commands that talk to Kaggle about data and submissions: download, dataset, submit, submissions, leaderboard."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.commands.connection import Transfer, ask, connect, notify, rows_of
from common.commands.options import Commands, command, positive_int, report, seconds, with_data, with_json, with_name
from common.wording import number, table, visible

if TYPE_CHECKING:
    from common.competition import Competition
    from common.kaggle.results import Ref

GROUP = "kaggle"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands, "download", download, "fetch the competition's files into data/<slug>/", "kit download patent"
    )
    with_name(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: data/<slug>")
    parser.add_argument("--force", action="store_true", help="fetch again even if everything is there")
    with_json(parser)

    group = command(
        commands, "dataset", lambda arguments: group.error("a command is missing"),
        "publish what an internet-off kernel needs, as a private dataset", "kit dataset wheels patent",
    )  # fmt: skip
    datasets = group.add_subparsers(dest="dataset_command", metavar="COMMAND", required=True)
    parser = command(
        datasets, "wheels", wheels, "the packages that Kaggle's image lacks", "kit dataset wheels patent --package timm"
    )
    with_name(parser)
    parser.add_argument(
        "--package", action="append", default=[], metavar="REQ", help="one more requirement; repeatable"
    )
    _with_owner(parser)
    parser = command(
        datasets,
        "weights",
        weights,
        "a folder with a model",
        "kit dataset weights patent --from models/deberta-v3-small",
    )
    with_name(parser)
    parser.add_argument("--from", type=Path, required=True, metavar="FOLDER", dest="folder")
    parser.add_argument("--follow-links", action="store_true", help="upload also what links outside the folder lead to")
    _with_owner(parser)

    parser = command(
        commands, "submit", submit, "check and submit a run, a file or a kernel version, and wait for its score",
        'kit submit patent me/patent-infer@3 -m "lists, four folds" --wait',
    )  # fmt: skip
    with_name(parser)
    parser.add_argument("what", metavar="RUN|FILE|KERNEL[@VERSION]")
    parser.add_argument("-m", "--message", required=True, metavar="TEXT")
    parser.add_argument("--wait", nargs="?", type=seconds, const=12 * 3600.0, metavar="2h", help="wait for the score")
    parser.add_argument("--again", action="store_true", help="submit the same content once more")
    parser.add_argument("--force", action="store_true", help="submit a file in spite of its problems")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    with_data(parser)
    with_json(parser)

    parser = command(
        commands, "submissions", submissions, "scores, states and reasons of failures", "kit submissions patent"
    )
    with_name(parser)
    parser.add_argument("--newest", type=positive_int, default=20, metavar="N", help="default: 20")
    with_json(parser)

    parser = command(
        commands, "leaderboard", leaderboard, "the top of the leaderboard, and the rank of a score",
        "kit leaderboard patent --score 0.85",
    )  # fmt: skip
    with_name(parser)
    parser.add_argument("--score", type=_score, metavar="X", help="which rank would this score have?")
    parser.add_argument("--top", type=positive_int, default=10, metavar="N", help="default: 10")
    with_json(parser)


def _on_kaggle(name: str) -> Competition:
    """Return a competition that has a page on Kaggle."""
    from common import registry
    from common.errors import SettingError

    competition = registry.get(name)
    if competition.local:
        raise SettingError(
            f"{name} has no page on Kaggle: competitions/{name}/README.md says where its data is, kit grade {name} scores it"
        )
    return competition


def download(arguments: argparse.Namespace) -> None:
    """Fetch a competition's files."""
    from common import environment
    from common.kaggle.download import download as fetch

    competition = _on_kaggle(arguments.name)
    folder = arguments.out or environment.detect().working / "data" / competition.slug
    progress = Transfer(competition.slug)
    done = fetch(connect(), competition.slug, folder, force=arguments.force, progress=progress, notify=notify)
    how = "" if done.fetched else " (complete already)"
    document = {"folder": str(done.folder), "files": list(done.files), "bytes": done.size, "fetched": done.fetched}
    report(arguments, document, lambda: f"{done.folder}: {len(done.files)} files, {done.size / 1e6:,.1f} MB{how}")


def wheels(arguments: argparse.Namespace) -> None:
    """Publish the wheels of a competition's packages."""
    from common import environment, registry
    from common.kaggle.wheels import fetch

    competition = registry.get(arguments.name)
    folder = environment.detect().working / "build" / "datasets" / f"{competition.name}-wheels"
    if fetch([*competition.packages, *arguments.package], folder, notify=notify):
        _publish(arguments, competition, folder, "wheels")
    else:
        report(arguments, {"dataset": None}, lambda: "nothing to publish")


def weights(arguments: argparse.Namespace) -> None:
    """Publish a model's folder."""
    from common import registry
    from common.huggingface.backbone import require_weights

    competition = registry.get(arguments.name)
    require_weights(arguments.folder)
    _publish(
        arguments, competition, arguments.folder, f"weights {arguments.folder.resolve().name}",
        follow_links=arguments.follow_links,
    )  # fmt: skip


def _publish(
    arguments: argparse.Namespace, competition: Competition, folder: Path, what: str, *, follow_links: bool = False
) -> None:
    from common.kaggle.datasets import TITLE_LENGTH, publish
    from common.kaggle.results import Ref

    client = connect()
    title = f"kit {competition.name} {what}".replace("_", " ")
    if len(title) > TITLE_LENGTH:  # what is cut off must not make one dataset of two folders
        title = f"{title[: TITLE_LENGTH - 7]} {hashlib.sha256(title.encode()).hexdigest()[:6]}"
    slug = "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())
    ref = Ref(arguments.owner or client.whoami(), slug)
    done = publish(
        client, ref, folder, title=title, notes="published by the kit", follow_links=follow_links,
        progress=Transfer(slug), notify=notify,
    )  # fmt: skip
    document = {"dataset": done.pinned, "files": list(done.files), "created": done.created}
    report(arguments, document, lambda: f"{done.pinned}: {len(done.files)} files, ready; attach it with --dataset")


def submit(arguments: argparse.Namespace) -> int:
    """Submit once, after everything was checked."""
    from common import data, environment
    from common.kaggle.submit import submit as send
    from common.runs.ledger import Ledger
    from common.runs.run import trained_on

    competition = _on_kaggle(arguments.name)
    here = environment.detect()
    client = connect()
    what, run = _what(arguments.what, competition, client)
    sample = None
    if isinstance(what, Path):
        folder = data.find(competition, arguments.data, here, trained_on(what.parent))
        sample = data.expected(competition, folder)
    done = send(
        client, competition, what, arguments.message,
        ledger=Ledger(here.working / "submissions" / competition.name / "ledger.csv"),
        confirm=lambda question: arguments.yes or ask(question),
        sample=sample, wait=arguments.wait, again=arguments.again, force=arguments.force, run=run, notify=notify,
    )  # fmt: skip
    sent = done.submission
    state = f"public {sent.public_score}" if sent.scored else sent.reason or sent.state.value
    document = {**rows_of([sent])[0], "sha256": done.sha256, "left_today": done.left_today, "reason": sent.reason}
    report(arguments, document, lambda: f"submission {sent.ref}: {visible(state)}")
    return 0 if done.ok else 1


def _what(text: str, competition: Competition, client: Any) -> tuple[Path | Ref, str]:
    """Return the file or kernel version that `text` means, and the name of the run that made it, if any."""
    from common.errors import SubmissionError
    from common.kaggle.results import Ref
    from common.runs.run import RECORD, Run

    path = Path(text)
    folder = path if path.is_dir() else path.parent
    if path.exists() and (folder / RECORD).is_file():
        Run.open(folder, competition.name)
    if path.is_dir():
        file = path / competition.submission.file_name
        if not file.is_file():
            raise SubmissionError(f"file not found: {file}; give a run's folder, a file or owner/kernel@version")
        return file, path.name
    if path.is_file():
        return path, path.parent.name if (path.parent / RECORD).is_file() else ""
    if path.suffix or text.startswith((".", "/", "~")):
        raise SubmissionError(f"file not found: {text}; give a run's folder, a file or owner/kernel@version")
    return Ref.parse(text, owner=None if "/" in text else client.whoami()), ""


def submissions(arguments: argparse.Namespace) -> None:
    """Print the newest submissions."""
    newest = connect().competitions.submissions(_on_kaggle(arguments.name).slug, newest=arguments.newest)
    rows = [["REF", "DATE", "STATE", "PUBLIC", "PRIVATE", "DESCRIPTION", "REASON"]]
    for each in newest:
        date = f"{each.date:%Y-%m-%d %H:%M}" if each.date else ""
        scores = [each.public_score, each.private_score]
        rows.append([str(each.ref), date, each.state.value, *scores, each.description, each.reason])
    documents = [{**row, "reason": each.reason} for row, each in zip(rows_of(newest), newest, strict=True)]
    report(arguments, documents, lambda: table(rows) if newest else "no submission yet")


def leaderboard(arguments: argparse.Namespace) -> None:
    """Print the top of the board and a score's rank on it."""
    from common.kaggle.ranks import rank_of

    competition = _on_kaggle(arguments.name)
    board = connect().competitions.leaderboard(competition.slug)
    shown = board[: arguments.top]
    document: dict[str, Any] = {"teams": len(board), "top": rows_of(shown)}
    lines = [table([["RANK", "TEAM", "SCORE"], *[[str(row.rank), row.team, row.score] for row in shown]])]
    if arguments.score is not None:
        rank = rank_of(arguments.score, board, competition.metric)
        document |= {"score": arguments.score, "rank": rank}
        lines.append(f"{arguments.score:g} would rank {rank} of {len(board) + 1}")
    report(arguments, document, lambda: "\n".join(lines))


def _score(text: str) -> float:
    if (score := number(text)) is None:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}")
    return score


def _with_owner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--owner", metavar="USER", help="user name on Kaggle (default: the credential's)")
    with_json(parser)
