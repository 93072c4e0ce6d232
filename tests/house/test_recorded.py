"""Whoever changes something for somebody writes down who: each verb that is told `by` comes to the pen (LAW AUD-03).

Followed by name through the files, as far as a function calls another one that can be read here.
"""

import ast
from collections.abc import Iterable, Mapping

import pytest

from tests.house.sources import FLOORS, Source, python_files, read

PEN = {"compliance.audit.record", "compliance.audit.record_all"}
# What is told who asks and changes nothing that the log would hold, and why.
EXCUSED = {
    "compliance.acts.perform": "hands on to the verb of the act, which is among these",
    "compliance.host_stop.place": "writes a file on the host when the database does not answer",
    "compliance.hosts.objections": "only says what stands against it",
    "compliance.roster.objections": "only says what stands against it",
    "sequences.approval.write_signature": "part of an arrow, which is recorded",
    "sequences.showing.recipients": "only shows",
    "sequences.showing.text": "only shows",
}

Calls = Mapping[str, set[str]]


def _module(source: Source) -> str:
    return source.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _functions(source: Source) -> Iterable[ast.FunctionDef]:
    return (node for node in source.tree.body if isinstance(node, ast.FunctionDef))


def _calls(sources: Iterable[Source]) -> Calls:
    """{function: every name in it, in full}."""
    found = {}
    for source in sources:
        here = {node.name for node in source.tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for function in _functions(source):
            names = {source.full_name(one) for one in ast.walk(function) if isinstance(one, ast.Name | ast.Attribute)}
            module = _module(source)
            found[f"{module}.{function.name}"] = {f"{module}.{name}" if name in here else name for name in names}
    return found


def _verbs(sources: Iterable[Source]) -> list[str]:
    return [
        f"{_module(source)}.{function.name}"
        for source in sources
        for function in _functions(source)
        if any(one.arg == "by" for one in function.args.kwonlyargs)
    ]


def _comes_to_the_pen(name: str, calls: Calls, seen: set[str]) -> bool:
    if name in PEN:
        return True
    if name in seen:
        return False
    seen.add(name)
    return any(_comes_to_the_pen(one, calls, seen) for one in calls.get(name, ()))


def silent(sources: Iterable[Source]) -> list[str]:
    """The verbs that are told who acts and write it down nowhere."""
    sources = list(sources)
    calls = _calls(sources)
    return [verb for verb in _verbs(sources) if not _comes_to_the_pen(verb, calls, set())]


def test_every_verb_writes_down_who() -> None:
    assert sorted(silent(map(read, python_files(*FLOORS)))) == sorted(EXCUSED)


HANDED_ON = """
from compliance import audit
def remove(row, *, by, at):
    _remove(row, by)
def _remove(row, by):
    {last}
"""


@pytest.mark.parametrize(
    ("last", "found"), [("audit.record('removed', row, by=by)", []), ("row.delete()", ["handoff.removing.remove"])]
)
def test_one_that_does_not_is_found(last: str, found: list[str]) -> None:
    assert silent([Source("handoff/removing.py", HANDED_ON.format(last=last))]) == found
