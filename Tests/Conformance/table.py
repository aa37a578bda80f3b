# This source file is part of the NanoMQ Swift project
# SPDX-License-Identifier: Apache-2.0
"""Keeps docs/conformance.md and the tests in step.

The docstrings of the tests name the statements they cover; the document says what each statement asks and whom it
binds. `fill` writes the document's test column from the docstrings; `check` fails if it is not what `fill` would write,
if a docstring names a statement that the document does not know, or if a statement that binds the server has no test.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Iterator

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parents[1] / "docs" / "conformance.md"
STATEMENT = re.compile(r"\[((?:v5|v3|v31|security):[A-Za-z0-9.-]+)\]")
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \| (server|client) \| (.*) \|$")
EXCUSES = ("n/a: ", "open: ", "codec: ")


def test_methods() -> Iterator[tuple[str, str]]:
    """Every test as file::method, with its docstring."""
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.ClassDef):
                continue
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name.startswith("test_"):
                    yield f"{path.name}::{member.name}", ast.get_docstring(member) or ""


def coverage() -> dict[str, list[str]]:
    """The tests of each statement."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, text in test_methods():
        for statement in STATEMENT.findall(text):
            if name not in found[statement]:
                found[statement].append(name)
    return found


def filled(line: str, tests: dict[str, list[str]]) -> str:
    """A line of the document with its test column as the docstrings have it."""
    row = ROW.match(line)
    if row is None:
        return line
    statement, text, binds, cell = row.groups()
    names = tests.get(statement, [])
    if names:
        cell = ", ".join(f"`{name}`" for name in names)
    elif not cell.startswith(EXCUSES):
        cell = ""
    return f"| `{statement}` | {text} | {binds} | {cell} |"


def fill() -> None:
    """Writes the test column."""
    tests = coverage()
    lines = DOCUMENT.read_text().splitlines()
    DOCUMENT.write_text("".join(filled(line, tests) + "\n" for line in lines))


def problems() -> Iterator[str]:
    """What is out of step."""
    tests = coverage()
    known = set()
    for number, line in enumerate(DOCUMENT.read_text().splitlines(), 1):
        row = ROW.match(line)
        if row is None:
            continue
        statement, _, binds, cell = row.groups()
        if statement in known:
            yield f"line {number}: {statement} twice"
        known.add(statement)
        if filled(line, tests) != line:
            yield f"line {number}: the tests of {statement} are {tests.get(statement, [])}, not {cell}"
        if binds == "server" and not cell:
            yield f"line {number}: {statement} binds the server and has no test"
    for statement in sorted(set(tests) - known):
        yield f"{tests[statement][0]} names {statement}, which the document does not know"
    if len(known) < 300:
        yield f"only {len(known)} statements in the document"


def check() -> int:
    """Prints what is out of step, and the closing line."""
    found = list(problems())
    for problem in found:
        print(problem)
    print(f"{DOCUMENT.name}: {len(found)} problems")
    return 1 if found else 0
