"""Write the tables of README.md that the program itself knows: commands, options, keys of the campaign file.

`make docs` runs it; tests/docs compares the result with the README.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, get_origin

from typer.main import get_command

from leafcast.cli.main import app
from leafcast.decide.reference import reference

README = Path(__file__).parent.parent / "README.md"


def main() -> None:
    """Refresh the README in place."""
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")


def refreshed(text: str) -> str:
    """The same page with every made part made anew. Raises ValueError where its markers are missing."""
    for name, make in PARTS.items():
        part = re.compile(rf"(<!-- {name}:[^\n]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = part.search(text)
        if found is None:
            raise ValueError(f"README.md has no part <!-- {name}: … --> to <!-- /{name} -->")
        text = f"{text[: found.start()]}{found[1]}\n{make()}\n\n{found[2]}{text[found.end() :]}"
    return text


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words (`links list`), in the order of `--help`."""
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {word}", one) for word, one in inner.items())


def command_table() -> str:
    """Each command with the first paragraph of its help."""
    rows = (f"| `leafcast {_usage(name, command)}` | {_first_paragraph(command)} |" for name, command in commands())
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows])


def option_table() -> str:
    """Each option with its help and the commands that have it."""
    owners: dict[str, list[str]] = {}
    helps: dict[str, str] = {}
    for name, command in commands():
        for option in _parameters(command, "option"):
            words = _option_words(option)
            owners.setdefault(words, []).append(name)
            helps[words] = option.help + _default(option)
    everybody = len(list(commands()))
    rows = (
        f"| `{words}` | {helps[words]} | {'all' if len(names) == everybody else ', '.join(names)} |"
        for words, names in sorted(owners.items(), key=lambda item: (-len(item[1]), item[0]))
    )
    return "\n".join(["| option | what it does | commands |", "| --- | --- | --- |", *rows])


def _usage(name: str, command: Any) -> str:
    arguments = (
        argument.metavar if argument.required else f"[{argument.metavar.strip('[]')}]"
        for argument in _parameters(command, "argument")
    )
    return " ".join([name, *arguments])


def _option_words(option: Any) -> str:
    flags = ", ".join(option.opts)
    if option.is_flag:
        return flags
    annotation = option.type_descriptor.annotation
    kind = get_origin(annotation) or annotation  # `list[str]` is no class from Python 3.13 on
    choices = "/".join(kind) if issubclass(kind, StrEnum) else "N"
    return f"{flags} {option.metavar or choices}"


def _default(option: Any) -> str:
    value = option.show_default if isinstance(option.show_default, str) else option.default
    if value is None or value is False:
        return ""
    return f" Default: `{f'{value:g}' if isinstance(value, float) else value}`."


def _parameters(command: Any, kind: str) -> Iterator[Any]:
    return (parameter for parameter in command.params if parameter.param_type_name == kind)


def _first_paragraph(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": command_table,
    "options": option_table,
    "keys": lambda: reference().rstrip("\n"),
}

if __name__ == "__main__":
    main()
