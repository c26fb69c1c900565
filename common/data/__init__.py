"""A competition's files: find, unpack, read and check them."""

from common.data.frames import (
    Frames,
    find,
    hashes,
    ids,
    locate,
    one_row,
    paths,
    read,
    read_rows,
    sample_submission,
    usual_folders,
)

__all__ = [
    "Frames",
    "find",
    "hashes",
    "ids",
    "locate",
    "one_row",
    "paths",
    "read",
    "read_rows",
    "sample_submission",
    "usual_folders",
]
