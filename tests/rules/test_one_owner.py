"""One noun has one owner in the package, and a docstring names what it is about."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.rules.shape import Source, parse, read_package

_RIDDLE = re.compile(r"(What|Who|Which)\b")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def owners(package: list[Source]) -> dict[str, list[str]]:
    """Find the modules that define each public class."""
    found = defaultdict[str, list[str]](list)
    for source in package:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(source.path.as_posix())
    return found


def riddles(source: Source) -> Iterator[str]:
    """Find docstrings, of fields too, that begin with What, Who or Which."""
    for node in ast.walk(source.tree):
        texts = [ast.get_docstring(node) or ""] if isinstance(node, _DOCUMENTED) else []
        if isinstance(node, ast.ClassDef):
            texts += [
                one.value.value
                for one in node.body[1:]
                if isinstance(one, ast.Expr)
                and isinstance(one.value, ast.Constant)
                and isinstance(one.value.value, str)
            ]
        yield from (f"{source.path}: {text.splitlines()[0]}" for text in texts if _RIDDLE.match(text))


def test_a_public_class_has_one_module() -> None:
    assert {name: paths for name, paths in owners(read_package()).items() if len(paths) > 1} == {}


def test_docstrings_name_the_thing_or_the_act() -> None:
    assert [riddle for source in read_package() for riddle in riddles(source)] == []


def test_planted_breaches_are_found() -> None:
    text = '"""Who sends."""\n\n\nclass Lane:\n    """A queue."""\n\n    name: str\n    """Which one."""\n'
    planted = [parse(f"butterfly_gitops/{path}", text) for path in ("model/lane.py", "store/lane.py")]
    assert owners(planted) == {"Lane": ["butterfly_gitops/model/lane.py", "butterfly_gitops/store/lane.py"]}
    assert [riddle.rpartition(": ")[2] for riddle in riddles(planted[0])] == ["Who sends.", "Which one."]
