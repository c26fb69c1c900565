"""A competition's files: find, unpack, read and check them."""

from common.data.frames import Frames, expected, files_by_id, ids, one_row, read, read_rows
from common.data.locating import find, hashes, locate, paths, usual_folders

__all__ = [
    "Frames",
    "expected",
    "files_by_id",
    "find",
    "hashes",
    "ids",
    "locate",
    "one_row",
    "paths",
    "read",
    "read_rows",
    "usual_folders",
]
