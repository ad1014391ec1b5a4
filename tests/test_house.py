"""Sizes, import cycles, and that nothing a person can set or call is left undocumented."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import grimp
import pytest
from typer.main import get_command

from broadsheet.cli.table import app
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
    variable = "" if name in ("harvest", "oidc") else f"`{PREFIX}{name.upper()}`"
    in_file = "" if name == "home" else f"`{name}`"
    row = f"| {in_file} | {variable} | {field.metadata['help']} |"
    assert row in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (name, command), those of groups with the group's name before theirs."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command


COMMANDS = dict(_commands(get_command(app)))


def test_every_command_is_one_of_the_promised() -> None:
    assert set(COMMANDS) == {
        *("add", "harvest", "refresh", "search", "similar", "recommend", "paper", "export", "serve", "work"),
        *("front", "trending", "topics", "import", "submit"),
        *("reader add", "reader list", "reader role", "reader ban", "reader unban", "reader link"),
        *("follow", "digest", "hook add", "hook list", "hook test", "hook remove"),
        *("status", "doctor", "unmerge", "migrate", "backup", "restore"),
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented(name: str) -> None:
    command = COMMANDS[name]
    _, heading, rest = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").partition(f"\n### {name.split()[0]}\n")
    section = rest.partition("\n##")[0]
    assert heading
    assert f"broadsheet {name}" in section
    assert command.help
    assert "--json" in {option for parameter in command.params for option in parameter.opts}
    for parameter in command.params:
        if not parameter.hidden:
            assert parameter.help, f"{name} {parameter.name} has no help"
        if parameter.opts[0].startswith("--") and parameter.opts[0] != "--json" and not parameter.hidden:
            assert f"`{parameter.opts[0]}" in section or f"{parameter.opts[0]} " in section, parameter.opts[0]


ENGINE = {"numpy", "tantivy", "faiss"}
WEB = {"fastapi", "starlette", "uvicorn", "jinja2"}
SOURCES_ONLY = {"httpx", "lxml", "bibtexparser", "rispy"}
NEVER = {"scipy", "ir_measures", "torch", "tokenizers", "onnxruntime", "sentence_transformers"}

MAY_LOAD = {  # of the heavy modules, what each command may have loaded at its end
    "--help": set[str](),
    "status": {"sqlalchemy"},
    "submit 1706.03762": {"sqlalchemy"},
    "paper 1706.03762": {"sqlalchemy"},
    "export 1706.03762": {"sqlalchemy", "bibtexparser"},
    "front": {"sqlalchemy"} | ENGINE,
    "trending": {"sqlalchemy"} | ENGINE,
    "search attention": {"sqlalchemy"} | ENGINE,
    "similar 1706.03762": {"sqlalchemy"} | ENGINE,
    "refresh": {"sqlalchemy"} | ENGINE,
}
SHOW_LOADED = """
import sys
from broadsheet.cli import main
try:
    main(sys.argv[2:])
except SystemExit as ended:
    assert ended.code == 0, ended.code
print("LOADED", *set(sys.argv[1].split(",")) & set(sys.modules))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one paper, indexed."""
    folder = tmp_path_factory.mktemp("home")
    file = folder / "one.jsonl"
    file.write_text('{"id": "1706.03762", "title": "Attention Is All You Need", "date": "2017-06-12"}\n')
    loaded_by(f"add {file}", folder)
    return folder


def loaded_by(command: str, home: Path) -> set[str]:
    watched = ",".join({"sqlalchemy"} | ENGINE | WEB | SOURCES_ONLY | NEVER)
    done = subprocess.run(
        [sys.executable, "-c", SHOW_LOADED, watched, *command.split()],
        env={**os.environ, "BROADSHEET_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("command", MAY_LOAD)
def test_command_loads_only_what_it_needs(command: str, home: Path) -> None:
    assert loaded_by(command, home) <= MAY_LOAD[command]
