"""The way of a bad list: check names every row, the file of problems is mended, and everybody is written to once."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook

TOP = ["Grower ID", "Grower name", "E-mail", "Mobile", "Language", "Leaf user ID", "Branch"]
COLUMNS = {"locale": "Language", "leafUserId": "Leaf user ID"}
GOOD = 6
# Each is what it changes in a good row: the column's place, and what stands in it.
MISTAKES: tuple[dict[int, object], ...] = (
    {0: ""}, {0: "1.2E+10"}, {0: "9" * 300}, {0: "G\u200b-7"}, {0: "G-1"}, {0: "g-2"}, {0: "#N/A"},
    {1: "Amos\nBarlow"}, {1: "Bob\r\nBcc: all@farm.example"}, {1: "Ada \u202eybhsA"}, {1: "x" * 300},
    {1: "=?UTF-8?Q?A=0A?="}, {2: "amos.farm.example"}, {2: "amos@@farm.example"}, {2: "amos..b@farm.example"},
    {2: "a@farm.example; b@farm.example"}, {2: "Amos <amos@farm.example>"}, {2: "mailto:amos@farm.example"},
    {2: "amos b@farm.example"}, {2: "amos@f\u0430rm.example"}, {2: "zoë@farm.example"}, {2: "\uff21mos@farm.example"},
    {2: "amos@"}, {2: "a" * 65 + "@farm.example"}, {2: "g1@farm.example"}, {3: "1.51556E+10"}, {3: "1-800-FARMERS"},
    {3: "515-555-0182 ext. 4"}, {3: "515-555-0183 or 515-555-0184"}, {3: "555-0185"}, {3: "011 55 65 90000-9999"},
    {3: "(123) 555-0186"}, {3: "900-555-0187"}, {2: "", 3: ""}, {4: "English please"}, {5: "4711"}, {2: "n/a"},
)  # fmt: skip
SHAPES = (
    'G-901,"Vern W,vern901@farm.example,,en,,Ames',
    "G-902,Tess V,tess902@farm.example",
    "G-903,Norby, E,e@farm.example,,en,,A",
)


def row(number: int) -> list[object]:
    """A good row."""
    return [f"G-{number}", f"Grower {number}", f"g{number}@farm.example", "", "en", "", "Ames"]


def bad_rows() -> list[list[object]]:
    """One row for each mistake."""
    return [
        [mistake.get(place, cell) for place, cell in enumerate(row(100 + number))]
        for number, mistake in enumerate(MISTAKES)
    ]


def write_csv(file, rows, shapes=()):
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows(rows)
        text.writelines(f"{line}\r\n" for line in shapes)


def write_xlsx(file, rows):
    book = Workbook()
    for cells in rows:
        book.worksheets[0].append([cell or None for cell in cells])
    book.save(file)


def as_csv(folder):
    good = [row(number) for number in range(1, GOOD + 1)]
    write_csv(folder / "growers.csv", [TOP, *good, *bad_rows()], SHAPES)
    return "growers.csv", len(MISTAKES) + len(SHAPES)


def as_xlsx(folder):
    typed = [{0: date(2026, 3, 1)}, {2: "#N/A"}, {2: '="a"&"@farm.example"'}]
    good = [row(number) for number in range(1, GOOD + 1)]
    more = [
        [mistake.get(place, cell) for place, cell in enumerate(row(300 + number))]
        for number, mistake in enumerate(typed)
    ]
    write_xlsx(folder / "growers.xlsx", [TOP, *good, *bad_rows(), *more])
    return "growers.xlsx", len(MISTAKES) + len(typed)


def mend(file):
    """What a person does with the file: every row gets what it should have had, reasons and all other cells stay."""
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as text:
            top, *rows = csv.reader(text)
    else:
        top, *rows = [[cell or "" for cell in cells] for cells in load_workbook(file).worksheets[0].values]
    assert top == [*TOP, "problem", "how to fix"]
    assert all(cells[-1] and cells[-2] for cells in rows)
    mended = [[f"M-{n}", "Ann", f"m{n}@farm.example", "", "en", "", *cells[6:]] for n, cells in enumerate(rows)]
    (write_csv if file.suffix == ".csv" else write_xlsx)(file, [top, *mended])
    return len(rows)


@pytest.mark.parametrize("made", [as_csv, as_xlsx])
def test_a_bad_list_is_mended_and_everybody_is_written_to_once(desk, made):
    """check exits 3 and names exactly the bad rows, by the spreadsheet's numbers; a run with --skip-invalid writes to
    the good ones; the mended file of problems, run by itself, reaches the rest; and nobody is written to twice."""
    name, bad = made(desk.folder)
    listed = {"region": "US", "columns": COLUMNS}
    campaign = desk.campaign(list={"file": name, **listed})

    told = desk("check", campaign, "--json", code=3).json["error"]["problems"]
    assert {problem["row"] for problem in told} == set(range(GOOD + 2, GOOD + 2 + bad))

    desk("run", campaign, "--yes", "--skip-invalid")
    problems = desk.folder / name.replace("growers", "growers-problems")
    assert mend(problems) == bad

    desk.campaign(list={"file": problems.name, **listed})
    desk("run", campaign, "--yes")
    good = [f"g{number}@farm.example" for number in range(1, GOOD + 1)]
    assert desk.received() == Counter([*good, *(f"m{n}@farm.example" for n in range(bad))])
