"""The README says what the program says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from typer.main import get_command

from leafcast.cli.main import app
from leafcast.errors import ExitCode
from leafcast.model import MessageState

COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )?leafcast ")
"""How a line that runs leafcast begins."""
NOT_OURS = {"--version", "--help"}
"""Options of `leafcast` itself rather than of one of its commands."""


def sh_lines(text: str) -> Iterator[str]:
    """Every line of every shell block."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()


def parse(line: str) -> None:
    """Let the real command line take a line apart, without doing what it says. Raises what typer raises."""
    command, words = get_command(app), shlex.split(line, comments=True)[1:]
    context = command.make_context("leafcast", [*words])
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(context, words)
        context = command.make_context(name, [*words], parent=context)


def test_the_made_tables_are_what_the_program_says(readme, refresh):
    """The tables of commands, options and campaign keys are those of the program; `make docs` writes them anew."""
    assert refresh["refreshed"](readme.text) == readme.text, "run `make docs`"


def test_a_stale_table_is_noticed(readme, refresh):
    """A row that is missing from a made table comes back with `make docs`."""
    stale = readme.text.replace("| `leafcast retry CAMPAIGN` |", "| `leafcast rerun CAMPAIGN` |", 1)
    assert stale != readme.text
    assert refresh["refreshed"](stale) == readme.text


def test_every_option_named_exists(readme, refresh):
    """Every option that the README names belongs to a command."""
    real = {flag for _, command in refresh["commands"]() for option in command.params for flag in option.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", readme.text))
    assert named - real - NOT_OURS == set()


def test_every_command_line_parses(pages):
    """Every leafcast line of a page that can be pasted is one that leafcast understands."""
    lines = [line[line.index("leafcast ") :] for page in pages for line in sh_lines(page.text) if COMMAND.match(line)]
    assert len(lines) > 30
    for line in lines:
        parse(line)


def test_every_command_and_option_in_the_text_exists(pages, refresh):
    """What a page names between backticks as a command, with its options, is one that there is."""
    named = [words for page in pages for words in re.findall(r"`leafcast ([a-z][^`\n]*)`", page.text)]
    real = {name: {flag for option in one.params for flag in option.opts} for name, one in refresh["commands"]()}
    for words in named:
        name = next((one for one in real if f"{words} ".startswith(f"{one} ")), None) or words.split()[0]
        assert any(one.split()[0] == name.split()[0] for one in real), words
        options = set(re.findall(r"(?<!\S)--[a-z][a-z-]*", words))
        assert name not in real or options <= real[name], words


def test_every_command_named_exists(readme, refresh):
    """Every command that the text of the README names is one that there is."""
    real = {name.split()[0] for name, _ in refresh["commands"]()}
    named = set(re.findall(r"`leafcast ([a-z]+)", readme.text))
    assert named == real


@pytest.mark.parametrize("line", ["leafcast run x.yaml --dryrun", "leafcast sent x.yaml", "leafcast links list email"])
def test_a_wrong_command_line_does_not_parse(line):
    """The test above can fail."""
    with pytest.raises(Exception, match=r".") as raised:
        parse(line)
    assert not isinstance(raised.value, AttributeError)


def test_the_exit_codes_are_the_real_ones(readme):
    """The table of exit codes has every code once, in order."""
    assert [int(row[0]) for row in readme.table("Exit codes")] == [code.value for code in ExitCode]


def test_the_states_are_the_real_ones(readme):
    """The table of message states has every state once, in order."""
    assert [row[0] for row in readme.table("Message states")] == [state.value for state in MessageState]


def test_every_environment_variable_is_read(readme, refresh):
    """Every variable of the table is one that leafcast reads, and it reads no other credential."""
    from leafcast.edge import settings

    named = {
        name
        for row in readme.table("With your own accounts")
        for cell in row[:1] + row[2:]
        for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", cell)
    }
    source = (readme.path.parent / "src/leafcast/edge/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"((?:LEAF|LEAFCAST|SENDGRID|TWILIO)_[A-Z_]+)"', source))
    ledger = {flag.envvar for _, command in refresh["commands"]() for flag in command.params if flag.envvar}
    assert settings.LEAF_URL
    assert named == read | ledger


def test_the_list_columns_are_the_real_ones(readme):
    """The table of columns has every column that leafcast understands, and no other."""
    from leafcast.decide.headings import CONTRACT_COLUMNS

    cells = [row[0] for row in readme.table("Your list and your words")]
    named = [word for cell in cells[:-1] for word in re.findall(r"\w+", cell)]
    assert sorted(named) == sorted(CONTRACT_COLUMNS)


def test_the_template_names_are_the_real_ones(readme):
    """What templates see is said in full: every name, the link's words, the own filters."""
    from leafcast.decide.analysis import WORDS
    from leafcast.decide.templating import OWN_FILTERS
    from leafcast.decide.views import LINK_WORDS

    section = readme.section("Your list and your words")
    for name in (*WORDS, *OWN_FILTERS):
        assert f"`{name}`" in section
    for word in LINK_WORDS:
        assert f"`link.{word}`" in section


def test_the_filter_day_writes_what_the_readme_shows():
    """The two dates of the README are the filter's own."""
    from datetime import UTC, datetime

    from leafcast.decide.languages import written_day

    moment = datetime(2026, 5, 1, 18, tzinfo=UTC)
    assert (written_day(moment), written_day(moment, "es")) == ("May 1, 2026", "1 de mayo de 2026")


def test_the_doubts_of_a_kill_are_bounded_as_promised(readme):
    """The number that the promise names is the number of requests that can be under way."""
    from leafcast.stories.lanes import EMAILS, OTHERS

    assert f"leaves at most {EMAILS} emails and {OTHERS} texts," in readme.section("What is promised, and what is not")


def test_the_export_lines_are_those_of_the_sandbox(readme):
    """The lines to paste are the ones that `leafcast sandbox` prints on its usual port."""
    from leafcast.sandbox.server import USUAL_PORT, RunningSandbox

    lines = [line for line in sh_lines(readme.text) if line.startswith("export ")]
    assert lines == RunningSandbox(f"http://127.0.0.1:{USUAL_PORT}").environment_lines.splitlines()
