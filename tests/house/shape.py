"""Decides how a file of the house is built: small, introduced, nothing hidden in it."""

import ast
from collections.abc import Iterator

from tests.house.sources import FLOORS, Breach, Source, matches

FILE_LINES = 300
FUNCTION_LINES = 50
MODELS = ("*/models.py", "*/models/*.py")
# What furniture may be made of besides other furniture: pure files without a verb.
FURNITURE = ("compliance.addresses",)
_SIGNALS = ("django.dispatch", "django_fsm.signals", "import_export.signals")
_LOGGERS = {"_log", "log", "_logger", "logger", "logging"}
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def introduced(source: Source) -> Iterator[Breach]:
    """The first statement says what the file decides; an empty file says nothing."""
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield Breach(source.path, 1, "the first statement is a docstring that says what the file decides")


def small(source: Source) -> Iterator[Breach]:
    """Files and functions stay within their limits."""
    lines = len(source.text.splitlines())
    if lines > FILE_LINES:
        yield Breach(source.path, lines, f"{lines} lines; a file has at most {FILE_LINES}")
    for node in ast.walk(source.tree):
        if (
            isinstance(node, _FUNCTION)
            and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
        ):
            yield source.breach(node, f"{node.name} has {length} lines; a function has at most {FUNCTION_LINES}")


def open_imports(source: Source) -> Iterator[Breach]:
    """Imports stand at the top, where the plan can be read; also in apps and commands."""
    inner = (inside for node in ast.walk(source.tree) if isinstance(node, _FUNCTION) for inside in ast.walk(node))
    for node in {id(node): node for node in inner if isinstance(node, ast.Import | ast.ImportFrom)}.values():
        yield source.breach(node, "an import inside a function hides who calls whom")


def no_signals(source: Source) -> Iterator[Breach]:
    """News travels as rows, never by Django signal; Celery's may be wired in handoff.config."""
    for one in source.imports:
        parts = one.name.split(".")
        django_signal = one.name.startswith(_SIGNALS) or (parts[0] == "django" and "signals" in parts)
        celery_signal = one.name.startswith("celery.signals") and not matches(source.path, ("handoff/config/*.py",))
        if django_signal or celery_signal:
            yield source.breach(one.node, f"{one.name}: news travels as rows, not by signal")
    for node in ast.walk(source.tree):
        if isinstance(node, (*_FUNCTION, ast.ClassDef)) and any(
            _is_receiver(source, one) for one in node.decorator_list
        ):
            yield source.breach(node, "@receiver: news travels as rows, not by signal")


def _is_receiver(source: Source, decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return source.full_name(called).rpartition(".")[2] == "receiver"


def plain_models(source: Source) -> Iterator[Breach]:
    """Models override no save() and import no verb."""
    if not matches(source.path, MODELS):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            yield from (source.breach(one, "save() is not overridden") for one in node.body if _is_save(one))
    for one in source.imports:
        if one.name.startswith(tuple(f"{floor}." for floor in FLOORS)) and not _is_furniture(one.name):
            yield source.breach(one.node, f"{one.name} is a verb; models are furniture")


def _is_save(node: ast.stmt) -> bool:
    return isinstance(node, _FUNCTION) and node.name in {"save", "asave"}


def _is_furniture(name: str) -> bool:
    return name.split(".")[1] == "models" or name.startswith(FURNITURE)


def plain_records(source: Source) -> Iterator[Breach]:
    """The words of a log record are a constant, and what varies comes beside it; the linter knows no `_log`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _writes_record(node):
            words = node.args[1:2] if node.func.attr == "log" else node.args[:1]  # type: ignore[attr-defined]
            if not all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in words):
                yield source.breach(
                    node, "the words of a log record are a constant; what varies is handed in beside it"
                )


def _writes_record(call: ast.Call) -> bool:
    told = call.func
    if not isinstance(told, ast.Attribute) or told.attr not in _LEVELS:
        return False
    return isinstance(told.value, ast.Name) and told.value.id in _LOGGERS


EVERYWHERE = (introduced, small, open_imports)
ON_THE_FLOORS = (no_signals, plain_models, plain_records)
