"""What a competition is: typed, frozen descriptions without any I/O.

A competition's folder declares one `Competition` in `competition.py`; everything else in the kit
reads it from there. Standard library only, because the command line imports this on every start.
"""

from common.competition.description import Competition, Config, Limits, Predicts, Split, SplitKind
from common.competition.files import Column, ColumnKind, Files, Folder, Join, Melt, Source, Table, columns
from common.competition.submission import Cell, SubmissionFormat

__all__ = [
    "Cell",
    "Column",
    "ColumnKind",
    "Competition",
    "Config",
    "Files",
    "Folder",
    "Join",
    "Limits",
    "Melt",
    "Predicts",
    "Source",
    "Split",
    "SplitKind",
    "SubmissionFormat",
    "Table",
    "columns",
]
