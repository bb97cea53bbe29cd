"""A run whose list, campaign and templates are as they were goes on at once, and no other does."""

from __future__ import annotations

from leafcast.edge.campaignfile import read_campaign
from leafcast.edge.fingerprint import one_word

from .conftest import by_email

AT_ONCE = "it goes on at once"


def test_an_unchanged_run_goes_on_at_once(desk):
    """Nothing is examined again, `--only` still knows the list, and a changed list is examined as ever."""
    desk.campaign([by_email(number) for number in range(1, 5)])
    assert AT_ONCE not in desk("run", "spring.yaml", "--yes", "--limit", "1").err
    assert AT_ONCE in desk("run", "spring.yaml", "--yes", "--only", "G-3").err
    assert "no good row" in desk("run", "spring.yaml", "--yes", "--only", "G-9", code=2).err
    assert dict(desk.received()) == {"g1@farm.example": 1, "g3@farm.example": 1}
    desk.list([by_email(number) for number in range(1, 6)])
    changed = desk("run", "spring.yaml", "--yes")
    assert AT_ONCE not in changed.err
    assert dict(desk.received()) == {f"g{number}@farm.example": 1 for number in range(1, 6)}


def test_only_what_was_judged_before_is_not_judged_again(desk):
    """A template that came to be wrong is found as ever, before anything is sent."""
    desk.campaign([by_email(1), by_email(2)])
    desk("run", "spring.yaml", "--yes", "--limit", "1")
    desk.write("templates/invite.txt.j2", "{{ link.url }} {{ grower.nmae }}")
    assert "there is no grower.nmae" in desk("run", "spring.yaml", "--yes", code=2).err
    assert dict(desk.received()) == {"g1@farm.example": 1}


def test_every_ingredient_of_a_plan_counts(desk):
    """List, campaign file, any template, and whether bad rows are left out: each change is another word."""
    path = desk.folder / desk.campaign([by_email(1)])

    def word(*, skip_invalid=False):
        return one_word(read_campaign(path), skip_invalid=skip_invalid)

    first = word()
    assert word() == first
    assert word(skip_invalid=True) != first
    seen = {first}
    for change in (
        lambda: desk.list([by_email(1, name="Other")]),
        lambda: desk.campaign(deliver="all"),
        lambda: desk.write("templates/invite.txt.j2", "{{ link.url }}"),
        lambda: desk.write("templates/es/invite.txt.j2", "{{ link.url }}"),
    ):
        change()
        assert word() not in seen
        seen.add(word())
