"""A competition's files: found, unpacked, read and checked."""

from common.data.frames import (
    Frames,
    find,
    found,
    hashes,
    ids,
    locate,
    paths,
    read,
    read_rows,
    sample_submission,
    usual_folders,
)

__all__ = [
    "Frames",
    "find",
    "found",
    "hashes",
    "ids",
    "locate",
    "paths",
    "read",
    "read_rows",
    "sample_submission",
    "usual_folders",
]
