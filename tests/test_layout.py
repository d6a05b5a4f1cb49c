"""The shape of the source: sizes, docstrings, and what must not be in it."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40

# Folders of the machine a file was written on, addresses of package indexes, unfinished work.
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:home|root|Users|tmp)/"
    r"|index-url\s*=|https?://(?:pypi|registry|files)[.]"
    r"|\b(?:TO[D]O|FIX[M]E|X{3}|HA[C]K)\b"
)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def project_files() -> list[Path]:
    """What git keeps or would keep; without git, the folders that hold our own text."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [*python_files("src", "tests"), *sorted((ROOT / "docs").rglob("*.md"))]
    return sorted(path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_overload(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(ast.unparse(decorator).endswith("overload") for decorator in decorators)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_below_cli(path: Path) -> bool:
    return "cli" not in path.relative_to(ROOT / "src" / "orderof").parts


sources = pytest.mark.parametrize("path", python_files("src"), ids=name_of)
sources_below_cli = pytest.mark.parametrize(
    "path", [path for path in python_files("src") if is_below_cli(path)], ids=name_of
)
sources_and_tests = pytest.mark.parametrize("path", python_files("src", "tests"), ids=name_of)


@sources_and_tests
def test_files_are_short(path):
    assert len(path.read_text("utf-8").splitlines()) <= MAX_FILE_LINES


@sources_and_tests
def test_functions_are_short(path):
    tree = ast.parse(path.read_text("utf-8"))
    lengths = {f"{f.name}:{f.lineno}": f.end_lineno - f.lineno + 1 for f in functions(tree)}
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}


@sources
def test_public_names_have_docstrings(path):
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [
        node
        for node in tree.body
        if isinstance(node, kinds) and not node.name.startswith("_") and not is_overload(node)
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


@sources_below_cli
def test_nothing_below_the_command_line_prints(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if is_print(node)]
    assert [call.lineno for call in calls] == []


def is_print(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    )


@pytest.mark.parametrize("path", project_files(), ids=name_of)
def test_nothing_of_the_machine_or_unfinished(path):
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return
    found = [
        f"line {number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    assert found == []
