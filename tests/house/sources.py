"""Decides what a project file is, and which full name an expression in it stands for."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
FLOORS = ("handoff", "sequences", "compliance")


@dataclass(frozen=True)
class Breach:
    """One line that breaks a rule of the house."""

    path: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.says}"


@dataclass(frozen=True)
class Import:
    """One imported name: `name` in full, `alias` as the file calls it, `node` where it stands."""

    name: str
    alias: str
    node: ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the project."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> list[Import]:
        return [one for node in ast.walk(self.tree) for one in self._imports(node)]

    @cached_property
    def aliases(self) -> dict[str, str]:
        return {one.alias: one.name for one in self.imports}

    def full_name(self, node: ast.expr) -> str:
        """`timezone.now` → `django.utils.timezone.now`; empty when the expression is not a plain dotted name."""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.full_name(node.value)}.{node.attr}"
        return ""

    def breach(self, node: ast.AST, says: str) -> Breach:
        return Breach(self.path, getattr(node, "lineno", 1), says)

    def _imports(self, node: ast.AST) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for one in node.names:
                first = one.name.partition(".")[0]
                yield Import(one.name, one.asname or first, node)
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield Import(f"{self._base(node)}.{one.name}", one.asname or one.name, node)

    def _base(self, node: ast.ImportFrom) -> str:
        here = PurePosixPath(self.path).parent.parts
        above = here[: len(here) - node.level + 1] if node.level else ()
        return ".".join((*above, *(node.module or "").split("."))).rstrip(".")


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether the path is one of the patterns (`*` stands for one part of a path, `**` for any number)."""
    return any(_fits(PurePosixPath(path).parts, PurePosixPath(pattern).parts) for pattern in patterns)


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[skip:], pattern[1:]) for skip in range(len(parts) + 1))
    return bool(parts) and PurePosixPath(parts[0]).match(pattern[0]) and _fits(parts[1:], pattern[1:])


def project_files() -> list[str]:
    """Every file of the project as it would be committed."""
    # A checkout that belongs to somebody else is still a checkout.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({path for path in listed if (ROOT / path).is_file()})


def python_files(*folders: str) -> list[str]:
    """Python files in these folders and `manage.py`, without migrations; all of them when no folder is named."""
    files = [path for path in project_files() if path.endswith(".py") and "/migrations/" not in path]
    return [
        path for path in files if not folders or path == "manage.py" or path.startswith(tuple(f"{f}/" for f in folders))
    ]


def read(path: str) -> Source:
    return Source(path, (ROOT / path).read_text(encoding="utf-8"))
