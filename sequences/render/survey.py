"""Decides which variables a wording needs, and refuses every expression that could fail or fall silent at send time.

A variable is optional where its author has said what happens without it: by `| default: "…"` or `{% if x %}` around it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.arguments import PositionalArgument
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.logical import (
    BooleanExpression,
    ContainsExpression,
    EqExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import IntegerLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression

from .flaws import Flaw, Source, WordingError
from .grammar import FOR_TEXT, Tag
from .values import holds_link

_BARE_FILTERS = {"upcase", "downcase", "capitalize", "strip", "escape"}
_LONGEST_CUT = 1_000
_NOTHING: frozenset[str] = frozenset()


@dataclass
class Survey:
    """What one part uses: `seen` all variables, `needed` those without a stated alternative."""

    source: Source
    allowed: frozenset[str]
    seen: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)

    def walk(self, nodes: Iterable[Node], given: frozenset[str] = _NOTHING) -> None:
        """Check nodes in order; `given` are the variables known to have a value here."""
        for node in nodes:
            if isinstance(node, OutputNode):
                self._output(node.expression, given)
            elif isinstance(node, IfNode | UnlessNode):
                self._choice(node, given)

    def _choice(self, node: IfNode | UnlessNode, given: frozenset[str]) -> None:
        holds = given | self._condition(node.condition, given)
        fails = given
        if isinstance(node, UnlessNode):
            holds, fails = fails, holds
        self.walk(node.consequence.nodes, holds)
        for branch in node.alternatives:
            self.walk(branch.block.nodes, fails | self._condition(branch.expression, fails))
        if node.default:
            self.walk(node.default.nodes, fails)

    def _condition(self, expression: Expression, given: frozenset[str]) -> frozenset[str]:
        """The variables that have a value when the condition holds."""
        if isinstance(expression, BooleanExpression):
            return self._condition(expression.expression, given)
        if isinstance(expression, Path):
            return frozenset({self._name(expression)})
        if isinstance(expression, LogicalAndExpression | LogicalOrExpression):
            left, right = (self._condition(side, given) for side in (expression.left, expression.right))
            return left | right if isinstance(expression, LogicalAndExpression) else left & right
        if isinstance(expression, EqExpression | NeExpression | ContainsExpression):
            self._comparison(expression, given)
            return _NOTHING
        raise self._flaw(expression, Flaw.BAD_EXPRESSION, "test a variable, or compare it with a text")

    def _comparison(self, expression: EqExpression | NeExpression | ContainsExpression, given: frozenset[str]) -> None:
        if not isinstance(expression.left, Path) or not isinstance(expression.right, StringLiteral):
            raise self._flaw(expression, Flaw.BAD_EXPRESSION, "compare a variable with a text in quotes")
        self._need(self._name(expression.left), given)

    def _output(self, expression: Expression, given: frozenset[str]) -> None:
        if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
            raise self._flaw(expression, Flaw.BAD_EXPRESSION, "show a variable")
        name = self._name(expression.left)
        filters = expression.filters or []
        if filters and holds_link(name):
            raise self._flaw(expression, Flaw.FILTERED_URL, f"{name} is a link and takes no filter")
        for one in filters:
            self._filter(one, given)
        if not any(one.name == "default" for one in filters):
            self._need(name, given)

    def _filter(self, one: Filter, given: frozenset[str]) -> None:
        arguments = [argument.value for argument in one.args if isinstance(argument, PositionalArgument)]
        if len(arguments) != len(one.args):
            raise self._flaw(one, Flaw.BAD_ARGUMENT, f"{one.name!r} takes no named argument")
        if one.name == "default":
            self._fallback(one, arguments, given)
        elif one.name == "truncate":
            self._cut(one, arguments)
        elif one.name not in _BARE_FILTERS:
            raise self._flaw(one, Flaw.UNKNOWN_FILTER, f"unknown filter {one.name!r}")
        elif arguments:
            raise self._flaw(one, Flaw.BAD_ARGUMENT, f"{one.name!r} takes no argument")

    def _fallback(self, one: Filter, arguments: Sequence[Expression], given: frozenset[str]) -> None:
        if len(arguments) == 1 and isinstance(arguments[0], Path):
            self._need(self._name(arguments[0]), given)
            return
        if len(arguments) != 1 or not isinstance(arguments[0], StringLiteral):
            raise self._flaw(one, Flaw.BAD_ARGUMENT, "'default' takes one text in quotes, or a variable")
        if not arguments[0].value.strip():
            raise self._flaw(one, Flaw.BLANK_DEFAULT, "a default says something; use {% if %} to say nothing")

    def _cut(self, one: Filter, arguments: Sequence[Expression]) -> None:
        length, end = (*arguments, None, None)[:2]
        if len(arguments) > 2 or not isinstance(length, IntegerLiteral):
            raise self._flaw(one, Flaw.BAD_ARGUMENT, "'truncate' takes a number, and perhaps an ending in quotes")
        if end is not None and not isinstance(end, StringLiteral):
            raise self._flaw(one, Flaw.BAD_ARGUMENT, "'truncate' takes its ending in quotes")
        if not len(end.value if end else "...") < length.value <= _LONGEST_CUT:
            raise self._flaw(one, Flaw.BAD_ARGUMENT, f"'truncate' takes a number up to {_LONGEST_CUT}")

    def _need(self, name: str, given: frozenset[str]) -> None:
        if name not in given:
            self.needed.add(name)

    def _name(self, path: Path) -> str:
        name = ".".join(str(segment) for segment in path.path)
        if name not in self.allowed:
            raise self._flaw(path, Flaw.UNKNOWN_VARIABLE, f"unknown variable {name[:80]!r}")
        self.seen.add(name)
        return name

    def _flaw(self, at: Expression | Filter, code: Flaw, message: str) -> WordingError:
        return self.source.flaw(at.token.start_index, code, message)


def survey(source: Source, tags: Sequence[Tag], *, allowed: frozenset[str]) -> Survey:
    """Parse and check one part. Raises WordingError."""
    found = Survey(source, allowed)
    found.walk(_parse(source, tags))
    return found


def refuse_silence(source: Source, spoken: str) -> None:
    """Refuse a part that says nothing, or nothing to some people. `spoken` is its Liquid without any markup."""
    if not _speaks(FOR_TEXT.from_string(spoken).nodes):
        raise source.flaw(0, Flaw.MAY_BE_BLANK if "{%" in spoken else Flaw.EMPTY, f"the {source.part} may be blank")


def _parse(source: Source, tags: Sequence[Tag]) -> list[Node]:
    try:
        return FOR_TEXT.from_string(source.text).nodes
    except LiquidError as error:
        index = error.token.start_index if error.token else -1
        raise source.flaw(index if index >= 0 else _blamed(tags), Flaw.BAD_EXPRESSION, str(error.message)) from error


def _blamed(tags: Sequence[Tag]) -> int:
    """The first tag that does not parse by itself: Liquid gives no place for an expression that ends early."""
    return next((tag.start for tag in tags if not _parses(tag)), 0)


def _parses(tag: Tag) -> bool:
    alone = tag.text
    if tag.controls:
        alone = f"{{% if {tag.text[2:-2].strip().removeprefix(tag.word)} %}}{{% endif %}}"
    try:
        FOR_TEXT.from_string(alone)
    except LiquidError:
        return tag.controls and tag.word in {"else", "endif", "endunless"}
    return True


def _speaks(nodes: Iterable[Node]) -> bool:
    """Whether something visible is said whatever the values are."""
    return any(_node_speaks(node) for node in nodes)


def _node_speaks(node: Node) -> bool:
    if isinstance(node, ContentNode):
        return bool(node.text.strip())
    if not isinstance(node, IfNode | UnlessNode):
        return isinstance(node, OutputNode)
    blocks = [node.consequence, *(branch.block for branch in node.alternatives)]
    return node.default is not None and all(_speaks(block.nodes) for block in [*blocks, node.default])
