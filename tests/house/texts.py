"""Decides what no text of the project may say: paths of one machine, addresses in a lock file, an unnamed setting."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import Breach, Source

_MACHINE = re.compile(r"(?:(?<![\w.~/:-])|(?<=://)|(?<=:///))/(?:work|root|home)(?![\w-])")
_ADDRESS = re.compile(r"://|\s@\s|^\s*(?:--(?:extra-)?index-url|--find-links|-[if]\b)")
_NAMED = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def machine_paths(path: str, text: str) -> Iterator[Breach]:
    """No text of the project names a folder of the machine it was written on."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _MACHINE.search(line):
            yield Breach(path, number, f"{line[found.start() :][:40]!r} is a path of one machine")


def lock_addresses(path: str, text: str) -> Iterator[Breach]:
    """A lock file says what and which hash, never from where."""
    for number, line in enumerate(text.splitlines(), 1):
        if _ADDRESS.search(line):
            yield Breach(path, number, "a lock file holds no address")


def pins(text: str) -> set[str]:
    """`name==version` of every package in a lock file."""
    return set(re.findall(r"^([^\s#=]+==[^\s;]+)", text, re.MULTILINE))


def settings_read(source: Source) -> set[str]:
    """Names of the variables a settings file takes from `env`."""
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and node.args)
    asked = (call.args[0] for call in calls if source.full_name(call.func).startswith("env."))
    return {name.value for name in asked if isinstance(name, ast.Constant) and isinstance(name.value, str)}


def settings_named(text: str) -> set[str]:
    """Names of the variables an example of `.env` shows, commented out or not."""
    return set(_NAMED.findall(text))
