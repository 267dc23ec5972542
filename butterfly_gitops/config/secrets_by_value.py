"""Secrets that somebody wrote into a file: recognised, and never repeated in a message or an excerpt."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.config.tree import Entry, Node, Place, problem_at
from butterfly_gitops.model.problem import Problem

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----")
_WORDS = re.compile(r"pass(word|wd|phrase)|secret|token|credential|private_?key", re.IGNORECASE)
_KEY_WITH_VALUE = re.compile(rf"((?:{_WORDS.pattern})[\w-]*[\"']?\s*:\s*)\S.*", re.IGNORECASE)
_PEM_TO_END = re.compile(r"-----BEGIN .*")
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40,}")
_STARS = "********"
_MEND = "take it out, change the secret, and refer to it: {env: BGO_SECRET_…} or {path: /…}"


def looks_secret(text: str) -> bool:
    """Whether a value is key material."""
    return _PEM.search(text) is not None


def names_secret(key: str) -> bool:
    """Whether a key asks for a secret; no setting of ours takes one."""
    return _WORDS.search(key) is not None


def refused_value(value: Node, *, name: str) -> Problem:
    """The problem of a value that stands where a reference is wanted, or that is key material."""
    message = f"{name} is written as a value; secrets and certificates are only referred to"
    return _hide(problem_at(value.place, rule="secret-by-value", message=message, mend=_MEND), value.place)


def refused_setting(entry: Entry) -> Problem:
    """The problem of a key that asks for a secret."""
    message = f'no setting is called "{entry.key.text}", and a secret is never written in a file'
    problem = problem_at(entry.key.place, rule="secret-by-value", message=message, mend=_MEND)
    return _hide(problem, entry.value.place)


def _hide(problem: Problem, secret: Place) -> Problem:
    """Star out the secret; all that follows it in the line, too."""
    if secret.line != problem.origin.line:
        return problem
    shown, hidden = problem.excerpt[: secret.column - 1], problem.excerpt[secret.column - 1 :]
    return replace(problem, excerpt=shown + "*" * min(len(hidden), 8), length=min(problem.length, 8))


def without_secrets(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The same problems, where no excerpt shows what another one hides, or what looks like a secret."""
    found = list(problems)
    hidden: dict[tuple[str, int], str] = {}
    for problem in found:
        if problem.rule == "secret-by-value":
            line = (problem.origin.file, problem.origin.line)
            hidden[line] = min(problem.excerpt, hidden.get(line, problem.excerpt), key=len)
    for problem in found:
        excerpt = hidden.get((problem.origin.file, problem.origin.line), problem.excerpt)
        until = problem.origin.column - 1 + problem.length
        yield replace(problem, excerpt=_starred(excerpt, until=until))


def _starred(line: str, *, until: int) -> str:
    """The line without what looks like a secret; what begins before `until` keeps its width, for the caret's sake."""
    for pattern in (_KEY_WITH_VALUE, _PEM_TO_END, _LONG_BASE64):
        line = pattern.sub(lambda found: _stars_for(found, until=until), line)
    return line


def _stars_for(found: re.Match[str], *, until: int) -> str:
    """Stars for what was found, less what a first group says of it."""
    before = found[1] if found.re.groups else ""
    width = len(found[0]) - len(before)
    return f"{before}{'*' * width if found.start() + len(before) < until else _STARS}"
