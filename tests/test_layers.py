"""The rules of the house that an import graph or a syntax tree can show. `print` is ruff's (T20)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application import use_cases

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "broadsheet"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

Finder = Callable[[ast.AST], Iterator[ast.AST]]

_SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|(CREATE|DROP|ALTER)\s+\w+\s)", re.S
)
_HTML = re.compile(
    r"</?(a|b|body|br|button|div|em|form|h[1-6]|head|html|i|li|link|main|mark|p|script|span|strong|style|table|td|tr|ul)\b[^<]*>"
)
_MATHML = re.compile(r"</?(math|mi|mo|mn|mrow|mtext|semantics)\b[^<]*>")


def imported(*names: str) -> Finder:
    """Find imports of these modules or anything inside them."""

    def find(tree: ast.AST) -> Iterator[ast.AST]:
        for node in ast.walk(tree):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            if any(module == name or module.startswith(name + ".") for module in modules for name in names):
                yield node

    return find


def literals(pattern: re.Pattern[str]) -> Finder:
    """Find string literals, docstrings apart, that match."""

    def find(tree: ast.AST) -> Iterator[ast.AST]:
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in prose and pattern.search(str(getattr(node, "value", ""))):
                yield node

    return find


def wall_clock(tree: ast.AST) -> Iterator[ast.AST]:
    """Find readings of the present time, under whatever name they were imported."""
    clocks = {"datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"}
    clocks |= {"time.time", "time.time_ns", "time.localtime", "time.gmtime"}
    names = dict(_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and _full_name(node, names) in clocks:
            yield node


def unseeded(tree: ast.AST) -> Iterator[ast.AST]:
    """Find random generators made without a seed."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or node.args or node.keywords:
            continue
        if ast.unparse(node.func).rpartition(".")[2] in {"Random", "default_rng", "RandomState"}:
            yield node


def coroutines(tree: ast.AST) -> Iterator[ast.AST]:
    """Find asynchronous functions."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef))


def _names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _full_name(node: ast.AST, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_full_name(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


@dataclass(frozen=True)
class Rule:
    """What is kept in which rooms (beginnings of paths below broadsheet/), how to find it, and code that breaks it."""

    name: str
    rooms: tuple[str, ...]
    find: Finder
    breach: str

    def __str__(self) -> str:
        return self.name

    def allows(self, module: str) -> bool:
        return module.startswith(self.rooms)


NETWORK = (
    "httpx",
    "httpx2",
    "urllib.request",
    "http.client",
    "requests",
    "aiohttp",
    "smtplib",
    "aiosmtplib",
    "imaplib",
    "ftplib",
)
ENGINE = ("index/", "rank/", "encode/", "scale/", "training/", "evaluation/")

RULES = (
    Rule(
        "SQL libraries",
        ("store/",),
        imported("sqlalchemy", "sqlite3", "psycopg", "alembic"),
        "from sqlalchemy import text",
    ),
    Rule("SQL", ("store/",), literals(_SQL), "query = 'SELECT title FROM papers WHERE id = 1'"),
    Rule(
        "connections", ("sources/", "encode/", "mail/", "server/oidc.py"), imported(*NETWORK), "import urllib.request"
    ),
    Rule("HTML", ("text/markdown.py", "text/latex.py", "sources/"), literals(_HTML), "page = '<p class=\"x\">' + text"),
    Rule("MathML", ("text/latex.py",), literals(_MATHML), "formula = f'<math>{x}</math>'"),
    Rule(
        "the clock",
        ("__init__.py", "jobs.py", "app.py", "server/", "cli/"),
        wall_clock,
        "from datetime import date as D\nD.today()",
    ),
    Rule("numpy", ENGINE, imported("numpy"), "from numpy import array"),
    Rule("randomness", ("training/", "evaluation/"), imported("random", "numpy.random"), "import random"),
    Rule("unseeded randomness", (), unseeded, "import random\nrandom.Random()"),
    Rule("coroutines", ("app.py", "server/", "mail/"), coroutines, "async def page(): ..."),
)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_is_kept_in_its_rooms(rule: Rule) -> None:
    found = [
        f"broadsheet/{module}:{getattr(node, 'lineno', 0)}: {ast.unparse(node)[:80]}"
        for module in MODULES
        if not rule.allows(module)
        for node in rule.find(ast.parse((PACKAGE / module).read_text(encoding="utf-8")))
    ]
    assert not found, f"{rule} belongs to {', '.join(rule.rooms) or 'nobody'}:\n" + "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rule_can_be_broken(rule: Rule) -> None:
    assert list(rule.find(ast.parse(rule.breach)))


def test_imports_go_down_only(capsys: pytest.CaptureFixture[str]) -> None:
    configuration.configure()
    kept = use_cases.lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None)
    assert kept, capsys.readouterr().out
