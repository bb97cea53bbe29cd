"""The file that a person mends: their own rows, what is wrong, how to mend it."""

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from leafcast.decide.campaignlinks import ListSettings
from leafcast.decide.growers import Judge
from leafcast.decide.reporting import restored
from leafcast.edge.exportfile import problems_file, write_problems
from leafcast.edge.listfile import ListFile
from leafcast.model import Grower, Rejected

CsvLines = Callable[..., list[list[str]]]
COLUMNS = {"externalId": "Grower ID", "email": "E-Mail"}
LINES = [
    ["Grower ID", "Name", "E-Mail", "Mobile phone", "Branch"],
    ["G-1", "Ana", "ana@farm.example", "", "Ames"],
    ["G-2", "Zoë", "zoe.farm.example", "+1 515 555 0142", "=Ames"],
    ["", "Cy", "cy@", "", "Ames"],
]


def csv_list(folder: Path, lines: list[list[str]] = LINES, delimiter: str = ",", encoding: str = "utf-8") -> ListFile:
    """A csv list of these lines, opened."""
    file = folder / "spring.csv"
    with file.open("w", encoding=encoding, newline="") as text:
        csv.writer(text, delimiter=delimiter).writerows(lines)
    wished = encoding if encoding == "cp1252" else None
    return ListFile(file, ListSettings(file=file.name, columns=COLUMNS, encoding=wished))


def judged(source: ListFile) -> list[Grower | Rejected]:
    """Every row of a list, judged."""
    judge = Judge(file=source.name, heading_of=source.heading_of)
    return [row if isinstance(row, Rejected) else judge.judged(row)[0] for row in source.rows()]


def rejected(source: ListFile) -> list[Rejected]:
    """The bad rows of a list."""
    return [row for row in judged(source) if isinstance(row, Rejected)]


def test_it_has_the_users_own_columns_and_the_reasons(tmp_path: Path, csv_lines: CsvLines) -> None:
    """Only the bad rows, in the user's headings, order and wording; all reasons of a row in one line."""
    source = csv_list(tmp_path)
    target = problems_file(source, tmp_path)
    assert target.name == "spring-problems.csv"
    assert write_problems(target, source, rejected(source)) == 2
    headings, two, three = csv_lines(target)
    assert headings == [*LINES[0], "problem", "how to fix"]
    assert two[:3] == LINES[2][:3]
    assert "zoe.farm.example" in two[5]
    assert "@" in two[6]
    assert "no externalId" in three[5]
    assert "cy@" in three[5]


def test_no_spreadsheet_runs_it(tmp_path: Path) -> None:
    """The user's own cells are held back like those of an export."""
    source = csv_list(tmp_path)
    write_problems(tmp_path / "p.csv", source, rejected(source))
    assert "'=Ames" in (tmp_path / "p.csv").read_text()


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), (";", "cp1252"), ("\t", "utf-16")]
)
def test_mended_it_is_a_list_again(tmp_path: Path, csv_lines: CsvLines, delimiter: str, encoding: str) -> None:
    """Written as the list was, it is read back by the same campaign; what was mended is good, the rest as it was, and
    a second problems file has the reasons once."""
    source = csv_list(tmp_path, LINES, delimiter, encoding)
    target = tmp_path / "p.csv"
    write_problems(target, source, rejected(source))
    text = target.read_text(encoding=encoding)
    target.write_text(text.replace("zoe.farm", "zoe@farm", 1), encoding=encoding)
    wished = encoding if encoding == "cp1252" else None
    again = ListFile(target, ListSettings(file="p.csv", columns=COLUMNS, encoding=wished))
    good, _ = judged(again)
    assert isinstance(good, Grower)
    assert (good.name, good.cell("Branch")) == ("Zoë", "=Ames")
    assert "problem" not in good.cells
    write_problems(tmp_path / "q.csv", again, rejected(again))
    headings = csv_lines(tmp_path / "q.csv", encoding, delimiter)[0]
    assert headings == [*LINES[0], "problem", "how to fix"]


def test_damaged_rows_are_in_it(tmp_path: Path, csv_lines: CsvLines) -> None:
    """A row that could not be cut into cells is written with what is there of it."""
    source = csv_list(tmp_path)
    with source.path.open("a") as text:
        text.write('G-4,"Di,di@farm.example,,Ames\nG-5,Ed\n')
    assert write_problems(tmp_path / "p.csv", source, rejected(source)) == 4
    *_, four, five = csv_lines(tmp_path / "p.csv")
    assert four[:3] == ["G-4", "Di", "di@farm.example"]
    assert five[:3] == ["G-5", "Ed", ""]
    assert "quotation mark" in four[5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_cell_of_several_lines_stays_in_its_row(tmp_path: Path, delimiter: str) -> None:
    """Also where one of its lines has as many cells as the problems file has columns, and would be a row by itself."""
    lines = [*LINES[:1], ["G-1", "Ana", "ana@", "", "x\na,b,c,d,e,f,g\na;b;c;d;e;f;g"], ["G-2", "Bo", "b@", "", "x\ny"]]
    source = csv_list(tmp_path, lines, delimiter)
    write_problems(tmp_path / "p.csv", source, rejected(source))
    _, one, two = ListFile(tmp_path / "p.csv", ListSettings(file="p.csv", columns=COLUMNS)).all_records()
    assert list(one.cells[:4]) == lines[1][:4]
    assert one.cells[4].split() == lines[1][4].split()
    assert list(two.cells[:5]) == lines[2]


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
several_lines = st.text(st.sampled_from('ab,;\t"\n\r'), max_size=24)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, several_lines, cells), min_size=1, max_size=4), st.sampled_from(",;\t|"))
def test_whatever_is_in_the_cells_the_same_rows_come_back(
    tmp_path: Path, table: list[tuple[str, str, str]], delimiter: str
) -> None:
    """As many rows as were refused, each with its own cells: formulas, quotes and separators in them or not."""
    lines = [[f"G-{i}", "Ana", f"no address {i}", one, two, three] for i, (one, two, three) in enumerate(table)]
    source = csv_list(tmp_path, [[*LINES[0], "Note"], *lines], delimiter)
    bad = rejected(source)
    write_problems(tmp_path / "p.csv", source, bad)
    _, *back = ListFile(tmp_path / "p.csv", ListSettings(file="p.csv", columns=COLUMNS)).all_records()
    kept = [record for record in source.records() if any(record.row == one.row.number for one in bad)]
    assert [_flat(record.cells[:6]) for record in back] == [_flat([*record.cells, *[""] * 6][:6]) for record in kept]


def _flat(written: Sequence[str]) -> list[str]:
    """Cells as they are meant; one of several lines may be written on one."""
    return [re.sub(r"[\r\n]+", " ", restored(cell)) for cell in written]


def test_bytes_that_cannot_be_read_are_passed_on(tmp_path: Path) -> None:
    """The cell is not made worse than it was."""
    source = csv_list(tmp_path, [*LINES[:2], ["G-9", "José", "", "", ""]], encoding="cp1252")
    source = ListFile(source.path, ListSettings(file="spring.csv", columns=COLUMNS))
    write_problems(tmp_path / "p.csv", source, rejected(source))
    assert b"Jos\xe9" in (tmp_path / "p.csv").read_bytes()


def test_a_workbooks_problems_are_a_workbook(tmp_path: Path) -> None:
    """xlsx in, xlsx out, and readable as a list."""
    book = Workbook()
    for line in LINES:
        book.worksheets[0].append(line)
    book.save(tmp_path / "spring.xlsx")
    source = ListFile(tmp_path / "spring.xlsx", ListSettings(file="spring.xlsx", columns=COLUMNS))
    target = problems_file(source, tmp_path)
    assert target.name == "spring-problems.xlsx"
    write_problems(target, source, rejected(source))
    first = next(load_workbook(target).worksheets[0].iter_rows(values_only=True))
    assert list(first) == [*LINES[0], "problem", "how to fix"]
    assert len(judged(ListFile(target, ListSettings(file=target.name, columns=COLUMNS)))) == 2
