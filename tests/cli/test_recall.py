"""`leafcast recall` as it is typed."""

from __future__ import annotations

from .conftest import by_email


def test_a_campaign_is_taken_back(desk):
    """Links are gone from Leaf, who had opened is named, and `run` writes to nobody any more."""
    desk.campaign([by_email(number) for number in range(6)])
    desk("run", "spring.yaml", "--yes", "--limit", "4")
    desk.sandbox.control("click", {"externalId": "G-2"})

    rehearsed = desk("recall", "spring.yaml", "--dry-run", "--json").json
    assert rehearsed["recall"] == {"growers": 6, "links": 4, "unsent": 2}
    asked = desk("recall", "spring.yaml", code=2)
    assert "--yes" in asked.err
    assert sum(not link["deleted"] for link in desk.sandbox.state()["links"]) == 4

    told = desk("recall", "spring.yaml", "--yes", "--json").json
    assert (told["recall"]["revoked"], told["recall"]["left"], told["recall"]["cancelled"]) == (4, 0, 2)
    assert [one["externalId"] for one in told["recall"]["opened"]] == ["G-2"]
    assert told["messages"]["cancelled"] == 2
    assert all(link["deleted"] for link in desk.sandbox.state()["links"])

    again = desk("run", "spring.yaml", "--yes")
    assert "recalled" in again.err
    assert desk.received().total() == 4


def test_wrong_use_is_one_sentence(desk):
    """No ledger, no such run, no such grower: exit 2, and nothing is revoked."""
    desk.campaign([by_email(1)])
    assert "nothing was run yet" in desk("recall", "spring.yaml", "--yes", code=2).err
    desk("run", "spring.yaml", "--yes")
    nobody = desk("recall", "spring.yaml", "--yes", "--run", "no-such-run", code=2)
    assert "no run 'no-such-run'" in nobody.err
    assert "1 links, 1 messages" in nobody.err
    assert "G-9" in desk("recall", "spring.yaml", "--yes", "--only", "G-9", code=2).err
    assert not any(link["deleted"] for link in desk.sandbox.state()["links"])


def test_a_campaign_that_never_ran_is_neither_recalled_nor_retried(desk):
    """A slip of the pen in the name must not mark another campaign, nor look like nothing to do."""
    spring = desk.campaign([by_email(1)])
    desk("run", spring, "--yes")
    other = desk.folder / "other.yaml"
    other.write_text((desk.folder / spring).read_text().replace("campaign: spring", "campaign: sprung"))
    for command in ("recall", "retry"):
        refused = desk(command, other, "--yes", code=2)
        assert "the ledger has no campaign sprung" in refused.err
        assert "the ledger has: spring." in refused.err
    assert desk("status", code=0).out.count("sprung") == 0
