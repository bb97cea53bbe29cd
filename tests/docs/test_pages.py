"""All Markdown files: what they point at is there, and what they tell is the program's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leafcast.decide.ledger import transitions
from leafcast.decide.rounddecisions import WhyNot
from leafcast.model import Cause

MARK = re.compile(r"[^\w\- ]")


def anchors(text: str) -> set[str]:
    """The anchors that a forge makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {MARK.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Every relative link of a page that leads nowhere."""
    text = page.read_text(encoding="utf-8")
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = page.parent / name if name else page
        if not place.exists() or (anchor and anchor not in anchors(place.read_text(encoding="utf-8"))):
            broken.append(target)
    return broken


def test_every_relative_link_leads_somewhere(tracked):
    """Links between the Markdown files, anchors included, resolve."""
    pages = [path for path in tracked if path.suffix == ".md"]
    assert len(pages) > 5
    assert {str(page): found for page in pages if (found := broken_links(page))} == {}


def test_every_page_can_be_found(readme):
    """The README's list of pages has each of docs/."""
    pages = {path.name for path in (Path(__file__).parents[2] / "docs").glob("*.md")}
    assert set(re.findall(r"\(docs/(\w+\.md)\)", readme.section("Read on"))) == pages


def test_a_broken_link_is_noticed(tmp_path):
    """The test above can fail, for a file and for an anchor."""
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](gone.md) [b](#one) [c](#two) [d](https://leaf.example/x)\n")
    assert broken_links(page) == ["gone.md", "#two"]


def test_the_repository_names_no_place_of_its_making(tracked):
    """No file names a path, a package index or a paper of the machine that it was written on."""
    words = ["work/", "root/", "opt/wheels", "tmp/brief"]
    index = ["py" + "pi.org", "python" + "hosted.org", "extra-" + "index-url", "find-" + "links"]
    papers = ["product" + ".md", "house" + ".md"]
    places = "|".join([*(rf"(?<![\w.-])/{re.escape(word)}" for word in words), *map(re.escape, index + papers)])
    found = {}
    for path in tracked:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        hits = [number for number, line in enumerate(lines, 1) if re.search(places, line)]
        if hits:
            found[path.name] = hits
    assert found == {}


def drawn(text: str) -> set[tuple[str, str]]:
    """The arrows of a Mermaid state diagram."""
    return set(re.findall(r"^\s*(\S+) --> (\S+)\s*$", text, re.MULTILINE))


@pytest.mark.parametrize(("heading", "table"), [("Messages", transitions.MESSAGE), ("Links", transitions.LINK)])
def test_the_states_page_is_the_ledger_s_table(states, heading, table):
    """Diagram and table have every legal step and no other; what has no way out is final."""
    legal = {(before.value, after.value) for before, afters in table.items() for after in afters}
    final = {(state.value, "[*]") for state, afters in table.items() if not afters}
    arrows = drawn(states.section(heading))
    assert {arrow for arrow in arrows if arrow[0] != "[*]"} == legal | final
    rows = states.table(heading)
    assert {(before, after) for before, after, *_ in rows if before} == legal
    assert {("[*]", after) for before, after, *_ in rows if not before} == arrows - legal - final


def test_who_takes_a_step_is_a_command(states, refresh):
    """docs/states.md names commands that there are for the steps of a recall."""
    assert "recall" in {name for name, _ in refresh["commands"]()}
    assert states.text.count("`recall`") >= 4


def test_every_decision_has_its_form():
    """A decision says what the question was, what was looked at or measured, the choice, and what would change it."""
    folder = Path(__file__).parents[2] / "docs" / "decisions"
    decisions = sorted(folder.glob("[0-9]*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {path.name[:4]} ", text), path.name
        for mark in (
            r"\*\*Question\.",
            r"\*\*(Measured|Looked at)",
            r"\*\*(Choice|Decided)\b",
            r"\*\*What would change",
        ):
            assert re.search(mark, text), f"{path.name} lacks {mark}"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[\d{4}\]\((\S+)\)", index, re.MULTILINE) == [path.name for path in decisions]


def test_every_reason_against_a_round_is_explained():
    """docs/rounds.md has each reason that `reinvite` can name, and each cause."""
    text = (Path(__file__).parents[2] / "docs" / "rounds.md").read_text(encoding="utf-8")
    missing = [str(one) for one in (*WhyNot, *Cause) if f"`{one}`" not in text]
    assert missing == []


def test_the_sample_lists_are_as_their_page_says(tracked):
    """sample_data/README.md names every sample list, and each sample campaign reads the list that the page says."""
    root = Path(__file__).parents[2]
    text = (root / "sample_data" / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in tracked if path.parent == root / "sample_data"} - {"README.md"}
    assert {name for name in files if f"| `{name}` |" not in text} == set()
    for campaign in (root / "campaigns").glob("*.yaml"):
        row = next(line for line in text.splitlines() if f"`campaigns/{campaign.name}`" in line)
        assert f"../sample_data/{row.split('`')[1]}" in campaign.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("campaign", "rows"),
    [("spring-onboarding", 500), ("cnh-fieldops-migration", 120), ("file-upload-drive", 60)],
)
def test_the_sample_lists_have_as_many_good_rows_as_told(campaign, rows):
    """The numbers of rows that the pages name are those of the lists."""
    from leafcast.cli.job import open_job

    root = Path(__file__).parents[2]
    survey = open_job(root / "campaigns" / f"{campaign}.yaml").examiner.survey()
    assert (survey.rows, survey.growers, survey.rejected) == (rows, rows, [])
    assert f"{rows} growers" in (root / "sample_data" / "README.md").read_text(encoding="utf-8")


def test_comments_of_sample_campaigns_name_real_commands(tracked, refresh):
    """A command that a comment or template of the samples names is one that there is."""
    real = {name.split()[0] for name, _ in refresh["commands"]()}
    texts = [path for path in tracked if path.parent.name in {"campaigns", "templates", "sample_data"}]
    for path in texts:
        if path.suffix in {".yaml", ".j2", ".md"}:
            named = set(re.findall(r"\bleafcast ([a-z]+) ?(?:campaigns/|`|$)", path.read_text(encoding="utf-8"), re.M))
            assert named <= real, path.name
