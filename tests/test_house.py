"""Sizes, import cycles, and that nothing a person can set or call is left undocumented."""

from __future__ import annotations

import ast
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median, quantiles

import grimp
import pytest

from broadsheet.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "broadsheet").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FUNCTIONS = [
    (node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    for path in SOURCES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
]


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_under_500_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 500


def test_functions_are_short() -> None:
    lengths = [length for length, _ in FUNCTIONS]
    assert not [name for length, name in FUNCTIONS if length > 60]
    assert quantiles(lengths, n=10)[8] < 25
    assert median(lengths) <= 7


def test_no_import_cycle() -> None:
    graph = grimp.build_graph("broadsheet", cache_dir=None, exclude_type_checking_imports=True)
    graph.remove_module("broadsheet")  # its Library is imported at first use, which grimp cannot see
    TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_setting_is_documented(name: str) -> None:
    (field,) = (field for field in fields(Settings) if field.name == name)
    variable = "" if name == "harvest" else f"`{PREFIX}{name.upper()}`"
    in_file = "" if name == "home" else f"`{name}`"
    row = f"| {in_file} | {variable} | {field.metadata['help']} |"
    assert row in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
