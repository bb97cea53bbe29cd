"""What concerns several rows: ids and addresses that come twice."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafcast.decide.campaignlinks import SharedAddress
from leafcast.decide.growers import Seen
from leafcast.model import Channel, Grower, ProblemKind, Row


def grower(row: int, external_id: str | None = None, email: str | None = None, phone: str | None = None) -> Grower:
    """A grower of that row, with an id of its own unless one is given."""
    return Grower(row=row, external_id=external_id or f"G-{row}", name="Ana", email=email, phone=phone)


def test_the_same_id_twice_names_both_rows() -> None:
    """An externalId is an identity: the second row with it is a problem that names the first."""
    seen = Seen(SharedAddress.SEND_EACH)
    assert not seen.add(grower(2, "G-1")).problems
    (problem,) = seen.add(grower(9, "G-1")).problems
    assert problem.kind is ProblemKind.DUPLICATE_ID
    assert "row 9" in problem.what
    assert "row 2" in problem.what
    assert "differs" not in problem.what


def test_the_id_of_a_row_that_is_refused_is_taken_all_the_same() -> None:
    """Mended, the row would be a second grower of that id: both rows are named now, not after it went out."""
    seen = Seen(SharedAddress.SEND_EACH)
    assert not seen.add_refused(Row(2, 2, {"externalId": " G-1 "}))
    assert "row 2" in seen.add(grower(3, "G-1")).problems[0].what
    assert "row 2" in seen.add_refused(Row(4, 4, {"externalId": "g-1"}))[0].what
    assert not seen.add_refused(Row(5, 5, {"externalId": ""}))
    assert not seen.add_refused(Row(6, 6, {}))


@pytest.mark.parametrize("other", ["g-1", "G- 1", "Ｇ-1"])
def test_ids_that_only_look_different_are_the_same(other: str) -> None:
    """Case, width and blanks do not make another grower; the problem says that this is the difference."""
    seen = Seen(SharedAddress.SEND_EACH)
    seen.add(grower(2, "G-1"))
    (problem,) = seen.add(grower(3, other)).problems
    assert "differs only in" in problem.what


def test_a_shared_address_stops_the_list_by_default() -> None:
    """Under `stop` each later row with an address of an earlier one is a problem that names both rows."""
    seen = Seen(SharedAddress.STOP)
    seen.add(grower(2, email="ana@farm.example", phone="+15155550142"))
    found = seen.add(grower(3, email="Ana@farm.example", phone="+15155550142"))
    assert [problem.kind for problem in found.problems] == [ProblemKind.SHARED_ADDRESS] * 2
    assert all("row 3" in problem.what and "row 2" in problem.what for problem in found.problems)


def test_a_shared_address_may_be_written_to_for_each() -> None:
    """Under `send-each` nothing is wrong and nothing is skipped."""
    seen = Seen(SharedAddress.SEND_EACH)
    seen.add(grower(2, email="ana@farm.example"))
    found = seen.add(grower(3, email="ana@farm.example"))
    assert not found.problems
    assert not found.duplicate_of


def test_a_shared_address_may_be_written_to_for_the_first_only() -> None:
    """Under `first` the later row is told which channels to skip, and for which earlier row."""
    seen = Seen(SharedAddress.FIRST)
    seen.add(grower(2, email="ana@farm.example", phone="+15155550142"))
    found = seen.add(grower(3, email="ana@farm.example", phone="+15155550143"))
    assert not found.problems
    assert dict(found.duplicate_of) == {Channel.EMAIL: 2}


@given(st.lists(st.integers(0, 400), max_size=600))
def test_the_first_row_of_every_id_is_remembered(numbers: list[int]) -> None:
    """Whatever comes in whatever order, a repeat names the row where its id stood first."""
    seen = Seen(SharedAddress.STOP)
    first: dict[int, int] = {}
    for row, number in enumerate(numbers, 2):
        found = seen.add(grower(row, f"G-{number}")).problems
        assert bool(found) == (number in first)
        if found:
            assert found[0].what.endswith(f"row {first[number]}")
        first.setdefault(number, row)


def test_the_first_row_is_remembered_in_a_long_list() -> None:
    """However long the list grows, the last row still finds the first."""
    seen = Seen(SharedAddress.STOP)
    for row in range(2, 5_002):
        assert not seen.add(grower(row, f"G-{row}")).problems
    for row in range(2, 5_002):
        assert seen.add(grower(row + 5_000, f"G-{row}")).problems[0].what.endswith(f"already in row {row}")


def test_a_long_list_takes_little_memory() -> None:
    """A row costs at most 150 bytes for its id and both addresses, so that a million rows fit."""
    rows = 40_000
    tracemalloc.start()
    seen = Seen(SharedAddress.STOP)
    for row in range(rows):
        seen.add(grower(row, f"G-{row}", f"g{row}@farm.example", f"+1515{row:07}"))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 150 * rows
