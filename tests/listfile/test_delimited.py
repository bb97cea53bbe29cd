"""csv and tsv: every row is read or named, whatever the file looks like."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leafcast.decide.campaignlinks import ListSettings
from leafcast.edge.listfile import ListFile
from leafcast.errors import ListError, UsageError
from leafcast.model import ProblemKind, Rejected, Row

HEADINGS = "externalId,name,email,Note\n"


def opened(folder: Path, content: str | bytes, name: str = "list.csv", **settings: object) -> ListFile:
    """A list file of that content, opened."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return ListFile(file, ListSettings.model_validate({"file": name, **settings}))


def rows(source: ListFile) -> list[Row]:
    """The rows of a list in which nothing may be rejected."""
    found = list(source.rows())
    assert not [row for row in found if isinstance(row, Rejected)]
    return [row for row in found if isinstance(row, Row)]


def refused(folder: Path, content: str | bytes, name: str = "list.csv", **settings: object) -> str:
    """What is said about a list that cannot be used at all."""
    with pytest.raises(ListError) as caught:
        list(opened(folder, content, name, **settings).rows())
    return " / ".join(map(str, caught.value.problems))


def test_cells_are_text_exactly_as_written(tmp_path: Path) -> None:
    """Nothing becomes a number, a date or a missing value; blanks and quoted line breaks stay."""
    cells = ["007", "1E5", " Ana ", "NA", "null", "2026-03-01", "1,5", "12.0", 'a "b"', "two\nlines", '12" pipe']
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    source = opened(tmp_path, "externalId,h2,name,h4,h5,h6,h7,h8,h9,h10,email\n" + quoted + "\n")
    assert list(rows(source)[0].cells.values()) == cells


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["list.csv", "list.tsv"])
def test_the_separator_is_read_off_the_heading_line(tmp_path: Path, delimiter: str, name: str) -> None:
    """Comma, semicolon, tab and pipe are told apart by the headings, not by the ending or by what is in the rows."""
    text = f"externalId{delimiter}name{delimiter}email\nG-1{delimiter}Ana{delimiter}ana@farm.example\n"
    source = opened(tmp_path, text, name)
    assert source.style.delimiter == delimiter
    assert rows(source)[0].cells["name"] == "Ana"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
def test_unicode_is_recognised_by_its_mark(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with and without a mark, and UTF-16 with one, are read without being told."""
    text = HEADINGS + "G-1,Zoë,zoe@farm.example,日本\n"
    if encoding.endswith("-bom"):
        data = ("\ufeff" + text).encode(encoding.removesuffix("-bom"))
    else:
        data = text.encode(encoding)
    row = rows(opened(tmp_path, data))[0]
    assert (row.cells["externalId"], row.cells["name"], row.cells["Note"]) == ("G-1", "Zoë", "日本")


def test_other_encodings_are_used_when_the_campaign_says_so(tmp_path: Path) -> None:
    """cp1252 is never guessed, and read where `list.encoding` names it."""
    data = (HEADINGS + "G-1,José,jose@farm.example,\n").encode("cp1252")
    assert rows(opened(tmp_path, data, encoding="cp1252"))[0].cells["name"] == "José"


def test_a_byte_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The problem has the line, the byte and the setting to write, with the word as it would then read."""
    data = (HEADINGS + "G-1,Ana,ana@farm.example,\nG-2,José,jose@farm.example,\n").encode("cp1252")
    good, bad = opened(tmp_path, data).rows()
    assert isinstance(good, Row)
    assert isinstance(bad, Rejected)
    text = str(bad.problems[0])
    assert "row 3" in text
    assert "Byte 8 of line 3 (0xE9)" in text
    assert "encoding: cp1252" in text
    assert '"José"' in text


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(tmp_path: Path, ending: str) -> None:
    """LF, CR LF and CR separate rows alike."""
    text = ending.join(["externalId,name,email", "G-1,Ana,a@farm.example", "G-2,Ben,b@farm.example"])
    assert [row.number for row in rows(opened(tmp_path, text))] == [2, 3]


def test_rows_are_numbered_as_the_spreadsheet_does(tmp_path: Path) -> None:
    """The heading is row 1 and every record counts, blank ones too; the physical line is told beside it."""
    text = HEADINGS + 'G-1,Ana,a@farm.example,"two\nlines"\n\n,,,\n  ,\nG-2,Ben,b@farm.example,\n'
    source = opened(tmp_path, text)
    assert [(row.number, row.line) for row in rows(source)] == [(2, 2), (6, 7)]
    assert source.passed.blank == 3


def test_excels_separator_line_is_no_row(tmp_path: Path) -> None:
    """`sep=;` names the separator and, as in Excel, is not counted."""
    source = opened(tmp_path, "sep=;\nexternalId;name;email\nG-1;Ana;a@farm.example\n")
    assert [(row.number, row.line) for row in rows(source)] == [(2, 3)]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('G-2,"Ben,b@farm.example,x', "quotation mark opens in line 3"),
        ('G-2,"Ben" B,b@farm.example,x', "quotation mark opens in line 3"),
        ("G-2,Ben,b@farm.example", "3 cells and the headings 4"),
        ("G-2,Norby, Ben,b@farm.example,x", '5 cells and the headings 4: beyond them stands "x"'),
        ("G-2,B\0en,b@farm.example,x", "NUL"),
        ('G-2,"' + "x" * 70_000 + '",b@farm.example,x', "65536 characters"),
        ('G-2,"' + "x" * 140_000 + '",b@farm.example,x', "65536 characters"),
    ],
)
def test_a_damaged_row_is_named_and_takes_no_other_along(tmp_path: Path, line: str, says: str) -> None:
    """The row is rejected with its place and the rows around it are read as if it were not there."""
    text = HEADINGS + f'G-1,Ana,a@farm.example,\n{line}\nG-3,Cy,c@farm.example,\nG-4,"Di, D",d@farm.example,\n'
    one, bad, three, four = opened(tmp_path, text).rows()
    assert [row.cells["externalId"] for row in (one, three, four) if isinstance(row, Row)] == ["G-1", "G-3", "G-4"]
    assert isinstance(four, Row)
    assert four.number == 5
    assert isinstance(bad, Rejected)
    assert bad.row.cells["externalId"] == "G-2"
    assert bad.problems[0].kind is ProblemKind.ROW_SHAPE
    assert says in str(bad.problems[0])
    assert "row 3" in str(bad.problems[0])


@pytest.mark.parametrize(
    "text",
    [
        'G-1,"Ana,a@farm.example,\nG-2,Ben,b@farm.example,\nG-3,Cy 12",c@farm.example,\n',
        'G-1,"Ana,a@farm.example,\nG-2,Ben,b@farm.example,\nG-3,Cy,c@farm.example,12"\n',
        'G-1,Ana,a@farm.example,"x\nG-2,Ben,b@farm.example,\nG-3,Cy,c@farm.example,12"\n',
    ],
)
def test_an_unclosed_quote_that_a_later_quote_closes_swallows_nothing(tmp_path: Path, text: str) -> None:
    """Two stray quotes make one long record that csv accepts, in the same column even one that fits the headings: it is
    undone, and the rows inside it are read."""
    found = list(opened(tmp_path, HEADINGS + text).rows())
    assert [isinstance(row, Row) for row in found] == [False, True, True]


def test_cells_beyond_the_headings_may_be_empty(tmp_path: Path) -> None:
    """Separators that a spreadsheet left at the end of rows, or of the heading line, are no mistake."""
    text = "externalId,name,email,,\nG-1,Ana,a@farm.example,,\nG-2,Ben,b@farm.example,,,,\nG-3,Cy,c@farm.example\n"
    assert len(rows(opened(tmp_path, text))) == 3


def test_apostrophes_of_our_exports_are_taken_off(tmp_path: Path) -> None:
    """What an export held back from being run as a formula is read as it was."""
    source = opened(tmp_path, HEADINGS + "'@ana,'=1+1,a@farm.example,'quoted'\n")
    assert list(rows(source)[0].cells.values()) == ["@ana", "=1+1", "a@farm.example", "'quoted'"]


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("", "list.csv", "empty"),
        ("\n\n", "list.csv", "empty"),
        (HEADINGS, "list.csv", "no rows"),
        (HEADINGS + ",,,\n", "list.csv", "no rows"),
        ("externalId,name,email\nG-1,Ana,a@x.example\n".encode("utf-16-le"), "list.csv", "UTF-16"),
        (b"PK\x03\x04rest", "list.csv", "Excel workbook"),
        ("externalId,n\xe9,email\n".encode("cp1252"), "list.csv", "Byte 13 of line 1"),
        ("\ufeffexternalId,name,email\nG-1".encode("utf-16-le") + b"\0", "list.csv", "cannot be read"),
        (HEADINGS, "list.pdf", ".csv, .tsv, .txt, .xlsx or .parquet"),
        ("a", "list.xlsx", "not a workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "list.xlsx", "password"),
        (b"PK\x03\x04junk", "list.xlsx", "damaged"),
        ("a", "list.parquet", "not a parquet file"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_as_a_whole(
    tmp_path: Path, content: str | bytes, name: str, says: str
) -> None:
    """An empty, foreign or damaged file ends with a ListError that says what to do."""
    assert says in refused(tmp_path, content, name)


def test_no_such_file_is_wrong_usage(tmp_path: Path) -> None:
    """A path that leads nowhere is the campaign's mistake, not the list's."""
    with pytest.raises(UsageError, match=r"no list file .*nowhere\.csv"):
        ListFile(tmp_path / "nowhere.csv", ListSettings(file="nowhere.csv"))


def test_an_unknown_encoding_is_wrong_usage(tmp_path: Path) -> None:
    """`list.encoding` must be one that exists."""
    with pytest.raises(UsageError, match="no encoding 'cp125x'"):
        opened(tmp_path, HEADINGS, encoding="cp125x")


def test_a_list_can_be_walked_through_again(tmp_path: Path) -> None:
    """Each pass begins at the top and counts for itself."""
    source = opened(tmp_path, HEADINGS + "G-1,Ana,a@farm.example,\n\n")
    assert rows(source) == rows(source)
    assert (source.passed.rows, source.passed.blank) == (1, 1)


def test_memory_stays_flat(tmp_path: Path, peak_of: Callable[[Callable[[], object]], int]) -> None:
    """Ten times the rows take no more memory."""
    line = "G-{},Ana,a{}@farm.example,some words to fill the line with\n"
    small = opened(tmp_path, HEADINGS + "".join(line.format(i, i) for i in range(2_000)), "small.csv")
    large = opened(tmp_path, HEADINGS + "".join(line.format(i, i) for i in range(20_000)), "large.csv")
    assert peak_of(lambda: sum(1 for _ in large.rows())) < 1.5 * peak_of(lambda: sum(1 for _ in small.rows()))


def test_an_unclosed_quote_does_not_gather_the_rest_of_the_file(
    tmp_path: Path, peak_of: Callable[[Callable[[], object]], int]
) -> None:
    """A quotation mark on top of a long list is given up after an honest length, and every row below it is read."""
    line = "G-{},Ana,a{}@farm.example,some words to fill the line with\n"
    text = HEADINGS + 'G-0,"Ana,a@farm.example,\n' + "".join(line.format(i, i) for i in range(1, 10_001))
    source = opened(tmp_path, text)
    peak = peak_of(lambda: sum(isinstance(row, Row) for row in source.rows()))
    assert source.passed.rows == 10_001
    assert peak < len(text)
