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
        (("Reference", "name", "email"), {}, "no column externalId"),
        (("Grower ID", "Customer ID", "name", "email"), {}, "`columns: {externalId: Grower ID}`"),
        (("externalId", "email"), {}, "no column name"),
        (("externalId", "name", "Mobile", "Phone"), {}, "2 columns could be phone"),
        (("externalId", "First name", "Surname", "email"), {}, "the name in two columns"),
        (("externalId", "Nom", "Prénom", "email"), {}, "the name in two columns"),
        (("externalId", "name", "email", "Grower type", "grower-type"), {}, "stands over 2 columns (4, 5)"),
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
    """Templates could not tell `Acres (2026)` from `Acres 2026`."""
    (note,) = understood("externalId", "name", "email", "Acres (2026)", "Acres 2026").notes
    assert "grower.acres_2026" in note.what


@pytest.mark.parametrize(
    "written",
    [
        ("External ID", "Grower name", "E-mail", "Mobile"),
        ("Grower ID", "Name", "Email address", "Cell phone"),
        ("CUSTOMER_NUMBER", "FULL_NAME", "EMAIL", "PHONE_NUMBER"),
        ("ID del productor", "Nombre", "Correo electrónico", "Teléfono móvil"),
        ("Código de cliente", "Nombre y apellidos", "Correo", "Celular"),
        ("Código do produtor", "Nome completo", "E-mail", "Telemóvel"),
        ("ID do cliente", "Nome do produtor", "Correio eletrônico", "Telefone celular"),
        ("N° client", "Nom", "Courriel", "Téléphone portable"),
        ("Identifiant", "Nom de l'agriculteur", "Adresse e-mail", "Portable"),
    ],
)
def test_common_headings_are_known_in_four_languages(written: tuple[str, ...]) -> None:
    """What people call the four columns that every list has is understood as it stands, accents and all."""
    found = understood(*written)
    assert found.keys == ("externalId", "name", "email", "phone")
    assert tuple(found.read_as.values()) == written


def test_our_own_word_goes_before_what_else_a_column_is_called() -> None:
    """`phone`, written just so, is the phone; that `Mobile` could be it as well is worth a warning."""
    found = understood("externalId", "name", "phone", "Mobile")
    assert found.keys == ("externalId", "name", "phone", "Mobile")
    assert "`columns: {phone: Mobile}`" in found.notes[0].fix


def test_the_campaign_decides_between_columns() -> None:
    """What `list.columns` names is that column, and no other could be it as well."""
    found = understood("Grower ID", "Customer ID", "Nom", "Prénom", "Phone", "Mobile", phone="Mobile", name="Nom",
                       externalId="Customer ID")  # fmt: skip
    assert found.keys == ("Grower ID", "externalId", "name", "Prénom", "Phone", "phone")
    assert len(found.notes) == 1  # templates reach both phones as grower.phone


def test_the_country_of_a_row_has_a_column() -> None:
    """A column that says the country is known under its name in four languages, and stays the user's own."""
    assert understood("externalId", "name", "phone", "País").country == "País"
    assert understood("externalId", "name", "phone", "Region").country == ""


def test_the_columns_of_a_problems_file_are_left_out() -> None:
    """A mended problems file is the user's list again."""
    assert understood("externalId", "name", "email", "problem", "how to fix").further == ()
