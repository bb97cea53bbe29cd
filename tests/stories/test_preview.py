"""`preview` shows what would be sent, to whom it tells most."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from leafcast.cli.job import open_job
from leafcast.edge.galleryfile import gallery
from leafcast.edge.shipped import CAMPAIGNS, shipped
from leafcast.errors import UsageError
from leafcast.model import LinkType
from leafcast.stories.preview import Picture, preview

LIST = """\
externalId,name,email,phone,locale,provider,Upload,brand
A,Ann,ann@farm.example,,en,,,
B,Bea,bea@farm.example,,es,JohnDeere,,
C,Wilhelmina Featherstonehaugh,cyd@farm.example,,en,,yes,north
D,,,+1 515 555 0123,pt-BR,,,
E,Eve,eve@farm.example,,en,,,
"""
CAMPAIGN = """\
campaign: look
list: {file: g.csv, region: US}
brand: {companyName: Prairie, companyLogo: "https://www.prairie.example/logo.png", postalAddress: Ames}
brands: {north: {companyName: North Co-op, backgroundColor: "#0b1f3a"}}
link:
  expiresIn: 30d
  rules:
    - {when: grower.upload == 'yes', type: file-upload}
    - {when: grower.provider, type: authentication, provider: "{{ grower.provider }}"}
    - {type: provider}
channels: [email, sms]
email: {from: p@prairie.example}
sms: {from: "+15155550100"}
"""


def look(folder: Path, **how: object) -> list[Picture]:
    (folder / "g.csv").write_text(LIST, encoding="utf-8")
    (folder / "c.yaml").write_text(CAMPAIGN, encoding="utf-8")
    return preview(open_job(folder / "c.yaml").examiner, **how)  # type: ignore[arg-type]


@lru_cache
def pictures_of_the_sample() -> list[Picture]:
    """The telling rows of the sample campaign."""
    return preview(open_job(shipped(CAMPAIGNS) / "spring-onboarding.yaml").examiner)


def test_a_telling_sample_has_one_of_each(tmp_path: Path) -> None:
    """Every link type, language and brand, the longest name, a missing name; a row that shows nothing new is left."""
    pictures = look(tmp_path)
    assert [picture.external_id for picture in pictures] == ["A", "B", "C", "D"]
    assert {picture.request.type for picture in pictures} == set(LinkType)
    assert "the longest name" in pictures[2].why
    assert "no name" in pictures[3].why
    assert pictures[0].email
    assert pictures[3].email is None
    assert pictures[3].sms
    assert pictures[3].sms.body.startswith("Prairie:")
    assert "Responda STOP" in pictures[3].sms.body


def test_any_row_can_be_asked_for(tmp_path: Path) -> None:
    """By externalId, or the first of the list."""
    assert [picture.external_id for picture in look(tmp_path, only=["E", "B"])] == ["B", "E"]
    assert [picture.external_id for picture in look(tmp_path, rows=2)] == ["A", "B"]
    with pytest.raises(UsageError, match="Z"):
        look(tmp_path, only=["A", "Z"])


def test_a_brand_looks_alike_on_the_link_page_and_in_the_message(tmp_path: Path) -> None:
    """The row's brand reaches Leaf's settings and the email; what it leaves open comes from the campaign's own."""
    [picture] = look(tmp_path, only=["C"])
    assert picture.email
    assert picture.request.settings["companyName"] == "North Co-op"
    assert picture.request.settings["companyLogo"] == "https://www.prairie.example/logo.png"
    for sign in ("North Co-op", "#0b1f3a", "https://www.prairie.example/logo.png", "Ames"):
        assert sign in picture.email.html


def test_reminders_can_be_looked_at(tmp_path: Path) -> None:
    """With a cause, the re-invitation is shown."""
    [first], [again] = look(tmp_path, only=["A"]), look(tmp_path, only=["A"], cause="expired")
    assert first.email
    assert again.email
    assert first.email.subject != again.email.subject
    assert "has run out" in again.email.text


def test_the_gallery_shows_both_parts_and_runs_nothing_of_a_row(tmp_path: Path) -> None:
    """What stands in a cell is text on the page, also inside of the frames."""
    (tmp_path / "g.csv").write_text(LIST.replace("Ann", "<script>x</script>"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(CAMPAIGN, encoding="utf-8")
    page = gallery("look", preview(open_job(tmp_path / "c.yaml").examiner))
    assert page.count("<script>") == 1
    assert "Email on a phone" in page
    assert "segments" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
