"""Helpers share the work on a long list; whatever befalls them, what comes out is what one process finds."""

from __future__ import annotations

import io
import marshal
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from leafcast.cli.job import open_job
from leafcast.decide.bundles import Bundle, Recipe, RowExaminer
from leafcast.edge.crew import Crew, start_helper
from leafcast.edge.crewmember import serve
from leafcast.edge.crewtalk import LENGTH, framed, pickled
from leafcast.model import Rejected, Row
from leafcast.ports import Stretch

ROOT = Path(__file__).parents[2]
STARTED: list[subprocess.Popen[bytes]] = []
READY = """
import struct, sys
out = sys.stdout.buffer
def say(message):
    out.write(struct.pack('<Q', len(message)) + message)
    out.flush()
"""
"""The beginning of a helper that does not do what it should."""
BAD_HELPERS = {
    "does not start": "raise SystemExit(1)",
    "dies when it is ready": READY + "sys.stdin.buffer.read(8); say(b'')",
    "dies with rows in its hands": READY + "say(b''); sys.stdin.buffer.read(2_000)",
    "answers nonsense": READY + "say(b''); say(b'nonsense'); sys.stdin.buffer.read()",
    "never gets ready": READY + "sys.stdin.buffer.read()",
    "never answers": READY + "say(b''); sys.stdin.buffer.read()",
    "stops in the middle": READY + "say(b''); out.write(b'half'); out.flush(); sys.stdin.buffer.read()",
    "reads nothing": READY + "import time; say(b''); time.sleep(999)",
    "answers half": READY + "say(b''); out.write(struct.pack('<Q', 999) + b'half'); out.flush()",
    "answers something else": READY + "import pickle; say(b''); say(pickle.dumps(7)); sys.stdin.buffer.read()",
}


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    job = open_job(ROOT / "campaigns" / "spring-onboarding.yaml")
    examiner = job.examiner
    return Recipe(job.campaign, job.loaded.sources, tuple(job.source.heading_of), examiner.judge, examiner.now)


@pytest.fixture(scope="module")
def stretches() -> list[Stretch]:
    """Good rows and bad ones, a dozen at a time."""
    rows = iter(open_job(ROOT / "campaigns" / "spring-onboarding.yaml").source.rows())
    found: list[Stretch] = []
    while stretch := list(islice(rows, 12)):
        odd = stretch[0]
        assert isinstance(odd, Row)
        bad = Row(odd.number, odd.line, {**odd.cells, "phone": "12", "email": "no", "provider": "Nobody"})
        unfit = Row(odd.number, odd.line, {**odd.cells, "provider": "Nobody"})
        found.append([*stretch, bad, Rejected(odd, ()), unfit])
    return found


@pytest.fixture(scope="module")
def alone(recipe: Recipe) -> Callable[[Sequence[Row]], Bundle]:
    examiner: RowExaminer = recipe.made()
    return lambda rows: examiner.bundle(rows, pack=True)


def helper_that(script: str) -> Callable[[], subprocess.Popen[bytes]]:
    """Starts something that is no helper."""

    def start() -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        process = subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=-3, bufsize=0)
        STARTED.append(process)
        return process

    return start


def good_helper() -> subprocess.Popen[bytes]:
    STARTED.append(start_helper())
    return STARTED[-1]


@pytest.fixture(autouse=True)
def nobody_left() -> Iterator[None]:
    """Whatever happened, no process stays behind."""
    yield
    assert all(process.returncode is not None for process in STARTED)
    STARTED.clear()


def test_what_helpers_find_is_what_one_process_finds(recipe: Recipe, stretches: list[Stretch], alone) -> None:
    """Rule: all stretches, in order, each with the same bundle, whoever examined it."""
    crew = Crew(recipe, 2, good_helper, after=1)
    many = stretches * 8
    found = list(crew.examine(iter(many), alone, pack=True))
    assert [stretch for stretch, _ in found] == many
    expected = [alone([row for row in stretch if isinstance(row, Row)]) for stretch in stretches]
    for number, (_, bundle) in enumerate(found):
        assert plain(bundle) == plain(expected[number % len(expected)])
    assert len(STARTED) == 2


def test_a_helper_answers_with_the_bundle_that_its_rows_make(recipe: Recipe, stretches: list[Stretch], alone) -> None:
    """Rule: what comes back over the pipes is the bundle, to the last word of a problem."""
    given = [framed(marshal.dumps([(row.number, row.line, row.cells) for row in rows(one)])) for one in stretches[:3]]
    answers = io.BytesIO()
    serve(io.BytesIO(framed(pickled((recipe, True))) + b"".join(given)), answers)
    answers.seek(0)
    assert answers.read(LENGTH.size) == framed(b"")
    for stretch in stretches[:3]:
        (length,) = LENGTH.unpack(answers.read(LENGTH.size))
        values, cases, remarks = pickle.loads(answers.read(length))  # noqa: S301
        people, growers = marshal.loads(values)  # noqa: S302
        assert plain(Bundle(people, growers, cases, remarks)) == plain(alone(rows(stretch)))


def plain(bundle: Bundle) -> tuple[object, ...]:
    people, growers, cases, remarks = bundle
    return list(people), growers, list(cases), dict(remarks)


@pytest.mark.parametrize("how", BAD_HELPERS)
def test_a_helper_that_fails_costs_nothing_but_time(how: str, recipe: Recipe, stretches: list[Stretch], alone) -> None:
    """Rule: a helper that dies or talks nonsense, whenever it does, is let go; its rows are examined without it."""
    crew = Crew(recipe, 1, helper_that(BAD_HELPERS[how]), after=0, patience=0.3)
    found = list(crew.examine(iter(stretches * 3), alone, pack=True))
    assert [stretch for stretch, _ in found] == stretches * 3
    assert [plain(bundle) for _, bundle in found[:5]] == [plain(alone(rows(stretch))) for stretch in stretches[:5]]


def rows(stretch: Stretch) -> list[Row]:
    return [row for row in stretch if isinstance(row, Row)]


def test_where_no_process_can_be_started_one_does_it_all(recipe: Recipe, stretches: list[Stretch], alone) -> None:
    """Rule: no permission, no memory, no interpreter: the list is examined all the same."""

    def start() -> subprocess.Popen[bytes]:
        raise OSError("no process for you")

    found = list(Crew(recipe, 2, start, after=0).examine(iter(stretches), alone, pack=True))
    assert [stretch for stretch, _ in found] == stretches


def test_nobody_is_started_for_a_short_list(recipe: Recipe, stretches: list[Stretch], alone) -> None:
    """Rule: a helper takes longer to get ready than a short list takes."""
    assert len(list(Crew(recipe, 2, good_helper, after=99).examine(iter(stretches), alone, pack=True))) == len(
        stretches
    )
    assert not STARTED


def test_whoever_is_interrupted_leaves_nobody_behind(recipe: Recipe, stretches: list[Stretch], alone) -> None:
    """Rule: Ctrl-C in the middle, or an error of the list, ends the helpers too (the fixture looks)."""
    with closing(Crew(recipe, 1, good_helper, after=0).examine(iter(stretches * 9), alone, pack=True)) as found:
        next(found)
        assert STARTED[0].poll() is None

    def broken() -> Iterator[Stretch]:
        yield from stretches[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Crew(recipe, 1, good_helper, after=0).examine(broken(), alone, pack=True))


def test_a_helper_goes_when_its_parent_is_killed(recipe: Recipe) -> None:
    """Rule: with nobody at the other end of its pipes a helper ends by itself."""
    helper = start_helper()
    assert helper.stdin is not None
    assert helper.stdout is not None
    helper.stdin.close()
    assert helper.wait() == 0
    helper.stdout.close()


def test_an_error_of_the_examining_itself_is_told_here(recipe: Recipe, stretches: list[Stretch]) -> None:
    """Rule: what breaks for a row breaks in this process, where it becomes a sentence; never in silence."""

    def breaks(_rows: Sequence[Row]) -> Bundle:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(
            Crew(recipe, 1, helper_that(BAD_HELPERS["does not start"]), after=0).examine(
                iter(stretches), breaks, pack=False
            )
        )
