"""Decides who may touch the stage of a lead: arrows are taken by handoff.ladder, leads begin in handoff.classifying."""

import ast
from collections.abc import Iterator, Mapping

from tests.house.places import Rule
from tests.house.sources import Breach, Source

LADDER = "handoff/ladder.py"
BEGINS = {"handoff/classifying.py": ("entering_round", "enter")}
MOVE = "compliance.transitions.move"
_MAKE = {"create", "acreate", "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"}
_SUSPECT = {"", "Lead"}
_TYPES = {"list", "Sequence", "Collection", "Iterable"}


def begins(source: Source) -> Iterator[Breach]:
    """Nobody makes a lead, or names its first stage, but where contacts enter the ladder."""
    home = {id(node) for one in ast.walk(source.tree) if _is_home(source, one) for node in ast.walk(one)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _makes_a_lead(node) and id(node) not in home:
            yield source.breach(node, "leads are made by handoff.classifying only, where contacts enter")


def moves(source: Source) -> Iterator[Breach]:
    """Only handoff.ladder hands a lead to move(); everywhere else on that floor it can be read what is moved."""
    if source.path == LADDER or not source.path.startswith("handoff/"):
        return
    functions = [node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        models = _models(function)
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and source.full_name(call.func) == MOVE and _moved(call, models) in _SUSPECT:
                yield source.breach(call, "leads are moved by handoff.ladder only; say by a type what this moves")


def _is_home(source: Source, node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name in BEGINS.get(source.path, ())


def _makes_a_lead(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id == "Lead"
    if not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr == "Lead" or (call.func.attr in _MAKE and _manager_of(call.func.value) == "Lead")


def _moved(call: ast.Call, models: Mapping[str, str]) -> str:
    return models.get(_name(call.args[0]), "") if call.args else ""


def _models(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Mapping[str, str]:
    """{name: model}, as far as an annotation or the query it comes from says so."""
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    found = {one.arg: _annotated(one.annotation) for one in arguments if one.annotation}
    for node in ast.walk(function):
        if isinstance(node, ast.For):
            found[_name(node.target)] = _manager_of(node.iter)
        if isinstance(node, ast.Assign):
            found |= {_name(target): _manager_of(node.value) for target in node.targets}
        if isinstance(node, ast.AnnAssign):
            found[_name(node.target)] = _annotated(node.annotation)
    return found


def _annotated(node: ast.expr | None) -> str:
    if isinstance(node, ast.Subscript) and _name(node.value) in _TYPES:
        return _annotated(node.slice)
    return _name(node) if node else ""


def _manager_of(node: ast.expr) -> str:
    """`Task.objects.filter(…).order_by(…)[:5]` → Task; also within list(…)."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager"):
            return _name(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            node = node.args[0]
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return ""
    return ""


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


RULES: tuple[Rule, ...] = (begins, moves)
