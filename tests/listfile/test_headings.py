"""Which column is what."""

import pytest

from leafcast.decide.headings import Headings, understand
from leafcast.model import Severity


def understood(*written: str, **columns: str) -> Headings:
    """Headings that must be understood."""
    found = understand(written, columns)
    assert isinstance(found, Headings), found
    return found


def problems(*written: str, **columns: str) -> str:
    """What is wrong with headings that cannot be used."""
    found = understand(written, columns, file="list.csv")
    assert isinstance(found, tuple)
    return " / ".join(map(str, found))


@pytest.mark.parametrize("heading", ["externalId", "External ID", " external_id ", "EXTERNALID", "external-id"])
def test_our_own_words_are_known_however_they_are_spelt(heading: str) -> None:
    """Case, blanks, hyphens and underscores do not matter for leafcast's own columns."""
    assert understood(heading, "Name", "E-Mail").keys == ("externalId", "name", "email")


def test_the_campaign_says_which_heading_is_which() -> None:
    """Mapped headings become leafcast's words; all others keep the user's own, in order."""
    found = understood("Grower ID", "Who", "Mobile", "Grower type", externalId="grower id", name="Who", phone="Mobile")
    assert found.keys == ("externalId", "name", "phone", "Grower type")
    assert found.heading_of["phone"] == "Mobile"
    assert found.further == ("Grower type",)


def test_a_mapped_column_wins_over_one_of_the_same_name() -> None:
    """`columns: {name: Contact}` leaves a column `name` to be the user's own, under a name of its own."""
    assert understood("externalId", "name", "Contact", "email", name="Contact").keys == (
        "externalId",
        "name (list)",
        "name",
        "email",
    )


def test_our_own_words_serve_where_the_mapped_heading_is_not() -> None:
    """An export of leafcast has our words; the campaign that made it, with its mapping, can read it back."""
    assert understood("externalId", "name", "email", externalId="Grower ID").keys[0] == "externalId"


@pytest.mark.parametrize(
    ("written", "columns", "says"),
    [
        (("Grower ID", "name", "email"), {}, "`columns: {externalId: Grower ID}`"),
        (("externalId", "email"), {}, "no column name"),
        (("externalId", "name", "Mobile"), {}, "`columns: {phone: Mobile}`"),
        (("externalId", "name", "Emial"), {"email": "Email"}, 'Did you mean "Emial"?'),
        (("externalId", "name", "email", "E-Mail"), {}, "2 columns could be email"),
        (("externalId", "name", "name", "email"), {}, "2 columns could be name"),
        (("externalId", "name", "email", "Note", "Note"), {}, '"Note" stands over 2 columns (4, 5)'),
        (("G-1", "Ana", "ana@farm.example"), {}, "looks like a grower"),
    ],
)
def test_headings_that_cannot_be_used_are_named(written: tuple[str, ...], columns: dict[str, str], says: str) -> None:
    """Missing, doubtful and repeated headings come with what to write instead."""
    assert says in problems(*written, **columns)


def test_a_wrong_mapping_is_one_problem() -> None:
    """A mapped heading that is not there is told once, not again as a missing column."""
    assert problems("externalId", "Names", "email", name="Name of grower").count("list.csv") == 1


def test_a_column_without_heading_is_left_out_with_a_warning() -> None:
    """Nobody could ask for it; the list is good without it."""
    found = understood("externalId", "", "name", "email")
    assert found.keys == ("externalId", None, "name", "email")
    assert [note.severity for note in found.notes] == [Severity.WARNING]


def test_two_headings_with_one_identifier_are_a_warning() -> None:
    """Templates could not tell `Grower type` from `grower-type`."""
    (note,) = understood("externalId", "name", "email", "Grower type", "grower-type").notes
    assert "grower.grower_type" in note.what


def test_the_columns_of_a_problems_file_are_left_out() -> None:
    """A mended problems file is the user's list again."""
    assert understood("externalId", "name", "email", "problem", "how to fix").further == ()
