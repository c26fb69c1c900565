"""Files that are not plain UTF-8 text, decoded all the same so that the rest can be read."""

from __future__ import annotations

from common.submission.checks.problem import Problem, problem

_BINARY = {
    b"PK\x03\x04": "a zip archive or a workbook",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
}
# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


def binary_kind(data: bytes) -> str | None:
    """Return what a file is that is no text at all, by its first bytes."""
    return next((kind for mark, kind in _BINARY.items() if data.startswith(mark)), None)


def to_text(data: bytes) -> tuple[str, list[Problem]]:
    """Return a file's content as text without a byte order mark, and what was wrong if it is not UTF-8."""
    advice = "Save it as UTF-8 without a byte order mark"
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            what = f"the file starts with the byte order mark of {encoding.upper()}, which readers take for text"
            return data[len(mark) :].decode(encoding, errors="replace"), [problem("encoding", what, advice)]
    problems = []
    if data[:4096].count(0) > len(data[:4096]) // 4:  # every second byte of ordinary text, if it is UTF-16
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
        what = f"the file has NUL bytes; it looks like {encoding.upper()}"
        return data.decode(encoding, errors="replace"), [problem("encoding", what, advice)]
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        problems.append(problem("encoding", "the file has NUL bytes", "Remove them", [f"line {line}"]))
    try:
        return data.decode(), problems
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"the file is not UTF-8, byte 0x{data[error.start]:02x} is not valid there"
        return data.decode("cp1252", errors="replace"), [*problems, problem("encoding", what, advice, [f"line {line}"])]
