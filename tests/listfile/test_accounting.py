"""Nothing is lost: what goes into a list file comes out of it, as a row or as a problem."""

import csv
import re
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leafcast.decide.campaignlinks import ListSettings
from leafcast.decide.growers import Judge
from leafcast.decide.reporting import restored
from leafcast.edge.listfile import ListFile
from leafcast.errors import ListError
from leafcast.model import Grower, Rejected, Row

HEADINGS = ["externalId", "name", "email", "phone", "Note"]

# Anything but what no text file can hold or the tests of damage are about: NUL, half a character, several lines.
readable = st.text(st.characters(exclude_characters="\0\r\n", codec="utf-8"), max_size=12)
several_lines = st.text(st.sampled_from('ab ,;"\n'), max_size=12)
tables = st.lists(st.tuples(readable, readable, readable, several_lines, readable), min_size=1, max_size=12)

several_examples = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file that every example writes anew."""
    return tmp_path_factory.mktemp("lists") / "list.csv"


def opened(file: Path, data: bytes) -> ListFile:
    """A list file of these bytes."""
    file.write_bytes(data)
    return ListFile(file, ListSettings(file=file.name))


def as_csv(table: list[tuple[str, ...]], delimiter: str, ending: str, *, all_quoted: bool) -> str:
    """A table as a careful program writes it."""
    out = StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=ending,
        quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL,
    )
    writer.writerow(HEADINGS)
    writer.writerows(table)
    return out.getvalue()


@several_examples
@given(
    tables,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-16"]),
    st.booleans(),
)
def test_every_cell_of_a_well_written_file_comes_back(
    file: Path, table: list[tuple[str, ...]], delimiter: str, ending: str, encoding: str, all_quoted: bool
) -> None:
    """Whatever the cells, the separator, the line ends and the encoding: same rows, same order, same text. A cell of
    several lines may be refused, and then it is the one that could be a swallowed row."""
    source = opened(file, as_csv(table, delimiter, ending, all_quoted=all_quoted).encode(encoding))
    expected = [row for row in table if any(map(str.strip, row))]
    try:
        found = list(source.rows())
    except ListError:
        assert not expected
        return
    if any(isinstance(row, Rejected) for row in found):
        assert any("\n" in row[3] for row in table)
        return
    cells = [tuple(row.cells.values()) for row in found if isinstance(row, Row)]
    assert cells == [tuple(map(restored, row)) for row in expected]
    assert source.passed.rows + source.passed.blank == len(table)


@several_examples
@given(st.integers(1, 12), st.data())
def test_one_stray_quote_costs_at_most_its_own_row(file: Path, count: int, data: st.DataObject) -> None:
    """Wherever a quotation mark is dropped into a file, every other row is read as it was."""
    lines = [f"G-{i},Ana,a{i}@farm.example,,n" for i in range(count)]
    hit = data.draw(st.integers(0, count - 1))
    place = data.draw(st.integers(0, len(lines[hit])))
    damaged = [*lines]
    damaged[hit] = lines[hit][:place] + '"' + lines[hit][place:]
    source = opened(file, "\n".join([",".join(HEADINGS), *damaged]).encode())
    found = list(source.rows())
    assert len(found) == count
    for index, row in enumerate(found):
        if index != hit:
            assert isinstance(row, Row)
            assert ",".join(row.cells.values()) == lines[index]


@several_examples
@given(st.lists(st.text(st.sampled_from('a,"\n;\0 é'), max_size=10), min_size=1, max_size=15), st.booleans())
def test_no_line_is_lost_in_a_damaged_file(file: Path, noise: list[str], narrow: bool) -> None:
    """Each line carries a mark of its own. However the file is damaged, every mark is found in some record, once, and
    the records' rows and lines only go up."""
    text = ",".join(HEADINGS) + "\n" + "\n".join(f"<{index}>{junk}" for index, junk in enumerate(noise))
    data = text.encode("cp1252" if narrow else "utf-8")
    records = list(opened(file, data).records())
    marks = re.findall(r"<(\d+)>", "\n".join(",".join(record.cells) for record in records))
    assert marks == [str(index) for index in range(len(noise))]
    assert [record.row for record in records] == list(range(2, len(records) + 2))
    assert all(first.line < second.line for first, second in pairwise(records))


@several_examples
@given(st.binary(max_size=300))
def test_any_bytes_at_all_end_in_rows_or_in_a_list_error(file: Path, data: bytes) -> None:
    """No file makes the reader break in another way, and rows = growers + rejected."""
    try:
        source = opened(file, ",".join(HEADINGS).encode() + b"\n" + data)
        found = list(source.rows())
    except ListError as error:
        assert error.problems  # noqa: PT017
        return
    judged = [row if isinstance(row, Rejected) else Judge(region="US").judged(row)[0] for row in found]
    growers = sum(isinstance(one, Grower) for one in judged)
    assert growers + sum(isinstance(one, Rejected) for one in judged) == source.passed.rows == len(found)
