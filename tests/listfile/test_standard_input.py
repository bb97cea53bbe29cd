"""A list that is piped in."""

import gc
import stat
from io import BytesIO

import pytest

from leafcast.decide.campaignlinks import ListSettings
from leafcast.edge.listfile import ListFile, StandardInput
from leafcast.errors import UsageError
from leafcast.model import Row

LIST = b"externalId,name,email\nG-1,Ana,ana@farm.example\n"


class Terminal(BytesIO):
    """Where a person sits."""

    def isatty(self) -> bool:
        return True


def test_a_piped_list_is_walked_as_often_as_a_file() -> None:
    """It is kept for its owner alone as long as the list is, and is gone afterwards."""
    piped = StandardInput(BytesIO(LIST))
    folder = piped.path.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    source = ListFile(piped.path, ListSettings(file="-"), holding=piped)
    del piped
    for _ in range(2):
        assert [row.cells["name"] for row in source.rows() if isinstance(row, Row)] == ["Ana"]
    assert source.name == "standard-input.csv"
    del source
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize(("start", "ending"), [(b"PK\x03\x04", ".xlsx"), (b"PAR1", ".parquet"), (b"", ".csv")])
def test_its_first_bytes_say_what_it_is(start: bytes, ending: str) -> None:
    """A pipe has no ending."""
    assert StandardInput(BytesIO(start)).path.suffix == ending


def test_a_person_at_the_terminal_is_told() -> None:
    """Instead of waiting for a list that nobody types."""
    with pytest.raises(UsageError, match="standard input"):
        StandardInput(Terminal(LIST))
