"""A campaign and its templates as they lie on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafcast.edge.campaignfile import read_campaign
from leafcast.edge.shipped import CAMPAIGNS, SAMPLE_DATA, TEMPLATES, shipped
from leafcast.errors import CampaignError, ExitCode, LeafcastError, UsageError

TEXT = """\
campaign: a
list: {file: ../data/g.csv}
link: {expiresIn: 12h, rules: [{type: file-upload}]}
channels: [sms]
sms: {from: "+15155550100"}
"""


@pytest.fixture
def campaign_file(tmp_path: Path) -> Path:
    file = tmp_path / "campaigns" / "a.yaml"
    file.parent.mkdir()
    file.write_text(TEXT)
    return file


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_paths_start_at_the_campaign_file(campaign_file: Path) -> None:
    """The list is found from the campaign file's folder, wherever the command was started."""
    loaded = read_campaign(campaign_file)
    assert loaded.folder == campaign_file.parent
    assert loaded.list_path.resolve() == campaign_file.parent.parent / "data" / "g.csv"


def test_the_nearest_template_wins_file_by_file(campaign_file: Path) -> None:
    """Beside the campaign, then one folder up, then the package's own."""
    write(campaign_file.parent.parent / "templates" / "invite.sms.j2", "up")
    write(campaign_file.parent.parent / "templates" / "es" / "invite.sms.j2", "arriba")
    assert read_campaign(campaign_file).sources["invite.sms.j2"] == "up"
    write(campaign_file.parent / "templates" / "invite.sms.j2", "beside")
    sources = read_campaign(campaign_file).sources
    assert sources["invite.sms.j2"] == "beside"
    assert sources["es/invite.sms.j2"] == "arriba"
    assert sources["reminder.sms.j2"] == (shipped(TEMPLATES) / "reminder.sms.j2").read_text()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(campaign_file: Path) -> None:
    """Files saved by Notepad are read as they are."""
    campaign_file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert read_campaign(campaign_file).campaign.name == "a"


def test_a_missing_file_is_wrong_usage_and_names_the_nearest(campaign_file: Path) -> None:
    """A typing mistake in the file's name is answered with the file that is there."""
    with pytest.raises(UsageError, match=r"did you mean .*a\.yaml") as caught:
        read_campaign(campaign_file.with_name("a.yml"))
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_folder_is_no_campaign(campaign_file: Path) -> None:
    """A folder is told apart from a missing file."""
    with pytest.raises(UsageError, match="is a folder"):
        read_campaign(campaign_file.parent)


def test_a_file_that_is_not_utf8_names_the_line(campaign_file: Path) -> None:
    """cp1252 is not guessed; the line is named."""
    campaign_file.write_bytes(TEXT.encode() + "brand: {companyName: José}".encode("cp1252"))
    with pytest.raises(CampaignError) as caught:
        read_campaign(campaign_file)
    [problem] = caught.value.problems
    assert problem.where.line == 6
    assert "UTF-8" in problem.fix


def test_a_huge_file_is_some_other_file(campaign_file: Path) -> None:
    """A list named as the campaign by mistake is not parsed as YAML."""
    campaign_file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(CampaignError):
        read_campaign(campaign_file)


def test_an_installed_wheel_carries_its_own_folders(tmp_path: Path) -> None:
    """leafcast/shipped of the wheel comes before the top of a checkout; without either, the installation is broken."""
    package = tmp_path / "lib" / "site" / "leafcast"
    package.mkdir(parents=True)
    with pytest.raises(LeafcastError, match="missing from its installation"):
        shipped(TEMPLATES, package)
    (package / "shipped" / TEMPLATES).mkdir(parents=True)
    assert shipped(TEMPLATES, package) == package / "shipped" / TEMPLATES


@pytest.mark.parametrize("folder", [TEMPLATES, CAMPAIGNS, SAMPLE_DATA])
def test_this_checkout_has_its_own_folders(folder: str) -> None:
    """The top-level folders are the ones that the wheel will carry."""
    assert shipped(folder).is_dir()


@pytest.mark.parametrize("file", sorted(shipped(CAMPAIGNS).glob("*.yaml")), ids=lambda file: file.name)
def test_every_sample_campaign_is_good(file: Path) -> None:
    """The campaigns that people start from have no problem and no warning."""
    assert read_campaign(file).notes == ()
