"""The rules of the code that no ready-made tool knows: each check takes a module and yields what it finds."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.rules.shape import Function, Source, measure

MAX_LINES = 60
MAX_PARAMETERS = 7

# Words that say nothing of what is inside, alone or as a part of a name.
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager", "managers"}

DECIDERS = {"model", "config", "plan", "hl7", "mllp", "delivery"}

# What the contract `deciders` cannot name, because the rest of its module is pure.
TOUCHES_THE_WORLD = {
    "codecs.open": "opens a file",
    "datetime.date.today": "reads the clock",
    "datetime.datetime.now": "reads the clock",
    "datetime.datetime.today": "reads the clock",
    "datetime.datetime.utcnow": "reads the clock",
    "importlib.resources": "opens a file",
    "io.FileIO": "opens a file",
    "io.open": "opens a file",
    "io.open_code": "opens a file",
    "sys.argv": "reads the command line",
    "sys.stderr": "writes to the terminal",
    "sys.stdin": "reads the terminal",
    "sys.stdout": "writes to the terminal",
    "urllib.request": "opens a socket",
    "uuid.getnode": "reads the machine's address",
    "uuid.uuid1": "reads the clock",
    "uuid.uuid4": "is random",
    "uuid.uuid6": "reads the clock",
    "uuid.uuid7": "reads the clock",
}
CALLS_THE_WORLD = {
    "__import__": "loads a module that the contracts do not see",
    "breakpoint": "stops the program",
    "input": "reads the terminal",
    "open": "opens a file",
    "print": "writes to the terminal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One breach of a rule, and where."""

    source: Source
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}: {self.says}"


def names_that_say_nothing(source: Source) -> Iterator[Finding]:
    for part in source.path.with_suffix("").parts:
        for word in EMPTY_WORDS.intersection(part.lower().split("_")):
            yield Finding(source=source, line=1, says=f"{part!r} is named {word!r}: name what is inside")


def modules_without_a_sentence(source: Source) -> Iterator[Finding]:
    """A module's docstring begins with one sentence: a capital or a quoted name first, a full stop at the end."""
    first_paragraph = (ast.get_docstring(source.tree) or "").split("\n\n")[0].strip()
    if not re.fullmatch(r"(?s)[A-Z0-9`\"].*\.", first_paragraph):
        yield Finding(source=source, line=1, says="no docstring that says in one sentence what it is for")


def long_functions(source: Source) -> Iterator[Finding]:
    for function in measure(source):
        if function.lines > MAX_LINES:
            says = f"{function.name} has {function.lines} lines, at most {MAX_LINES}"
            yield Finding(source=source, line=function.line, says=says)


def functions_with_many_parameters(source: Source) -> Iterator[Finding]:
    """At most seven; a command of `cli` takes as many options as a person may give."""
    if "cli" in source.path.parts:
        return
    for function in measure(source):
        if function.parameters > MAX_PARAMETERS:
            yield Finding(source=source, line=function.line, says=_too_many(function))


def _too_many(function: Function) -> str:
    return f"{function.name} takes {function.parameters} parameters, at most {MAX_PARAMETERS}"


def deciders_that_touch_the_world(source: Source) -> Iterator[Finding]:
    """In the six packages that decide: no clock, no random id, no file, no terminal, no async."""
    if not DECIDERS.intersection(source.path.parts[1:2]):
        return
    origins = _origins(source.tree)
    for node in ast.walk(source.tree):
        for says in _touches(node, origins):
            if source.path.as_posix() in READ_THEIR_OWN_DATA and says.startswith("importlib.resources"):
                continue
            yield Finding(source=source, line=node.lineno, says=says)  # type: ignore[attr-defined]


def _touches(node: ast.AST, origins: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
            yield "async: the six that decide are called, they do not wait"
        case ast.Call(func=ast.Name(id=name)) if name in CALLS_THE_WORLD and name not in origins:
            yield f"{name}() {CALLS_THE_WORLD[name]}"
        case ast.Attribute():
            if (dotted := _dotted(node, origins)) in TOUCHES_THE_WORLD:
                yield f"{dotted} {TOUCHES_THE_WORLD[dotted]}"
        case ast.Import() | ast.ImportFrom():
            for dotted in _imported(node):
                if dotted in TOUCHES_THE_WORLD:
                    yield f"{dotted} {TOUCHES_THE_WORLD[dotted]}"


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]


def _origins(tree: ast.Module) -> dict[str, str]:
    """What each imported name of a module stands for, in full."""
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                origins[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origins[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return origins


def _dotted(node: ast.expr, origins: dict[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return origins.get(name, "")
        case ast.Attribute(value=value, attr=attribute):
            return f"{_dotted(value, origins)}.{attribute}"
        case _:
            return ""


# Data that is shipped beside a module is read as the module itself is: it is no world.
READ_THEIR_OWN_DATA = {"butterfly_gitops/config/rules/catalog.py"}

CHECKS = (
    names_that_say_nothing,
    modules_without_a_sentence,
    long_functions,
    functions_with_many_parameters,
    deciders_that_touch_the_world,
)
