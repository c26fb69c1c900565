"""Validation: no malformed submission passes, no good one is refused."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import os
import random
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.competition import Cell, SubmissionFormat
from common.errors import DataError, SubmissionError
from common.submission.checks import validate

ID_KINDS: dict[str, Callable[[random.Random, int], str]] = {
    "hex": lambda rng, row: f"{rng.getrandbits(60):015x}{row}",
    "padded": lambda rng, row: f"{row:07d}",
    "integer": lambda rng, row: str(10 + row),
    "two_parts": lambda rng, row: f"{rng.randrange(99999)}_{row}",
    "comma": lambda rng, row: f"a,{row};b",
    "quotes": lambda rng, row: f'say "{row}" now',
    "newline": lambda rng, row: f"first\n{row}",
    "unicode": lambda rng, row: f"Grün {row} 猫",
    "file": lambda rng, row: f"images/cat {row}.JPG",
}


@dataclasses.dataclass
class Case:
    """A submission in parts; what breaks it changes one of them."""

    format: SubmissionFormat
    ids: list[str]
    rows: list[list[str]]
    rng: random.Random
    header: list[str] | None = None
    separator: str = ","
    quote_all: bool = False
    line_end: str = "\n"
    final_line_end: bool = True
    lines_before: str = ""
    raw_lines: dict[int, Callable[[str], str]] = dataclasses.field(default_factory=dict)
    encode: Callable[[str], bytes] = str.encode
    untouched: list[int] = dataclasses.field(default_factory=list)

    def take_row(self) -> int:
        """Return a row that nothing else breaks; row 0 stays sound, so that a missing header can be told."""
        return self.untouched.pop()

    def content(self) -> bytes:
        lines = []
        if self.header is not None:
            lines.append(self.line(self.header))
        for place, row in enumerate(self.rows):
            lines.append(self.raw_lines.get(place, str)(self.line(row)))
        text = self.lines_before + self.line_end.join(lines) + (self.line_end if self.final_line_end else "")
        return self.encode(text)

    def line(self, cells: list[str]) -> str:
        quoting = csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL
        out = io.StringIO()
        csv.writer(out, delimiter=self.separator, quoting=quoting, lineterminator="\n").writerow(cells)
        return out.getvalue().removesuffix("\n")


def good_case(seed: int, *, id_kind: str | None = None, kind: str | None = None, separator: str = ",") -> Case:
    rng = random.Random(seed)
    kind = kind or rng.choice(["number", "range", "labels", "sums"])
    targets = tuple(f"class {column}" if rng.random() < 0.2 else f"t{column}" for column in range(rng.randint(2, 4)))
    if kind != "sums" and rng.random() < 0.5:
        targets = targets[:1]
    limits: dict[str, object] = {
        "number": {},
        "range": {"cell": Cell(low=0.0, high=1.0)},
        "labels": {"cell": Cell(kind="label", labels=("cat", "dog", "no, neither", "1"))},
        "sums": {"cell": Cell(low=0.0, high=1.0), "rows_sum_to": 1.0},
    }[kind]
    format = SubmissionFormat(
        id=rng.choice(["id", "Id", "image name"]),
        targets=targets,
        order_matters=rng.random() < 0.5,
        separator=separator,
        **limits,
    )
    make_id = ID_KINDS[id_kind or rng.choice(list(ID_KINDS))]
    ids = [make_id(rng, row) for row in range(rng.randint(12, 20))]
    rows = [[name, *good_cells(rng, format)] for name in ids]
    case = Case(format, ids, rows, rng, [format.id, *targets], separator, untouched=list(range(1, len(ids))))
    rng.shuffle(case.untouched)
    return case


def good_cells(rng: random.Random, format: SubmissionFormat) -> list[str]:
    if format.cell.labels:
        return [rng.choice(format.cell.labels) for _ in format.targets]
    values = [rng.random() for _ in format.targets]
    if format.rows_sum_to is not None:
        return [repr(value / sum(values)) for value in values]
    spell = ["{!r}", "{:.3f}", "{:e}", "{:.2E}", "+{!r}", "{:.9g}", "{:.0f}", "{:.0f}."]
    if format.cell.low is None:
        values = [value * rng.choice([1, -1, 1e6, 1e-12]) for value in values]
        spell.remove("+{!r}")
    return [rng.choice(spell).format(value) for value in values]


def check(case: Case, folder: Path) -> list:
    sample, submission = folder / "sample.csv", folder / "submission.csv"
    cells = ["0"] * len(case.format.targets)
    plain = dataclasses.replace(
        case,
        header=[case.format.id, *case.format.targets],
        rows=[[name, *cells] for name in case.ids],
        raw_lines={},
        lines_before="",
        encode=str.encode,
        line_end="\n",
        separator=case.format.separator,
    )
    sample.write_bytes(plain.content())
    submission.write_bytes(case.content())
    return validate(submission, sample, case.format)


def seeds(count: int) -> pytest.MarkDecorator:
    """Run a test for the first seeds, and as a slow one for the others of `count`."""
    rest = pytest.param(range(100, count), marks=pytest.mark.slow, id="all")
    return pytest.mark.parametrize("seeds", [pytest.param(range(100), id="some"), rest])


@seeds(1200)
def test_no_good_submission_is_refused(tmp_path, seeds):
    for seed in seeds:
        rng = random.Random(-seed)
        case = good_case(seed, separator=rng.choice([",", ",", ",", ";", "\t"]))
        case.quote_all = rng.random() < 0.3
        case.line_end = rng.choice(["\n", "\r\n"])
        case.final_line_end = rng.random() < 0.7
        if not case.format.order_matters:
            rng.shuffle(case.rows)
        problems = check(case, tmp_path)
        assert not problems, (seed, case.content(), [str(problem) for problem in problems])
        # A reader of another make sees the same cells, so the file is good and not just let through.
        with (tmp_path / "submission.csv").open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file, delimiter=case.separator)) == [case.header, *case.rows]


# What breaks a submission, by the rule that must report it. Each returns False where it does not apply.


def set_cell(*values: str) -> Callable[[Case], bool | None]:
    def breaker(case: Case) -> None:
        case.rows[case.take_row()][1 + case.rng.randrange(len(case.format.targets))] = case.rng.choice(values)

    return breaker


def out_of_range(case: Case) -> bool | None:
    return False if case.format.cell.low is None else set_cell("1.0001", "-1e-9", "7", "-1")(case)


def wrong_sum(case: Case) -> bool | None:
    if case.format.rows_sum_to is None:
        return False
    row = case.take_row()
    case.rows[row][1:] = [str(float(cell) * case.rng.choice([0.5, 0.9999])) for cell in case.rows[row][1:]]
    return None


def number_cell(*values: str) -> Callable[[Case], bool | None]:
    return lambda case: False if case.format.cell.labels else set_cell(*values)(case)


def wrong_label(case: Case) -> bool | None:
    return set_cell("Cat", "bird", "1.0", " dog", "0.5")(case) if case.format.cell.labels else False


def remove_row(case: Case) -> None:
    case.rows[case.take_row()] = []


def unknown_id(case: Case) -> None:
    case.rows[case.take_row()][0] = case.rng.choice(["no such id", "", "nan"])


def repeat_row(case: Case) -> None:
    case.rows.append(list(case.rows[case.take_row()]))


def swap_rows(case: Case) -> bool | None:
    if not case.format.order_matters:
        return False
    one, other = case.take_row(), case.take_row()
    case.rows[one], case.rows[other] = case.rows[other], case.rows[one]
    return None


def alter_id(case: Case) -> None:
    row = case.take_row()
    name = case.rows[row][0]
    ways = [f" {name}", f"{name} ", f'"{name}"', f"'{name}'"]
    if name.isdigit():
        ways += [f"{name}.0", f"{int(name)}.", f"{int(name):.6e}", f"00{name}"] + (
            [str(int(name))] if name[0] == "0" else []
        )
    if name != name.upper() and "\n" not in name:
        ways.append(name.upper())
    if name.endswith(".JPG"):
        ways += [name[:-4], name.split("/")[1]]
    case.rows[row][0] = case.rng.choice(ways)


def wrong_width(case: Case) -> None:
    row = case.take_row()
    case.rows[row] = case.rng.choice(
        [[*case.rows[row], "more"], case.rows[row][:-1], [*case.rows[row], ""], ["-- end"]]
    )


def blank_line(case: Case) -> None:
    case.raw_lines[case.take_row()] = lambda line: line + case.line_end


def broken_quote(case: Case) -> bool | None:
    if any("\n" in name for name in case.ids):
        return False
    ways = [
        lambda line: '"x' + line.replace('"', ""),
        lambda line: line.replace('"', "") + '"',
        lambda line: 'x"y"' + line,
    ]
    case.raw_lines[case.take_row()] = case.rng.choice(ways)
    return None


def rename_column(case: Case) -> None:
    place = case.rng.randrange(len(case.header))
    case.header[place] = case.rng.choice([case.header[place] + " ", case.header[place].swapcase(), "other"])


def extra_column(case: Case) -> None:
    case.header.append("more")
    case.rows = [[*row, "0.5"] if row else row for row in case.rows]


def drop_column(case: Case) -> bool | None:
    if len(case.format.targets) == 1:
        return False
    case.header.pop()
    case.rows = [row[:-1] for row in case.rows]
    return None


def swap_columns(case: Case) -> None:
    case.header.reverse()
    case.rows = [row[::-1] for row in case.rows]


def index_column(case: Case) -> None:
    case.header.insert(0, case.rng.choice(["", "Unnamed: 0", "index"]))
    case.rows = [[str(place), *row] if row else row for place, row in enumerate(case.rows)]


def drop_header(case: Case) -> None:
    case.header = None


def title_line(case: Case) -> None:
    case.lines_before = case.rng.choice(["My best model\n", "# made by hand, twice\n", "sep=,\n"])


def other_separator(case: Case) -> None:
    case.separator = case.rng.choice([";", "\t", "|"])


def other_encoding(case: Case) -> None:
    marked = [lambda text, name=name: text.encode(name) for name in ("utf-8-sig", "utf-16", "utf-16-be", "utf-32")]
    latin = [
        lambda text: text.encode(errors="replace").replace(b"\n", b"\xe9\n", 1),
        lambda text: (text + "\0").encode(),
    ]
    case.encode = case.rng.choice(marked + latin)


def carriage_returns(case: Case) -> None:
    case.line_end = "\r"


def too_big(case: Case) -> None:
    case.format = dataclasses.replace(case.format, max_bytes=len(case.content()) // 2)


ROW_BREAKERS: dict[str, list[Callable[[Case], bool | None]]] = {
    "empty_values": [set_cell("", " ")],
    "nan": [set_cell("nan", "NaN", "NA", "null", "-nan", "<NA>", "#N/A")],
    "infinite": [number_cell("inf", "-inf", "Infinity", "1e999")],
    "not_a_number": [number_cell("high", "0x1p3", "1_0", "1.2.3", "5%", " 0.5", "True", "[0.5]", "--1", "1e", "０.５")],
    "decimal_comma": [number_cell("0,5", "1.000,5", ",5", "-0,25", "5,0e-1")],
    "range": [out_of_range],
    "row_sums": [wrong_sum],
    "labels": [wrong_label],
    "unknown_ids": [unknown_id],
    "duplicate_ids": [repeat_row],
    "altered_ids": [alter_id],
    "order": [swap_rows],
    "ragged": [wrong_width],
    "blank_lines": [blank_line],
    "quoting": [broken_quote],
}
FILE_BREAKERS: dict[str, list[Callable[[Case], bool | None]]] = {
    "columns": [rename_column, extra_column, drop_column],
    "column_order": [swap_columns],
    "index_column": [index_column],
    "header": [drop_header, title_line],
    "separator": [other_separator],
    "encoding": [other_encoding],
    "line_endings": [carriage_returns],
    "size": [too_big],
    "row_count": [repeat_row, remove_row],
    "missing_ids": [remove_row],
}


def broken(seed: int, rules: list[str], folder: Path) -> None:
    for attempt in range(50):
        case = good_case(100_000 * attempt + seed)
        if all(case.rng.choice((ROW_BREAKERS | FILE_BREAKERS)[rule])(case) is not False for rule in rules):
            break
    case.rows, kept = [row for row in case.rows if row], [place for place, row in enumerate(case.rows) if row]
    case.raw_lines = {kept.index(place): change for place, change in case.raw_lines.items() if place in kept}
    problems = check(case, folder)
    told = [str(problem) for problem in problems]
    assert {problem.rule for problem in problems} >= set(rules), (seed, rules, case.content(), told)
    assert all("\n" not in line for line in told), told


@pytest.mark.parametrize("rule", [*ROW_BREAKERS, *FILE_BREAKERS])
def test_each_rule_alone_finds_every_malformed_submission(rule, tmp_path):
    for seed in range(48):
        broken(seed, [rule], tmp_path)


@seeds(400)
def test_all_problems_are_reported_at_once(tmp_path, seeds):
    for seed in seeds:
        rng = random.Random(seed)
        rules = rng.sample(list(ROW_BREAKERS), rng.randint(2, 3))
        if {"labels"} & set(rules) and {"infinite", "not_a_number", "decimal_comma", "range", "row_sums"} & set(rules):
            rules.remove("labels")
        if rng.random() < 0.5:
            rules.append(rng.choice(["column_order", "index_column", "separator", "header", "size"]))
        if {"ragged", "column_order"} <= set(rules):  # in other places a field too many may look like a decimal comma
            rules.remove("ragged")
        broken(seed, rules, tmp_path)


FORMAT = SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1))
GOOD = "id,score\n007,0.1\n008,1\n12_1,1e-3\nabc,.5\n"


@pytest.fixture
def found(tmp_path):
    """Return a function from a submission's content to its problems, rule and message, for four rows."""
    sample, submission = tmp_path / "sample.csv", tmp_path / "submission.csv"
    sample.write_text("id,score\n007,0\n008,0\n12_1,0\nabc,0\n")

    def problems(content: str | bytes, format: SubmissionFormat = FORMAT) -> dict[str, str]:
        submission.write_bytes(content.encode() if isinstance(content, str) else content)
        return {problem.rule: problem.message for problem in validate(submission, sample, format)}

    return problems


def test_a_good_file_has_no_problems(found):
    assert found(GOOD) == {}


@pytest.mark.parametrize(
    ("content", "rule", "told"),
    [
        (GOOD.replace("008", "8"), "altered_ids", "1 id with leading zeros lost or added: '8'"),
        (
            GOOD.replace("007", "7.0").replace("008", "8e0"),
            "altered_ids",
            "2 ids turned into decimal numbers: '7.0'",
        ),
        (GOOD.replace("12_1", '"""12_1"""'), "altered_ids", "quotes that belong to the file"),
        (GOOD.replace("0.1", "0,1").replace(".5", "0,5"), "decimal_comma", "line 2 has 3, line 5 has 3"),
        (GOOD.replace("0.1", '"0,1"'), "decimal_comma", "line 2 (id '007') has '0,1'. Write 0.5, not 0,5"),
        (GOOD.replace("id,score", "Id, score"), "columns", "'Id' (for 'id'), ' score' (for 'score')"),
        (GOOD.replace(",", ";"), "separator", "semicolons. Write commas"),
        (GOOD.replace("\n", ",\n"), "columns", "unknown: ''"),
        (GOOD.replace("abc", "abé").encode("latin-1"), "encoding", "0xe9 is not valid there: line 5"),
        (GOOD.encode("utf-16-le"), "encoding", "looks like UTF-16-LE"),
        (GOOD.replace("008", '"008'), "quoting", "line 3"),
        ('"' + GOOD, "quoting", "line 1"),
        ('"a\n"b\n', "quoting", "line 1, line 2"),
        (GOOD + "4 rows\n", "ragged", "line 6 has 1"),
        (GOOD + "\n", "blank_lines", "line 6"),
        (GOOD.replace("\n", "\r"), "line_endings", "5 lines"),
        ("", "empty_file", "empty"),
        (" \r\n", "empty_file", "empty"),
        ("id,score\n", "row_count", "0 rows, expected 4"),
        ("id,score\n", "missing_ids", "'007', '008', '12_1', 'abc'"),
        ("id\n007\n008\n12_1\nabc\n", "columns", "missing: 'score'"),
        ("score\n0\n0\n0\n0\n", "columns", "missing: 'id'"),
        ("id,score,score\n007,0,0\n008,0,0\n12_1,0,0\nabc,0,0\n", "columns", "more than once: 'score'"),
        (GOOD[9:], "header", "line 1 is the row '007,0.1'"),
        (gzip.compress(GOOD.encode(), mtime=0), "binary", "gzip"),
    ],
)
def test_a_problem_says_what_is_wrong_and_where(found, content, rule, told):
    problems = found(content)
    assert told in problems.get(rule, ""), problems


def test_a_broken_line_does_not_hide_the_others_nor_count_twice(found):
    problems = found("id,score\n007,x,y\n008,nan\n12_1,2\nabc,0\n")
    assert set(problems) == {"ragged", "nan", "range"}
    assert "line 3 (id '008')" in problems["nan"]


def test_line_numbers_are_those_of_an_editor(tmp_path):
    (tmp_path / "sample.csv").write_text('id,score\n"a\nb",0\nc,0\nd,0\n')
    (tmp_path / "submission.csv").write_text('id,score\n"a\nb",0\nc,0,0.5\nd,7\n')
    problems = validate(tmp_path / "submission.csv", tmp_path / "sample.csv", FORMAT)
    assert [problem.examples for problem in problems] == [("line 4 has 3",), ("line 5 (id 'd') has '7'",)]


def test_examples_are_few_however_many_rows_are_wrong(tmp_path):
    ids = [f"{row:05d}" for row in range(1000)]
    sample = pd.DataFrame({"id": ids, "score": 0.0})
    (problem,) = validate(sample.assign(score=2.0), sample, FORMAT)
    assert problem.message.startswith("1,000 cells of column 'score' outside [0, 1]: row 0 (id '00000') has 2.0, ")
    assert len(problem.examples) == 5 and " and 995 more. " in problem.message


def test_a_frame_is_held_to_the_same_rules():
    sample = pd.DataFrame({"id": ["007", "008", "9", "10"], "score": 0.5})
    assert validate(sample, sample, FORMAT) == []
    wrong = pd.DataFrame({"score": [np.nan, np.inf, 2, 0.5], "id": [7, 8, 9, 10]})
    rules = [problem.rule for problem in validate(wrong, sample, FORMAT)]
    assert rules == ["column_order", "altered_ids", "nan", "infinite", "range"]
    text = sample.assign(score=["0.5", None, "high", "0,5"])
    assert {problem.rule for problem in validate(text, sample, FORMAT)} == {
        "empty_values",
        "not_a_number",
        "decimal_comma",
    }
    assert {problem.rule for problem in validate(pd.DataFrame(), sample, FORMAT)} == {"columns", "row_count"}


def test_ids_of_a_frame_count_as_they_would_be_written():
    sample = pd.DataFrame({"id": ["1", "2"], "score": 0.5})
    assert validate(pd.DataFrame({"id": [1, 2], "score": 0.5}), sample, FORMAT) == []
    floats = validate(pd.DataFrame({"id": [1.0, 2.0], "score": 0.5}), sample, FORMAT)
    assert [problem.rule for problem in floats] == ["altered_ids"]


def test_ids_that_look_like_numbers_are_told_by_what_happened_to_them():
    sample = pd.DataFrame({"id": ["12e400", "3e2", "17"], "score": 0.5})
    problems = validate(sample.assign(id=["12E400", "300.0", "17"]), sample, FORMAT)
    assert [(problem.rule, problem.message.split(":")[0]) for problem in problems] == [
        ("altered_ids", "1 id in other upper and lower case"),
        ("altered_ids", "1 id turned into decimal numbers"),
    ]
    problems = validate(sample.assign(id=["9e999", "3e2", "17"]), sample, FORMAT)  # both infinite, and not the same
    assert [problem.rule for problem in problems] == ["unknown_ids", "missing_ids"]


PIECES = [
    b'"',
    b'""',
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"nan",
    b"0,5",
    b"x" * 300,
]


def damaged(content: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice([1, 2, 5, 20])):
        place, other = rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)
        piece = rng.choice([rng.choice(PIECES), content[other : other + rng.choice([1, 30])]])
        content = content[:place] + piece + content[place + rng.choice([0, 0, 1, 30]) :]
    return content


@seeds(1500)
def test_whatever_a_damaged_file_holds_is_reported_unless_it_is_still_right(found, seeds):
    for seed in seeds:
        content = damaged(GOOD.encode(), random.Random(seed))
        if not found(content):
            header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
            assert (header, sorted(row[0] for row in rows)) == (["id", "score"], ["007", "008", "12_1", "abc"]), seed
            assert all(0 <= float(row[1]) <= 1 for row in rows), seed


def test_lines_are_told_apart_as_the_reader_tells_them(found):
    assert "quoting" in found('id,sc"ore\n007,0\n008,0\n12_1,0\nab\rc,0')  # a return that a broken quote hid
    assert "columns" in found("id\n\ufeff")  # a mark that is a cell, not the file's


def test_a_file_far_beyond_the_limit_is_not_read(found):
    format = dataclasses.replace(FORMAT, max_bytes=7)
    assert set(found(GOOD.replace(".5", "7"), format)) == {"size"}
    assert set(found(GOOD.replace(".5", "7"), dataclasses.replace(format, max_bytes=30))) == {"size", "range"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_like_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("id,score\na,0\nb,2\n",))
    writer.start()
    problems = validate(tmp_path / "pipe", pd.DataFrame({"id": ["a", "b"], "score": 0}), FORMAT)
    writer.join()
    assert [each.rule for each in problems] == ["range"]


def test_what_cannot_be_validated_is_an_error(tmp_path):
    sample = pd.DataFrame({"id": ["a", "b"], "score": 0})
    with pytest.raises(SubmissionError, match="file not found"):
        validate(tmp_path / "none.csv", sample, FORMAT)
    with pytest.raises(DataError, match="duplicate ids: 'a'"):
        validate(sample, pd.DataFrame({"id": ["a", "a"], "score": 0}), FORMAT)
    with pytest.raises(DataError, match="no id column"):
        validate(sample, sample.rename(columns={"id": "name"}), FORMAT)
    with pytest.raises(DataError, match="no rows"):
        validate(sample, sample.iloc[:0], FORMAT)
    (tmp_path / "sample.csv").write_text("id,label\na,0\n")
    with pytest.raises(DataError, match="has the columns id, label, expected id, score"):
        validate(sample, tmp_path / "sample.csv", FORMAT)
    (tmp_path / "sample.csv").write_text("id,score\na,0,1\n")
    with pytest.raises(DataError, match="line 2 has 3"):
        validate(sample, tmp_path / "sample.csv", FORMAT)


@pytest.mark.parametrize("content", ["," * 2_000_000, "id,score" + ",x" * 1_000_000 + "\na,1\n", ";" * 10**6])
def test_a_file_of_one_line_takes_little_memory_and_a_short_answer(content, tmp_path):
    """D26: 50 MB of commas took 18 GB."""
    (tmp_path / "s.csv").write_text(content)
    sample = pd.DataFrame({"id": ["a"], "score": 0})
    tracemalloc.start()
    try:
        told = [str(each) for each in validate(tmp_path / "s.csv", sample, FORMAT)]
        assert tracemalloc.get_traced_memory()[1] < 10 * len(content)
    finally:
        tracemalloc.stop()
    assert told and all(len(each) < 2_000 for each in told)


NUMBER = SubmissionFormat(id="id", targets=("x",), cell=Cell(low=1e-5, high=1 - 1e-5))
LABEL = SubmissionFormat(id="id", targets=("x",), cell=Cell(kind="label", labels=("cat", "dog")))
THREE = SubmissionFormat(id="id", targets=("a", "b", "c"), cell=Cell(low=0, high=1), rows_sum_to=1)


@pytest.mark.parametrize(
    ("metric", "format", "values", "rules"),
    [  # D12, D29
        ("log_loss", NUMBER, [0, 1, 1], ["range"]),
        ("roc_auc", NUMBER, [-3.5, 2, 800], ["range"]),
        ("pearson", NUMBER, [0.1, 1.2, 0.5], ["range"]),
        ("log_loss", THREE, [[0.3333, 0.3333, 0.3333]] * 3, ["row_sums"]),
        ("log_loss", THREE, np.float16([[0.1, 0.2, 0.7]] * 3).astype(float), ["row_sums"]),
        (
            "error_rate",
            SubmissionFormat(id="id", targets=("x",), cell=Cell(kind="label", labels=("cat", "dog"))),
            ["cat"] * 3,
            [],
        ),
    ],
)
def test_what_the_metric_scores_is_a_warning_at_most(tmp_path, metric, format, values, rules):
    made = pd.DataFrame({"id": ["a", "b", "c"]})
    made[list(format.targets)] = np.array(values).reshape(3, -1)
    made.to_csv(tmp_path / "s.csv", index=False)
    for submission in (made, tmp_path / "s.csv"):
        problems = validate(submission, made, format, metric)
        assert [(each.rule, each.severity) for each in problems] == [(rule, "warning") for rule in rules]
        assert all(each.severity == "error" for each in validate(submission, made, format))


@pytest.mark.parametrize(
    ("metric", "format", "values", "rules"),
    [  # D12
        ("pearson", NUMBER, [0.5, 0.5, 0.5], ["not_scored"]),
        ("spearman", NUMBER, [0, 0, 0], ["range", "not_scored"]),
        ("log_loss", NUMBER, [0.5, 2, 0.5], ["range", "not_scored"]),
        ("log_loss", THREE, [[0.2, 0.2, 0.2]] * 3, ["row_sums", "not_scored"]),
        ("pearson", NUMBER, [0.5, "", 2], ["empty_values", "range"]),
    ],
)
def test_what_the_metric_cannot_score_is_an_error(metric, format, values, rules):
    made = pd.DataFrame({"id": ["a", "b", "c"]})
    made[list(format.targets)] = np.array(values).reshape(3, -1)
    problems = validate(made, made, format, metric)
    assert [(each.rule, each.severity) for each in problems] == [(rule, "error") for rule in rules]


@pytest.mark.parametrize("labels", [["kind 7", "kind 9", "kind 7"], ["kind 7"] * 3, ["007", "7", "8"]])
@pytest.mark.parametrize("metric", ["accuracy", "f1_macro"])
def test_labels_that_no_format_lists_are_scored(labels: list[str], metric: str, tmp_path: Path) -> None:
    format = SubmissionFormat(id="id", targets=("kind",), cell=Cell(kind="label"))
    made = pd.DataFrame({"id": ["a", "b", "c"], "kind": labels})
    made.to_csv(tmp_path / "s.csv", index=False)
    for submission in (made, tmp_path / "s.csv"):
        assert validate(submission, made, format, metric) == []
