"""Secrets that somebody wrote into a file: recognised, and never repeated in a message or an excerpt."""

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.config.key_order import setting_names
from butterfly_gitops.config.secret_names import announced, announced_in_comment
from butterfly_gitops.config.secret_shapes import (
    ASSIGNED,
    TOKEN,
    Shape,
    assigned_in,
    may_hold_tokens,
    token_in,
)
from butterfly_gitops.config.tree import Entry, Node, Place, Scalar, Source, problem_at
from butterfly_gitops.model.problem import Problem

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----")
# What stands for a password in the example of a manual.
_PLACEHOLDER = r"(?:[A-Z_]+|[xX]+|\*+|\.{3}|…|\$[^\s/@]+|%[^\s/@]+|<[^\s/@]+>|\{[^\s/@]+\}|\[[^\s/@]+\])@"
# RFC 3986 3.2.1: a user and a password before the host. Digits with more behind them are a port.
_PASSWORD_IN_URL = re.compile(rf"(://[^\s/@:?#]*:)(?!\d+[?#,]|{_PLACEHOLDER})[^\s/]+@")
_USER_AND_PASSWORD = re.compile(r"[^\s/@:]+:[^\s]+@")
_COMMENT = re.compile(r"(?:^|\s)#")
_IN_COMMENT = re.compile(rf"{_PASSWORD_IN_URL.pattern}|-----BEGIN [A-Z ]{{0,30}}PRIVATE KEY-----")
_PEM_TO_END = re.compile(r"-----BEGIN .*")
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40,}")
_CERTIFICATE_PATH = re.compile(r"/?(?:[a-z0-9_.-]{1,40}/){0,8}[a-z0-9_.-]{1,60}\.(?:pem|crt|cer)")
# What may be one secret in what is hidden, and in what is said of it.
_TOLD = re.compile(r"[^\s\"'{}\[\](),:;]{6,}")
_STARS = "********"
_HINT = "take it out, change the secret, and refer to it: {env: BGO_SECRET_…} or {path: /…}"


def looks_secret(text: str) -> bool:
    """Whether a value is key material, or a URL with a password."""
    # Asked of every value of a thousand sites: a look for fixed letters comes first.
    is_pem = "-----BEGIN" in text and _PEM.search(text) is not None
    return is_pem or ("://" in text and _PASSWORD_IN_URL.search(text) is not None)


def kind_of_path(text: str, *, name: str) -> str:
    """What refers to a file of certificates whose bare path was written: `file`, `path`, or nothing for other text."""
    if not _CERTIFICATE_PATH.fullmatch(text):
        return ""
    if text.startswith("/"):
        return "path"
    # A private key never lies in the repository, so no hint leads there.
    return "" if name == "key" else "file"


def names_user(text: str) -> bool:
    """Whether a value that should be a host starts with `user:password@`."""
    return _USER_AND_PASSWORD.match(text) is not None


def refused_value(value: Node, *, name: str) -> Problem:
    """The problem of a value that stands where a reference is wanted, or that is key material."""
    message, hint = f"{name} is written as a value; secrets and certificates are only referred to", _HINT
    if isinstance(value, Scalar) and _holds_password(value.text):
        message = f"{name} holds a password, and a secret is never written in a file"
        hint = "take user and password out, and change the password"
    return _hide(problem_at(value.place, rule="secret-by-value", message=message, hint=hint), value.place)


def refused_setting(entry: Entry) -> Problem:
    """The problem of a key that asks for a secret."""
    key = entry.key.text
    secret = announced(key)
    name = key[: secret.value] + _STARS if secret else key
    message = f'no setting is called "{name}", and a secret is never written in a file'
    problem = problem_at(entry.key.place, rule="secret-by-value", message=message, hint=_HINT)
    if secret:
        return _hide(problem, entry.key.place._replace(column=entry.key.place.column + secret.value))
    return _hide(problem, entry.value.place)


def refused_reference(value: Scalar, *, name: str, hint: str) -> Problem:
    """The problem of a value that should say where a secret is kept, and does not."""
    message = f"{name} does not say where a secret is kept, so it may be the secret itself"
    hint = f"{hint}; if it was the secret, change the secret"
    return _hide(problem_at(value.place, rule="secret-by-value", message=message, hint=hint), value.place)


def in_text(source: Source, *, said: Container[tuple[str, int]]) -> Iterator[Problem]:
    """The problems of a file's lines, comments too, where people put what they have taken out.

    Of the lines that `said` has by file and number, a problem tells already that they hold a secret.
    """
    # Searches from one end to the other: a long line must not cost its square.
    text = "\n".join(source.lines)
    has_tokens = may_hold_tokens(text)
    if not (has_tokens or "#" in text or "=" in text):
        return
    for number, line in enumerate(source.lines, start=1):
        if not (has_tokens or "#" in line or "=" in line) or (source.file, number) in said:
            continue
        place = Place(source=source, line=number, column=1)
        comment = _COMMENT.search(line) if "#" in line else None
        if comment and (problem := _in_comment(line, comment.end(), place)):
            yield problem
        elif shape := (token_in(line) if has_tokens else None) or assigned_in(line):
            yield _of_shape(shape, place)


def _of_shape(shape: Shape, at: Place) -> Problem:
    place = at._replace(column=shape.start + 1, length=shape.end - shape.start)
    message = f"this is {shape.says}, and a secret is never written in a file"
    hint = "take it out, and change the secret"
    return _hide(problem_at(place, rule="secret-by-value", message=message, hint=hint), place)


def _in_comment(line: str, start: int, at: Place) -> Problem | None:
    if found := _IN_COMMENT.search(line, start):
        place = at._replace(column=found.start() + 1, length=len(found[0]))
        if _PASSWORD_IN_URL.search(found[0]):
            return refused_value(Scalar(place=place, text=found[0], is_plain=True), name="a comment")
    elif secret := announced_in_comment(line[start:]):
        place = at._replace(column=start + secret.value + 1, length=len(line.rstrip()) - start - secret.value)
    else:
        return None
    message = "a comment holds a secret, and a secret is never written in a file"
    return _hide(problem_at(place, rule="secret-by-value", message=message, hint=_HINT), place)


def _holds_password(text: str) -> bool:
    is_url = _PASSWORD_IN_URL.search(text) is not None
    return (is_url or names_user(text)) and not _PEM.search(text)


def _hide(problem: Problem, secret: Place) -> Problem:
    """Star out the secret; all that follows it in the line, too."""
    if secret.line != problem.origin.line:
        return problem
    shown, hidden = problem.excerpt[: secret.column - 1], problem.excerpt[secret.column - 1 :]
    return replace(problem, excerpt=shown + "*" * min(len(hidden), 8), length=min(problem.length, 8))


def without_secrets(problems: Iterable[Problem], *, among: Iterable[Problem]) -> Iterator[Problem]:
    """The same problems, where nothing shows what any `among` all hides, or what looks like a secret."""
    hidden: dict[tuple[str, int], str] = {}
    for problem in among:
        if problem.rule == "secret-by-value":
            line = (problem.origin.file, problem.origin.line)
            hidden[line] = min(problem.excerpt, hidden.get(line, problem.excerpt), key=len)
    for problem in problems:
        excerpt = hidden.get((problem.origin.file, problem.origin.line), problem.excerpt)
        until = problem.origin.column - 1 + problem.length
        words = _hidden_words(problem.excerpt, behind=len(excerpt.rstrip("*")))
        yield replace(
            problem,
            excerpt=_starred(excerpt, until=until),
            message=_told(problem.message, words),
            hint=_told(problem.hint, words),
        )


def without_shapes(text: str) -> str:
    """What is said of a name or a value, with stars for a password in it, for a token and for key material."""
    text = _PASSWORD_IN_URL.sub(rf"\1{_STARS}@", text) if "://" in text else text
    return _LONG_BASE64.sub(_STARS, TOKEN.sub(_STARS, ASSIGNED.sub(rf"\1{_STARS}", text)))


def _hidden_words(line: str, *, behind: int) -> frozenset[str]:
    """The words of a line that its excerpt hides: all `behind` a place, and whatever looks like a secret."""
    hidden = [line[behind:]]
    if secret := announced(line):
        hidden.append(line[secret.value :])
    hidden += (found[0] for pattern in (_PEM_TO_END, _LONG_BASE64) for found in pattern.finditer(line))
    words = frozenset(word for piece in hidden for word in _TOLD.findall(piece))
    return words - setting_names() if words else words


def _told(text: str, hidden: frozenset[str]) -> str:
    """A message or a hint, with stars for what the excerpt above it hides, cut or whole."""
    if hidden:
        text = _TOLD.sub(lambda found: _STARS if _is_hidden(found[0], hidden) else found[0], text)
    return without_shapes(text)


def _is_hidden(word: str, hidden: frozenset[str]) -> bool:
    begin = word.removesuffix("…")
    return word in hidden or (begin != word and any(each.startswith(begin) for each in hidden))


def _starred(line: str, *, until: int) -> str:
    """The line without what looks like a secret; what begins before `until` keeps its width, for the caret's sake."""
    # Before the rest: a long name may look like a secret itself, and would no longer announce one.
    if secret := announced(line):
        hidden = "*" * len(line[secret.value :]) if secret.value < until else _STARS
        line = line[: secret.value] + hidden
    for pattern in (_PASSWORD_IN_URL, _PEM_TO_END, TOKEN, ASSIGNED, _LONG_BASE64):
        line = pattern.sub(lambda found: _stars_for(found, until=until), line)
    return line


def starred_line(line: str) -> str:
    """A line of a file for whoever shows it whole: with stars for what looks like a secret, in its comment too."""
    shown = _starred(line, until=0)
    comment = _COMMENT.search(shown) if "#" in shown else None
    secret = announced_in_comment(shown[comment.end() :]) if comment else None
    return shown[: comment.end() + secret.value] + _STARS if comment and secret else shown


def _stars_for(found: re.Match[str], *, until: int) -> str:
    """Stars for what was found, less what a first group and a last @ say of it."""
    before = found[1] if found.re.groups else ""
    behind = "@" if found.re is _PASSWORD_IN_URL else ""
    width = len(found[0]) - len(before) - len(behind)
    return f"{before}{'*' * width if found.start() + len(before) < until else _STARS}{behind}"
