"""A share of `make fuzz`: the same files every time, and few enough that nobody waits for them."""

import random
from pathlib import Path

import pytest

from leafcast.decide.campaignlinks import ListSettings
from leafcast.edge.listfile import ListFile

from . import __main__ as fuzz
from . import oracle
from .mutate import mutated
from .targets import TARGETS


def test_changed_files_end_in_growers_or_in_problems(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the bytes: no traceback, rows = growers + excluded, every letter of the file in some row."""
    assert fuzz.main(["--seed", "7", "--size", "500", "--seconds", "240"]) == 0, capsys.readouterr().out
    assert "nothing wrong" in capsys.readouterr().out


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_guided_fuzzer_calls_finds_nothing_wrong(tmp_path: Path, name: str) -> None:
    """The same targets without Atheris, which a Python may lack: what they begin with, and changes by chance."""
    target, seeds = TARGETS[name]
    chance = random.Random(11)
    known = list(seeds(tmp_path))
    size = 30 if name == "books" else 120
    for data in (*known[:10], *(mutated(chance.choice(known), known, chance) for _ in range(size))):
        assert target(data, tmp_path).wrong == "", data


FOUND = (
    # A lone carriage return in every cell: the rows came back from the problems file in pieces.
    ("cells", b"\x01/\x02\0\0\0\xff\xff\0\0\x01\0\0\0\x03\xf7sanaor\0oyyyyyyyyy\xf9" + b"y" * 91 + b"df.\x05\0"),
    # A number with its extension, which Germany may have and nobody abroad can dial.
    ("bytes", b'\0\0\0\0\x01\0externalId,name,email,phone\nG-1,Anna,,"+49 56 1231 6 12345678"\n'),
    # A cell of several lines and an invisible character: the words about it quote both.
    (
        "bytes",
        b"\x01\0\0\0\x01\0externalId,name,email,phone,Note\nG-1,Ana,ana@faxt\ternalId,name,email,phone,eNot\nna,ana@farm.exampl"
        b'x,G-,\ne2,Anna,,"515\x02555 0142",x\nG-\x19,Cy,mple,,x\n'
        b'G-2,Anna,,"515\x02555 01xternalId,name,email,phone,Note\n'
        b'G-1,Ana,ana@faxt\ternalId,name,email,phone,eNot\nna,ana@fa42",x\nG-\x19,Cy,cy@f\0rm.exampl\xd8,,x\n',
    ),
)


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_the_guided_fuzzer_found_stays_mended(tmp_path: Path, name: str, data: bytes) -> None:
    """The bytes that once showed something wrong show nothing wrong any more."""
    assert TARGETS[name][0](data, tmp_path).wrong == ""


def test_a_reader_that_loses_something_is_noticed(tmp_path: Path) -> None:
    """The test above can fail: one record that is left out, or one letter of it, is found."""
    file = tmp_path / "list.csv"
    file.write_text("externalId,name,email\nG-1,Ana,ana@farm.example\nG-2,Ben,ben@farm.example\n")
    source = ListFile(file, ListSettings(file=file.name))
    records = list(source.all_records())
    assert oracle.accounted(source, records) == ""
    assert oracle.accounted(source, records[:-1])
    assert oracle.accounted(source, [*records[:-1], records[-1]._replace(cells=["G-2", "Ben", "ben@farm.exampl"])])
