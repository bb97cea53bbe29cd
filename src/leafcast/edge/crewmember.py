"""A helper of `edge/crew`: a process that examines rows which it is given, until nobody gives it any more."""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import sys
from typing import BinaryIO

from leafcast.decide.bundles import Bundle
from leafcast.edge.crewtalk import LENGTH, framed, pickled
from leafcast.model import Row


def serve(rows: BinaryIO, answers: BinaryIO) -> None:
    """Answer with a bundle for each handful of rows, in order, to the end of the stream."""
    recipe, pack = pickle.loads(_read(rows))  # noqa: S301 - what our own parent process says
    examiner = recipe.made()
    gc.freeze()  # all of this stays: the collector need not look at it again
    _send(answers, b"")
    while given := _read(rows):
        bundle = examiner.bundle([Row(*row) for row in marshal.loads(given)], pack=pack)  # noqa: S302
        _send(answers, _written(bundle))


def _written(bundle: Bundle) -> bytes:
    """A bundle on its way: the many plain values in the quickest form, the few others in the usual one."""
    values = marshal.dumps((list(bundle.people), bundle.growers))
    return pickled((values, bundle.cases, bundle.remarks))


def _read(stream: BinaryIO) -> bytes:
    head = stream.read(LENGTH.size)
    return stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""


def _send(stream: BinaryIO, message: bytes) -> None:
    stream.write(framed(message))
    stream.flush()


def main() -> None:
    """Serve standard input and output; whatever else is written goes nowhere."""
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        try:
            serve(sys.stdin.buffer, answers)
        except (BrokenPipeError, EOFError):
            return  # whoever asked is gone


if __name__ == "__main__":
    main()
