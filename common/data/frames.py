"""Read and check the tables of a competition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.competition import Column, Competition, Folder, Source, Table
from common.data import continued, folders, joining, summaries
from common.data.locating import locate, sample_submission
from common.data.melting import Places, melted
from common.data.tables import Tolerate
from common.data.types import MISSING, as_key, as_text, check, natural
from common.errors import DataError, UnknownName
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import DataFrame, Series


@dataclass(frozen=True, kw_only=True)
class Frames:
    """A competition's tables in memory; `train` is None where only predictions are wanted.

    `unlabelled` are the paths of training files that are no rows, as no labelling rule matches their names.
    """

    train: DataFrame | None
    test: DataFrame
    sample_submission: DataFrame | None = None
    extra: Mapping[str, DataFrame] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()

    @property
    def training(self) -> DataFrame:
        """The training table, of frames that were read with one."""
        if self.train is None:
            raise TypeError("these frames were read without their training table")
        return self.train


def read(
    competition: Competition,
    folder: Path,
    *,
    train: bool = True,
    tolerate: Tolerate | None = None,
    warn: Tolerate | None = None,
) -> Frames:
    """Read and check the tables of a competition; `train=False` leaves out all but the test set.

    Args:
        competition: whose tables.
        folder: where they lie.
        train: whether the training rows are wanted.
        tolerate: where given, it is told of faults of the test set that cost a row at most, and the rows are read all the
            same: empty and wrong cells stay, of rows with the same id the first counts, and a sample submission that does
            not fit is made from the ids.
        warn: is told of the few cells of a column that are something else than it, and count as empty.

    Raises:
        DataError: for a file that is missing or not as described; names every problem of that file.

    >>> from common import registry
    >>> patent, folder = registry.get("patent"), Path("data/sample/patent")
    >>> _ = registry.sample("patent").make(folder, 40, 0)
    >>> frames = read(patent, folder)
    >>> frames.training.shape, frames.test.shape
    ((32, 5), (8, 4))
    """
    files = competition.files
    required = train and not files.sample_submission.optional
    rows, unlabelled = _read(folder, files.train, warn=warn) if train else (None, ())
    test, sample = _read(folder, files.test, tolerate, warn)[0], None
    try:
        if required or locate(folder, files.sample_submission):
            sample = read_rows(folder, _ids_only(files.sample_submission))
    except DataError as error:
        if tolerate is None:
            raise
        tolerate(str(error))
    if sample is not None and competition.submission.rows == "test":
        sample = _for_all(ids(test, files.test), sample, competition.submission.id)
        echoed = (name for name in competition.submission.echoed if name in test)
        sample = sample.assign(**{name: as_text(test[name]).to_numpy() for name in echoed})
    elif sample is not None and files.test.id is not None:
        test = _spelt_as(test, files.test.id, sample[competition.submission.id])
    if tolerate is not None:
        names, name = ids(test, files.test), competition.submission.id
        if sample is None or {*sample[name]} != {*names}:
            tolerate(
                f"the sample submission does not list the {plural(len(names), 'row')} of the test set, which count"
            )
            sample = names.to_frame(name).reset_index(drop=True)
    natural([frame for frame in (rows, test) if frame is not None], {*_names(files.train), *_names(files.test)})
    return Frames(
        train=rows,
        test=test,
        sample_submission=sample,
        extra={
            name: read_rows(folder, source)
            for name, source in files.extra.items()
            if train and (not source.optional or locate(folder, source))
        },
        unlabelled=unlabelled,
    )


def _for_all(names: Series[str], sample: DataFrame, id: str) -> DataFrame:
    """Return a sample submission with the rows of the test set, those that it lacks like its first."""
    cells = sample.drop_duplicates(id).set_index(id)
    return cells.reindex(names).fillna(cells.iloc[0]).rename_axis(id).reset_index()


def _spelt_as(test: DataFrame, id: str, listed_ids: Series[str]) -> DataFrame:
    """Return the test rows with their ids as the sample submission spells them, where both are the same numbers."""
    spelt = dict(zip(as_key(listed_ids), listed_ids, strict=True))
    if {*listed_ids} <= {*test[id]} or len(spelt) < len(listed_ids):
        return test
    return test.assign(**{id: [spelt.get(key, own) for key, own in zip(as_key(test[id]), test[id], strict=True)]})


def _ids_only(table: Table) -> Table:
    """Return a sample submission whose values may be anything: only its rows count."""
    columns = (
        column if column.kind == "id" else Column(name=column.name, kind="text", may_be_empty=True)
        for column in table.columns
    )
    return replace(table, columns=tuple(columns))


def read_rows(folder: Path, source: Source) -> DataFrame:
    """Read one source (n rows, all columns): ids and text stay exactly as they are, numbers become float64.

    Raises:
        DataError: if it is missing or not as described; names every problem.
    """
    frame = _read(folder, source)[0]
    natural([frame], _names(source))
    return frame


def _read(
    folder: Path, source: Source, tolerate: Tolerate | None = None, warn: Tolerate | None = None
) -> tuple[DataFrame, tuple[str, ...]]:
    """Return the rows, and the paths of the files that are no rows because they have no label."""
    path = locate(folder, source)
    if path is None:
        unpacked = ", nor as a folder with files in it" if isinstance(source, Folder) else ""
        raise DataError(f"{source.file} is not in {folder}{unpacked}")
    if isinstance(source, Table) and source.instead and path == locate(folder, source.instead):
        return _read(folder, source.instead, tolerate, warn)
    unlabelled: tuple[str, ...] = ()
    noun = "line"
    places: Sequence[object]
    if isinstance(source, Folder):
        noun = "file"
        frame, places, unlabelled = folders.read(folder, source, tolerate)
        frame = _with_further(frame, source, folder, tolerate)
    else:
        frame, places = _table(folder, path, source, tolerate)
    described = _described(source)
    if missing := [column.name for column in described if column.name not in frame]:
        raise DataError(f"{path} has no column {', '.join(map(repr, missing))}; it has: {', '.join(frame.columns)}")

    def where(rows: Series[bool]) -> str:
        return f"{noun} {listed([places[int(row)] for row in rows.to_numpy().nonzero()[0]])}"

    def odd(problem: str) -> None:
        if warn is not None:
            warn(f"{path}: {problem}")

    if problems := [problem for column in described for problem in check(frame, column, where, odd)]:
        if tolerate is None:
            raise DataError(f"{path}: {'; '.join(problems)}")
        tolerate(f"{path}: {'; '.join(problems)}")
        frame = frame.drop_duplicates(source.id, ignore_index=True) if source.id else frame
    return frame, unlabelled


def _table(folder: Path, path: Path, table: Table, tolerate: Tolerate | None) -> tuple[DataFrame, Sequence[object]]:
    """Return a table's rows with all that is joined to them, and where each stands in the file."""
    frame, places = continued.read(folder, path, table, tolerate)
    if table.melted is not None and {*table.melted.columns} <= {*frame}:
        frame, origins = melted(frame, table.melted)
        places = Places(places, origins)
    frame, rows = _chosen(frame, places, table)
    frame = joining.with_id(frame, table)
    if table.quoting == "none" and table.id:  # quotes are part of no id: the sample submission has none
        frame[table.id] = frame[table.id].str.strip('"')

    return _with_further(frame, table, folder, tolerate), rows


def _with_further(frame: DataFrame, source: Source, folder: Path, tolerate: Tolerate | None) -> DataFrame:
    """Return rows with what is joined to them: columns of tables, paths of files."""

    def read_further(further: Source) -> DataFrame:
        if isinstance(further, Folder):
            texts = any(column.kind == "text" for column in further.columns)
            return folders.read(folder, further, tolerate)[0] if texts else summaries.of_files(folder, further)
        if (at := locate(folder, further)) is None:
            raise DataError(f"{further.file} is not in {folder}, and its columns belong to {source.file}")
        return _table(folder, at, further, tolerate)[0]

    frame = joining.with_joined(frame, source.joined, read_further)
    return joining.with_files(frame, source, folder, tolerate)


def one_row(folder: Path | None, source: Source, cells: Mapping[str, str]) -> DataFrame:
    """Return one row of a source from its cells, without any file of rows; columns of further tables are joined.

    Args:
        folder: where tables to join lie; None if that is not known.
        source: says what its columns are.
        cells: by column; what is not given is empty.

    Raises:
        UnknownName: for a column that the source does not describe.
        DataError: for a cell that is not as described, or if a table to join is missing.
    """
    import pandas as pd

    own = [column.name for column in source.columns]
    keys = [name for join in source.joined for name in join.on] if isinstance(source, Table) else []
    for name in cells:
        if name not in (known := list(dict.fromkeys((*own, *keys)))):
            raise UnknownName("column", name, known)
    values = {name: cells.get(name, "1" if name == source.id else "") for name in dict.fromkeys((*own, *keys))}
    frame = pd.DataFrame({name: [value] for name, value in values.items()}, dtype=str)
    if isinstance(source, Table) and source.joined:
        if folder is None:
            raise DataError(
                f"{source.joined[0].table.file} belongs to every row; --data takes the folder that it lies in"
            )
        frame = joining.with_joined(frame, source.joined, lambda further: _read(folder, further)[0])
    if problems := [problem for column in _described(source) for problem in check(frame, column, lambda _: "this row")]:
        raise DataError("; ".join(problems))
    natural([frame], _names(source))
    return frame


def _chosen(frame: DataFrame, places: Sequence[object], table: Table) -> tuple[DataFrame, Sequence[object]]:
    """Return the rows that count, where a column says which do."""
    for name, blank in ((table.filled, False), (table.blank, True)):
        if name is not None and name in frame:
            rows = (as_text(frame[name]).str.strip().str.lower().isin(MISSING) == blank).to_numpy()
            frame = frame[rows].reset_index(drop=True)
            places = Places(places, rows.nonzero()[0])
    if table.once and table.id in frame:
        first = ~frame[table.id].duplicated().to_numpy()
        frame, places = frame[first].reset_index(drop=True), Places(places, first.nonzero()[0])
    return frame, places


def _described(source: Source) -> tuple[Column, ...]:
    """Return the columns that a source describes, with those of tables joined to it, but for their keys."""
    more = (column for join in source.joined for column in _described(join.table) if column.name not in join.on)
    return (*source.columns, *more)


def _names(source: Source) -> set[str]:
    files = source.files.columns if source.files else ()
    return {column.name for column in (*_described(source), *files)}


def expected(competition: Competition, folder: Path) -> Path | DataFrame:
    """Return what has the rows of a submission: the sample submission, or the ids of the test set.

    Raises:
        DataError: if it is not in the folder.
    """
    format = competition.submission
    if format.rows == "sample" and not format.packed:
        return sample_submission(competition, folder)
    return ids(read(competition, folder, train=False).test, competition.files.test).to_frame(format.id)


def ids(frame: DataFrame, source: Source) -> Series[str]:
    """Return the id of each row (n,): the id column, or the row numbers of a table without one."""
    import pandas as pd

    return frame[source.id] if source.id else pd.Series(frame.index.astype(str), index=frame.index)


def files_by_id(competition: Competition, test: DataFrame) -> dict[str, str]:
    """Return the path of each test row's file, by id; none where the rows have no files."""
    source = competition.files.test
    described = (*source.columns, *(source.files.columns if source.files else ()))
    column = next((column.name for column in described if column.kind == "file"), None)
    return {} if column is None else dict(zip(ids(test, source), test[column], strict=True))
