"""Decides where clock, mail, state and pen are kept, and finds them elsewhere."""

import ast
from collections.abc import Callable, Iterator

from tests.house.sources import Breach, Source, matches

Rule = Callable[[Source], Iterator[Breach]]

CLOCK = "compliance.clock"
LEASE_CLOCK = "compliance.clock.lease_clock"
# The edges: what a person, a scheduler or another machine calls, and what hands the moment on as `at`.
EDGES = (
    "*/tasks.py",
    "*/views.py",
    "*/views/*.py",
    "*/admin*.py",
    "*/admin/*.py",
    "*/api.py",
    "*/api/*.py",
    # The middleware that writes down who looked at what.
    "compliance/watching.py",
    "*/management/commands/*.py",
    "handoff/config/*.py",
    "handoff/dashboard.py",
    "handoff/factor_forms.py",
    "handoff/factors.py",
    "handoff/rounds.py",
    "sequences/inbound/imap.py",
    "sequences/inbound/webhooks.py",
)
# Who may know what a try ended in, as types, without being able to make one.
READERS_OF_SMTP = ("sequences/sender.py", "sequences/settling.py")
LEASES = (
    "sequences/sender.py",
    "compliance/canary.py",
    "compliance/keeper.py",
    "compliance/rules_standing.py",
    # Signs of life of the hosts that keep a journal.
    "compliance/following.py",
    "compliance/attending.py",
)
PEN = (
    "compliance/audit.py",
    "compliance/sealer.py",
    "compliance/timeline.py",
    "compliance/admin*.py",
    "compliance/admin/*.py",
    "compliance/models/*.py",
)
LEVER = ("compliance/transitions.py",)

_READ = {"now", "today", "utcnow"}
_READ_IN_FULL = {"time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "django.db.models.functions.Now"}
_READ_WITHOUT_ARGUMENT = {"localtime", "localdate", "gmtime", "ctime", "formatdate"}
_MOMENT = {"value", "timeval", "secs"}
_READ_BY_COLUMN = {"auto_now", "auto_now_add"}
_STATES = {"state", "stage"}


def clock(source: Source) -> Iterator[Breach]:
    """Only compliance.clock reads the clock; only edges ask it; the sender asks it for leases alone."""
    if source.path == "compliance/clock.py":
        return
    for one in source.imports:
        if not one.name.startswith(CLOCK) and (one.name in _READ_IN_FULL or one.name.rpartition(".")[2] in _READ):
            yield source.breach(one.node, f"{one.name} reads the clock; take the moment as `at`")
        if one.name.startswith(CLOCK) and not _may_ask(source.path, one.name):
            yield source.breach(one.node, f"{one.name} is asked at the edge only; take the moment as `at`")
    for node in ast.walk(source.tree):
        if _reads_clock(source, node):
            yield source.breach(node, "reads the clock; take the moment as `at`")


def _may_ask(path: str, name: str) -> bool:
    return matches(path, EDGES) or (matches(path, LEASES) and name in {CLOCK, LEASE_CLOCK})


def _reads_clock(source: Source, node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        name = source.full_name(node)
        if name.startswith(f"{CLOCK}.") and matches(source.path, LEASES):
            return name != LEASE_CLOCK
        return not name.startswith(f"{CLOCK}.") and (node.attr in _READ or name in _READ_IN_FULL)
    if isinstance(node, ast.Call):
        called = source.full_name(node.func).rpartition(".")[2]
        bare = not node.args and not any(key.arg in _MOMENT for key in node.keywords)
        return (bare and called in _READ_WITHOUT_ARGUMENT) or any(key.arg in _READ_BY_COLUMN for key in node.keywords)
    return False


def mail(source: Source) -> Iterator[Breach]:
    """smtplib lives in sequences.smtp; django.core.mail and sequences.smtp are spoken to by sequences.transport."""
    for one in source.imports:
        home = _home_of_mail(one.name)
        if home and not matches(source.path, home) and not _is_type(source.path, one.name):
            yield source.breach(one.node, f"{one.name} is spoken to by {' and '.join(home)} only")


def _home_of_mail(name: str) -> tuple[str, ...]:
    homes = {
        # The demo's recipients have mail programmes of their own.
        "smtplib": ("sequences/smtp.py", "handoff/demo/recipients.py"),
        "django.core.mail": ("sequences/transport.py",),
        "sequences.smtp": ("sequences/transport.py",),
    }
    return next((home for thing, home in homes.items() if f"{name}.".startswith(f"{thing}.")), ())


def _is_type(path: str, name: str) -> bool:
    module, _dot, last = name.rpartition(".")
    return path in READERS_OF_SMTP and module == "sequences.smtp" and last[:1].isupper()


def state(source: Source) -> Iterator[Breach]:
    """A state or stage changes through compliance.transitions.move() and no other way."""
    if matches(source.path, LEVER):
        return
    for node in ast.walk(source.tree):
        assigned = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in _STATES
        if assigned or (isinstance(node, ast.Call) and _writes_state(node)):
            yield source.breach(node, "a state is changed by compliance.transitions.move() only")


def _writes_state(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {key.arg: key.value for key in call.keywords}
    if name in {"setattr", "__setattr__"}:
        return bool(_STATES & _texts(*call.args))
    if name in {"update", "aupdate"}:
        return bool(_STATES & set(given)) or bool(None in given and _STATES & _texts(given[None]))
    if name in {"bulk_update", "abulk_update"}:
        return bool(_STATES & _texts(*call.args, *given.values()))
    written = ("defaults", "update_fields") if name in {"update_or_create", "aupdate_or_create"} else ("update_fields",)
    return any(_STATES & _texts(given[key]) for key in written if key in given)


def _texts(*nodes: ast.expr) -> set[str]:
    return {
        one.value
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def pen(source: Source) -> Iterator[Breach]:
    """AuditEntry is written by compliance.audit.record() and read by sealer and admin; nobody else holds it."""
    if matches(source.path, PEN):
        return
    for one in source.imports:
        if one.name.endswith(".AuditEntry"):
            yield source.breach(one.node, "the audit log is written by compliance.audit.record() only")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == "AuditEntry":
            yield source.breach(node, "the audit log is written by compliance.audit.record() only")
        if isinstance(node, ast.Call) and _fetches_model(node, "auditentry"):
            yield source.breach(node, "the audit log is written by compliance.audit.record() only")


def _fetches_model(call: ast.Call, model: str) -> bool:
    named = isinstance(call.func, ast.Attribute) and call.func.attr == "get_model"
    return named and any(text.lower().rpartition(".")[2] == model for text in _texts(*call.args))


RULES: tuple[Rule, ...] = (clock, mail, state, pen)
