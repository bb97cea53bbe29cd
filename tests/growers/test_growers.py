"""A row's cells -> a grower, or rejected with everything that is wrong."""

import pytest

from leafcast.decide.growers import Judge, column_key, judge
from leafcast.model import Grower, Problem, ProblemKind, Rejected, Row, Severity


def row(**cells: str) -> Row:
    """A good row but for what the test is about."""
    return Row(7, 9, {"externalId": "G-1", "name": "Ana", "email": "ana@farm.example"} | cells)


def problems(**cells: str) -> tuple[Problem, ...]:
    """The problems of a row that must be rejected."""
    found = judge(row(**cells), "US")
    assert isinstance(found, Rejected)
    return found.problems


def test_a_good_row_is_a_grower_with_all_its_cells() -> None:
    """Our own columns are trimmed and normalised, in the attributes and in the cells; the others stay untouched."""
    given = row(
        externalId=" G-1\u00a0", email="ana@FARM.example ", phone="515 555 0142", Note=" as is ", locale="pt_br"
    )
    grower = judge(given, "US")
    assert isinstance(grower, Grower)
    assert (grower.row, grower.external_id, grower.name) == (7, "G-1", "Ana")
    assert (grower.email, grower.phone) == ("ana@farm.example", "+15155550142")
    assert dict(grower.cells) == {
        "externalId": "G-1",
        "name": "Ana",
        "email": "ana@farm.example",
        "phone": "+15155550142",
        "Note": " as is ",
        "locale": "pt-BR",
    }
    assert given.cells["Note"] == " as is ", "the row itself is not changed"


def test_one_address_is_enough() -> None:
    """A grower with an email only, or a phone only, is a good grower."""
    by_email = judge(row(phone=""), "US")
    by_phone = judge(row(email=" ", phone="+15155550142"), None)
    assert isinstance(by_email, Grower)
    assert isinstance(by_phone, Grower)
    assert (by_email.phone, by_phone.email) == (None, None)


def test_all_problems_of_a_row_come_at_once() -> None:
    """Nobody mends one cell only to be told about the next."""
    found = problems(externalId="", email="ana", phone="12", linkType="upload", timezone="Mars/Olympus")
    assert {problem.kind for problem in found} == {
        ProblemKind.EXTERNAL_ID,
        ProblemKind.EMAIL,
        ProblemKind.PHONE,
        ProblemKind.LINK,
        ProblemKind.MESSAGE,
    }
    assert len(found) == 5


@pytest.mark.parametrize(
    ("cells", "kind", "says"),
    [
        ({"externalId": "  "}, ProblemKind.EXTERNAL_ID, "no externalId"),
        ({"externalId": "x" * 256}, ProblemKind.EXTERNAL_ID, "256 characters"),
        ({"externalId": "a\tb"}, ProblemKind.EXTERNAL_ID, "a tab"),
        ({"externalId": "1.2E+10"}, ProblemKind.EXTERNAL_ID, "rounded"),
        ({"name": "Bob\r\nBcc: x@farm.example"}, ProblemKind.NAME, "line break"),
        ({"name": "\u202eBob"}, ProblemKind.NAME, "U+202E"),
        ({"name": "x" * 256}, ProblemKind.NAME, "256 characters"),
        ({"email": "", "phone": "\u00a0"}, ProblemKind.NO_ADDRESS, "neither"),
        ({"leafUserId": "4711"}, ProblemKind.LINK, "4711"),
        ({"linkType": "file_upload"}, ProblemKind.LINK, "file_upload"),
        ({"timezone": "America/Chigaco"}, ProblemKind.MESSAGE, "America/Chigaco"),
        ({"locale": "english"}, ProblemKind.MESSAGE, "english"),
    ],
)
def test_a_bad_cell_is_named_with_its_reason(cells: dict[str, str], kind: ProblemKind, says: str) -> None:
    """Each rule says what is wrong with which cell, and what to do."""
    (problem,) = problems(**cells)
    assert problem.kind is kind
    assert says in problem.what
    assert problem.fix


@pytest.mark.parametrize(
    ("cells", "suggestion"),
    [({"linkType": "Fileupload"}, "file-upload"), ({"timezone": "america/chicago"}, "America/Chicago")],
)
def test_a_word_that_is_nearly_right_is_suggested(cells: dict[str, str], suggestion: str) -> None:
    """The fix of a misspelt word is the word that was meant."""
    assert suggestion in problems(**cells)[0].fix


@pytest.mark.parametrize("external_id", ["007", "1E5", "12-E", "@ana", "-5", "Größe 1"])
def test_odd_ids_are_ids(external_id: str) -> None:
    """An id is the customer's own: nothing is turned into a number, nothing is refused for its looks."""
    found = judge(row(externalId=external_id), "US")
    assert isinstance(found, Grower)
    assert found.external_id == external_id


@pytest.mark.parametrize(
    "cells", [{"name": " "}, {"phone": "15155550142.0"}, {"externalId": "1001.0"}, {"name": "JosÃ© Prado"}]
)
def test_what_is_odd_but_usable_is_a_warning(cells: dict[str, str]) -> None:
    """A warning names the cell and keeps nothing back."""
    found, warnings = Judge(region="US").judged(row(**cells))
    assert isinstance(found, Grower)
    assert [warning.severity for warning in warnings] == [Severity.WARNING]


def test_a_problem_has_its_place_in_the_users_words() -> None:
    """File, row, line and the user's own heading stand with each problem."""
    judge_of_list = Judge(file="list.csv", heading_of={"email": "E-Mail-Adresse"})
    found, _ = judge_of_list.judged(row(email="ana"))
    assert isinstance(found, Rejected)
    assert str(found.problems[0].where) == "list.csv, row 7, line 9, column E-Mail-Adresse"


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("Upload", "upload"),
        ("Grower type", "grower_type"),
        ("Grower-Type ", "grower_type"),
        ("2026 acres", "_2026_acres"),
        ("Straße", "strasse"),
        ("Açúcar (t)", "açúcar_t"),
        ("!", ""),
    ],
)
def test_every_heading_has_an_identifier(heading: str, key: str) -> None:
    """Templates reach a column under a name that Jinja can spell."""
    assert column_key(heading) == key
    assert not key or key.isidentifier()
