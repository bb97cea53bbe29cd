"""The ledger as a file: columns, formats, formulas held back, and the way back into a list."""

import csv
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pyarrow import parquet

from leafcast.decide.campaignlinks import ListSettings
from leafcast.decide.growers import Judge
from leafcast.decide.reporting import EXPORT_COLUMNS, export_cells, export_columns, neutralised, restored
from leafcast.edge.exportfile import ENDINGS, write_export
from leafcast.edge.galleryfile import write_gallery
from leafcast.edge.listfile import ListFile
from leafcast.edge.planfile import write_plan
from leafcast.errors import UsageError
from leafcast.model import Channel, Grower, LedgerRow, MessageState, Row

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

LINE = LedgerRow(
    campaign="spring-2026",
    external_id="G-1",
    name="Ana Prado",
    email="ana@farm.example",
    phone="+15155550142",
    round=0,
    link_type="provider",
    providers=("JohnDeere", "Trimble"),
    leaf_user_id="0f3b1d8e-6c5a-4a2e-9a51-2f5f6f0f9c11",
    magic_link_id="-abc",
    link="https://magic-link.example/-abc",
    expires_at=NOON,
    link_status="live",
    channel=Channel.EMAIL,
    message_status=MessageState.ACCEPTED,
    delivery="unknown",
    message_id="m-1",
    attempts=1,
    error_code="",
    error="",
    connected="",
    created_at=NOON,
    updated_at=NOON,
    cells={"externalId": "G-1", "Branch": "Ames", "locale": "pt-BR"},
)
FURTHER = ("locale", "Branch")

CONTRACT = (
    "campaign,externalId,name,email,phone,round,linkType,providers,leafUserId,magicLinkId,link,expiresAt,linkStatus,"
    "channel,messageStatus,delivery,messageId,attempts,errorCode,error,connected,createdAt,updatedAt"
)


def read(file: Path) -> tuple[list[str], list[list[object]]]:
    """Headings and cells of an export of any format, read without leafcast."""
    match file.suffix:
        case ".csv":
            headings, *lines = csv.reader(StringIO(file.read_bytes().decode("utf-8"), newline=""))
            return headings, [list(line) for line in lines]
        case ".xlsx":
            sheet = load_workbook(file).worksheets[0]
            first, *rest = sheet.iter_rows(values_only=True)
            return [str(cell) for cell in first], [["" if cell is None else cell for cell in line] for line in rest]
        case ".jsonl":
            objects = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            return list(objects[0]), [list(one.values()) for one in objects]
        case _:
            table = parquet.read_table(file)
            return table.column_names, [list(line.values()) for line in table.to_pylist()]


def test_the_columns_are_the_contracts() -> None:
    """Other people's scripts depend on the names and on the order; the list's own columns come behind."""
    assert ",".join(EXPORT_COLUMNS) == CONTRACT
    assert export_columns(FURTHER) == (*CONTRACT.split(","), "locale", "Branch")


def test_a_column_of_the_list_that_is_called_like_ours_keeps_its_cells() -> None:
    """No two columns of an export have one heading."""
    assert export_columns(["link", "Branch"])[-2:] == ("link (list)", "Branch")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_has_the_same_headings_and_cells(tmp_path: Path, ending: str) -> None:
    """csv, xlsx, parquet and jsonl tell the same, line for line."""
    file = tmp_path / f"out{ending}"
    assert write_export(file, [LINE, replace(LINE, channel=Channel.SMS, email=None, expires_at=None)], FURTHER) == 2
    headings, lines = read(file)
    assert headings == list(export_columns(FURTHER))
    told = dict(zip(headings, lines[0], strict=True))
    assert str(told["round"]) == "0"
    assert told["providers"] == "JohnDeere;Trimble"
    assert told["expiresAt"] == "2026-03-01T12:00:00Z"
    assert told["phone"] == "+15155550142"
    assert told["magicLinkId"] == "-abc"
    assert (told["locale"], told["Branch"]) == ("pt-BR", "Ames")
    told = dict(zip(headings, lines[1], strict=True))
    assert (told["channel"], told["email"], told["expiresAt"]) == ("sms", "", "")


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "'=1"])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_no_spreadsheet_runs_what_a_grower_wrote(tmp_path: Path, text: str, ending: str) -> None:
    """Free text that begins like a formula has an apostrophe in front, in ours and in the list's own columns."""
    file = tmp_path / f"out{ending}"
    dangerous = replace(LINE, external_id=text, name=text, error=text, cells={"Branch": text})
    write_export(file, [dangerous], ("Branch",))
    headings, (line,) = read(file)
    told = dict(zip(headings, line, strict=True))
    for column in ("externalId", "name", "error", "Branch"):
        assert str(told[column]).startswith("'"), column


def test_programs_get_the_text_as_it_is(tmp_path: Path) -> None:
    """jsonl and parquet are opened by no spreadsheet: nothing is put in front."""
    for ending in (".jsonl", ".parquet"):
        write_export(tmp_path / f"out{ending}", [replace(LINE, name="=1+1")], ())
        assert read(tmp_path / f"out{ending}")[1][0][2] == "=1+1"


@given(st.text())
def test_holding_back_can_be_taken_back(text: str) -> None:
    """Every text comes back as it was, apostrophes of its own included."""
    assert restored(neutralised(text)) == text


@pytest.mark.parametrize("text", ["-5", "+15155550142", "-12.50", "Ana", "", "'tis", "a=b"])
def test_harmless_text_stays(text: str) -> None:
    """Numbers and ordinary words get no apostrophe."""
    assert neutralised(text) == text


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_an_export_is_a_list_again(tmp_path: Path, ending: str) -> None:
    """Read back, one grower for the two lines of its two messages: same id, name, addresses and further cells, and the
    link as it was. The ledger's own columns are not the grower's."""
    two = replace(LINE, external_id="=2", name="-Ben", phone=None, link_type="authentication", providers=("CNHI",))
    two = replace(two, email="ben@farm.example", cells={"Branch": "=Ames", "locale": "", "link": "mine"})
    file = tmp_path / f"out{ending}"
    lines = [LINE, replace(LINE, channel=Channel.SMS), replace(LINE, round=1), two]
    write_export(file, lines, (*FURTHER, "link"))
    source = ListFile(file, ListSettings(file=file.name))
    judged = [Judge().judged(row)[0] for row in source.rows() if isinstance(row, Row)]
    assert source.passed.repeated == 2
    assert source.further_columns == (*FURTHER, "link")
    one, other = (grower for grower in judged if isinstance(grower, Grower))
    assert (one.external_id, one.name, one.email, one.phone) == ("G-1", "Ana Prado", LINE.email, LINE.phone)
    assert (one.cell("linkType"), one.cell("allowedProviders")) == ("provider", "JohnDeere;Trimble")
    assert (one.cell("locale"), one.cell("Branch"), one.cell("messageStatus")) == ("pt-BR", "Ames", "")
    assert (other.external_id, other.name, other.phone, other.cell("Branch")) == ("=2", "-Ben", None, "=Ames")
    assert (other.cell("provider"), other.cell("link")) == ("CNHI", "mine")


def test_only_the_owner_can_read_an_export(tmp_path: Path) -> None:
    """It holds links: mode 0600."""
    for ending in ENDINGS:
        file = tmp_path / f"out{ending}"
        write_export(file, [LINE], ())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, ending


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    """The target is replaced when the new file is complete, and nothing half-written stays beside it."""

    def breaking() -> Iterator[LedgerRow]:
        yield LINE
        raise RuntimeError("the ledger went away")

    for ending in ENDINGS:
        file = tmp_path / f"out{ending}"
        file.write_text("old")
        with pytest.raises(RuntimeError):
            write_export(file, breaking(), ())
        assert file.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == [file.name]
        file.unlink()


def test_an_unknown_ending_names_the_four(tmp_path: Path) -> None:
    """The ending says the format, so a wrong one is wrong usage."""
    with pytest.raises(UsageError) as caught:
        write_export(tmp_path / "out.ods", [LINE], ())
    assert all(ending in caught.value.fix for ending in ENDINGS)


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    """The error names the file, not a traceback."""
    with pytest.raises(UsageError, match=r"out\.csv cannot be written"):
        write_export(tmp_path / "nowhere" / "out.csv", [LINE], ())


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_export(path.with_suffix(".csv"), [LINE], ()),
        lambda path: write_gallery(path.with_suffix(".html"), "<p>Ana</p>"),
        lambda path: write_plan(path.with_suffix(".json"), {}, {}, skip_invalid=False),
    ],
)
def test_what_names_people_becomes_private(tmp_path: Path, write: Callable[[Path], object]) -> None:
    """Exports, previews and plans are their owner's alone, also where a file was there that others could read."""
    for ending in (".csv", ".html", ".json"):
        (tmp_path / f"out{ending}").touch(mode=0o644)
        (tmp_path / f"out{ending}").chmod(0o644)

    write(tmp_path / "out")

    written = [path for path in tmp_path.iterdir() if path.stat().st_size]
    assert [path.stat().st_mode & 0o777 for path in written] == [0o600]


def test_control_characters_do_not_break_a_workbook(tmp_path: Path) -> None:
    """What xlsx cannot hold is shown as a replacement character."""
    write_export(tmp_path / "out.xlsx", [replace(LINE, name="a\x0bb")], ())
    assert read(tmp_path / "out.xlsx")[1][0][2] == "a\ufffdb"


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_an_export_is_streamed(tmp_path: Path, ending: str, peak_of: Callable[[Callable[[], object]], int]) -> None:
    """Half as many rows again take no more memory than two batches did."""

    def export(count: int) -> Callable[[], object]:
        return lambda: write_export(
            tmp_path / f"out{ending}", (replace(LINE, attempts=i) for i in range(count)), FURTHER
        )

    export(1)()
    batch = 4_096
    assert peak_of(export(3 * batch)) < 1.3 * peak_of(export(2 * batch))


def test_cells_and_columns_go_together() -> None:
    """One cell for each heading, further columns that a row lacks being empty."""
    assert len(export_cells(LINE, ("Branch", "not there"))) == len(export_columns(("Branch", "not there")))
    assert export_cells(LINE, ("not there",))[-1] == ""
