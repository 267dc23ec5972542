"""The shape of the code, measured: `make shape` prints it for a reviewer, the gate takes its limits from it."""

import ast
import io
import math
import statistics
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
AIM_MODULE_LINES = 300
AIM_FUNCTION_CODE_LINES = 23
AIM_NESTING = 3
SMALL_MODULE_LINES = 40
LISTED = 10

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}
_NESTS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One module of ours: where it stands, seen from the top of the repository, and what it says."""

    path: PurePosixPath
    text: str
    tree: ast.Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function, with its measures; lines run from `def` to its end, decorators excluded."""

    path: PurePosixPath
    line: int
    name: str
    lines: int
    code_lines: int
    nesting: int
    parameters: int


def parse(path: str, text: str) -> Source:
    return Source(path=PurePosixPath(path), text=text, tree=ast.parse(text, filename=path))


def read_package(root: Path = ROOT, package: str = "butterfly_gitops") -> list[Source]:
    """Every module of the package, in the order of their paths."""
    files = sorted((root / package).rglob("*.py"))
    return [parse(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def measure(source: Source) -> Iterator[Function]:
    """Measure each function of a module, nested ones and methods too."""
    code = _lines_with_code(source)
    for node, name in _functions(source.tree, ()):
        span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        yield Function(
            path=source.path,
            line=node.lineno,
            name=name,
            lines=len(span),
            code_lines=len(code.intersection(span)),
            nesting=_nesting(node.body),
            parameters=len(_parameters(node)),
        )


def _functions(
    scope: ast.AST, outer: tuple[str, ...]
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    for node in ast.iter_child_nodes(scope):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node, ".".join((*outer, node.name))
                yield from _functions(node, (*outer, node.name))
            case ast.ClassDef():
                yield from _functions(node, (*outer, node.name))
            case _:
                yield from _functions(node, outer)


def _lines_with_code(source: Source) -> set[int]:
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - _docstring_lines(source.tree)


def _docstring_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            lines.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return lines


def _nesting(body: Iterable[ast.stmt]) -> int:
    return max((_depth(statement) for statement in body), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, _NESTS):
        return 0
    deepest = 0
    for inner in _bodies(statement):
        # `elif` is an `if` alone in `else`; a reader sees it at the same depth.
        is_elif = isinstance(statement, ast.If) and inner is statement.orelse and _is_lone_if(inner)
        deepest = max(deepest, _nesting(inner) + (0 if is_elif else 1))
    return deepest


def _bodies(statement: ast.stmt) -> list[list[ast.stmt]]:
    bodies = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")]
    bodies += [part.body for field in ("handlers", "cases") for part in getattr(statement, field, [])]
    return bodies


def _is_lone_if(body: Sequence[ast.stmt]) -> bool:
    return len(body) == 1 and isinstance(body[0], ast.If)


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [argument.arg for argument in (*named, *starred) if argument.arg not in ("self", "cls")]


def percentile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least this share of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0


def report(sources: Sequence[Source]) -> str:
    """The tails, worst first, with the aims of the style beside them."""
    functions = [function for source in sources for function in measure(source)]
    sizes = {source.path: source.text.count("\n") for source in sources}
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:LISTED]
    return "\n".join(
        [
            f"{len(sources)} modules, {sum(sizes.values())} lines, {len(functions)} functions",
            "",
            _tail("code lines of a function", [f.code_lines for f in functions], AIM_FUNCTION_CODE_LINES),
            *_rows(functions, "code_lines", above=AIM_FUNCTION_CODE_LINES),
            "",
            _tail("nesting of a function", [f.nesting for f in functions], AIM_NESTING),
            *_rows(functions, "nesting", above=AIM_NESTING),
            "",
            _tail("lines of a module", list(sizes.values()), AIM_MODULE_LINES),
            *(f"{lines:6}  {path}" for path, lines in largest),
            "",
            f"modules of fewer than {SMALL_MODULE_LINES} lines with one importer: part of it, unless a noun of the domain",
            *(
                f"{sizes[path]:6}  {path}, imported by {importer}"
                for path, importer in _lone_modules(sources)
            ),
        ]
    )


def _lone_modules(sources: Sequence[Source]) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """Each small module that only one other imports, and that other one."""
    imported = {source.path: set(_imports(source.tree)) for source in sources}
    for source in sources:
        if source.text.count("\n") >= SMALL_MODULE_LINES or source.path.name.startswith("__"):
            continue
        name = ".".join(source.path.with_suffix("").parts)
        importers = [path for path, names in imported.items() if name in names]
        if len(importers) == 1:
            yield source.path, importers[0]


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _tail(measured: str, values: Sequence[int], aim: int) -> str:
    median, tail = statistics.median(values or [0]), percentile(values, 0.95)
    return f"{measured}: median {median:g}, 95th percentile {tail}, greatest {max(values, default=0)} (aim {aim})"


def _rows(functions: Iterable[Function], measured: str, *, above: int) -> list[str]:
    worst = sorted(
        (function for function in functions if getattr(function, measured) > above),
        key=lambda function: (-getattr(function, measured), function.path, function.line),
    )
    return [f"{getattr(f, measured):6}  {f.path}:{f.line} {f.name}" for f in worst[:LISTED]]


if __name__ == "__main__":
    print(report(read_package()))
