"""Secrets that somebody wrote into a file: recognised by their key or their look, and repeated nowhere.

Only what is sure is looked for; a scanner for secrets among the repository's hooks finds more.
"""

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.config.tree import Entry, Node, Place, Scalar, SourceFile, problem_at
from butterfly_gitops.model.problem import Problem

# `apiToken` and `API_TOKEN` are two words, as api-token is.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SECRET_NAME = re.compile(
    r"passwor[dt]|passwd|passphrase|kennwort|credential|(api|private|access|secret|account|shared|signing)-?key"
    # Within longer words these mean nothing: secretary, tokenized, compass, author.
    r"|(^|-)[a-z]*(secret|token)s?(-|$)|(^|-)(pass|pwd|pw|psk|auth|authorization|bearer)(-[0-9]+)?$"
)
_NAME = re.compile(r"[a-z0-9-]+")
# A try at the start of each word alone: a line that repeats such a word must not cost its square.
_KEY = re.compile(r"(?<![\w-])(?P<key>[\w-]+(?: [\w-]+)?)[\"']?\s*:\s*(?=\S)")
_KEY_WITHOUT_COLON = re.compile(
    r"(?:^ *(?:- +)?|[{,] *)(?P<key>[\w-]{1,40}) +(?=[^\s:]*[0-9])[^\s:,{}\[\]#]{6,200} *(?=$|[,:}])"
)
_TOKEN_IN_COMMENT = re.compile(r"[\"']?(?=\S*[0-9])(?=\S*[a-z])[^\s\"'{}\[\]<>]{6,200}[\"']?,?\s*")

# A token as its issuer makes it; xxxxxxxx stands for one in the example of a manual.
_ISSUED = {
    "a GitHub token": r"gh[pousr]_(?!x{8})[A-Za-z0-9]{36,255}|github_pat_\w{22,255}",
    "an AWS access key": r"A[KS]IA(?!X{8})[A-Z0-9]{16}",
    "a Slack token": r"xox[abeprs]-[A-Za-z0-9-]{10,255}",
    "a GitLab token": r"glpat-(?!x{8})[\w-]{20,255}",
    "a JSON Web Token": r"eyJ[\w-]{8,4000}\.[\w-]{8,4000}\.[\w-]{0,4000}",
}
_TOKEN_MARKS = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "AKIA", "ASIA", "xox", "glpat-", "eyJ")
_TOKEN = re.compile(rf"(?<![\w-])(?:{'|'.join(_ISSUED.values())})(?!\w)")
# Small and capital letters and a digit: what is no word, no path and no name of a variable.
_ASSIGNED = re.compile(
    r"((?i:password|passwd|pwd|secret|token)(?: ?= ?)[\"']?)"
    r"(?=\w{0,60}[0-9])(?=\w{0,60}[a-z])(?=\w{0,60}[A-Z])[^\s\"'&;,)}\]/\\<${]{6,200}"
)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----")
_PEM_TO_END = re.compile(r"-----BEGIN .*")
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40,}")
# What stands for a password in the example of a manual.
_PLACEHOLDER = r"(?:[A-Z_]+|[xX]+|\*+|\.{3}|…|\$[^\s/@]+|%[^\s/@]+|<[^\s/@]+>|\{[^\s/@]+\}|\[[^\s/@]+\])@"
# RFC 3986 3.2.1: a user and a password before the host. Digits with more behind them are a port.
_PASSWORD_IN_URL = re.compile(rf"(://[^\s/@:?#]*:)(?!\d+[?#,]|{_PLACEHOLDER})[^\s/]+@")
_USER_AND_PASSWORD = re.compile(r"[^\s/@:]+:[^\s]+@")
_COMMENT = re.compile(r"(?:^|\s)#")
# A value in a message: where its line hides something, it may be that.
_QUOTED = re.compile(r"\"[^\"]{6,}\"")
_STARS = "********"
HINT = "take it out, change the secret, and refer to it: {env: BGO_SECRET_…} or {path: /…}"


def names_secret(key: str) -> bool:
    """Whether a key asks for a secret; no setting of ours takes one."""
    return _SECRET_NAME.search("-".join(_WORD.findall(key)).lower()) is not None


def looks_secret(text: str) -> bool:
    """Whether a value is key material, or a URL with a password."""
    # Asked of every value of a thousand sites: a look for fixed letters comes first.
    is_pem = "-----BEGIN" in text and _PEM.search(text) is not None
    return is_pem or ("://" in text and _PASSWORD_IN_URL.search(text) is not None)


def names_user(text: str) -> bool:
    """Whether a value that should be a host starts with `user:password@`."""
    return _USER_AND_PASSWORD.match(text) is not None


def refused_value(value: Node, *, name: str) -> Problem:
    """The problem of a value that stands where a reference is wanted, or that is key material."""
    message, hint = f"{name} is written as a value; secrets and certificates are only referred to", HINT
    text = value.text if isinstance(value, Scalar) else ""
    if not _PEM.search(text) and (_PASSWORD_IN_URL.search(text) or names_user(text)):
        message = f"{name} holds a password, and a secret is never written in a file"
        hint = "take user and password out, and change the password"
    return _hidden_at(value.place, message, hint)


def refused_setting(entry: Entry) -> Problem:
    """The problem of a key that asks for a secret."""
    key = entry.key
    value_start = _announced(key.text)
    name = key.text if value_start is None else key.text[:value_start] + _STARS
    message = f'no setting is called "{name}", and a secret is never written in a file'
    problem = problem_at(key.place, "secret-by-value", message, HINT)
    if value_start is None:
        return _hide(problem, entry.value.place)
    return _hide(problem, key.place._replace(column=key.place.column + value_start))


def refused_reference(value: Scalar, *, name: str, hint: str) -> Problem:
    """The problem of a value that should say where a secret is kept, and does not."""
    message = f"{name} does not say where a secret is kept, so it may be the secret itself"
    return _hidden_at(value.place, message, f"{hint}; if it was the secret, change the secret")


def in_text(source: SourceFile, *, said: Container[tuple[str, int]]) -> Iterator[Problem]:
    """The problems of a file's lines, comments too; none of a line in `said`, by file and number."""
    text = "\n".join(source.lines)
    has_tokens = any(mark in text for mark in _TOKEN_MARKS)
    if not (has_tokens or "#" in text or "=" in text):
        return
    for number, line in enumerate(source.lines, start=1):
        if (has_tokens or "#" in line or "=" in line) and (source.file, number) not in said:
            yield from _in_line(line, Place(source=source, line=number, column=1))


def _in_line(line: str, at: Place) -> Iterator[Problem]:
    comment = _COMMENT.search(line) if "#" in line else None
    if comment and (found := _PASSWORD_IN_URL.search(line, comment.end())):
        place = at._replace(column=found.start() + 1, length=len(found[0]))
        yield refused_value(Scalar(place=place, text=found[0], is_plain=True), name="a comment")
    elif comment and (start := _secret_in_comment(line, comment.end())) is not None:
        place = at._replace(column=start + 1, length=len(line.rstrip()) - start)
        yield _hidden_at(place, "a comment holds a secret, and a secret is never written in a file", HINT)
    elif found := _TOKEN.search(line):
        kind = next(kind for kind, form in _ISSUED.items() if re.match(form, found[0]))
        yield _of_shape(kind, at, found.start(), found.end())
    elif "=" in line and (found := _ASSIGNED.search(line)):
        word = re.sub(r"[ =\"']", "", found[1]).lower()
        yield _of_shape(f"a value behind {word}=", at, found.end(1), found.end())


def _of_shape(kind: str, at: Place, start: int, end: int) -> Problem:
    place = at._replace(column=start + 1, length=end - start)
    message = f"this is {kind}, and a secret is never written in a file"
    return _hidden_at(place, message, "take it out, and change the secret")


def _secret_in_comment(line: str, start: int) -> int | None:
    """Where a private key begins, or one word that is no plain one behind a key that asks for a secret."""
    if (pem := _PEM.search(line, start)) and "PRIVATE KEY" in pem[0]:
        return pem.start()
    for found in _KEY.finditer(line, start):
        is_asked = names_secret(found["key"]) and not found["key"].lower().startswith("auth")
        if is_asked and _TOKEN_IN_COMMENT.fullmatch(line, found.end()):
            return found.end()
    return None


def _announced(line: str) -> int | None:
    """Where the first value begins that the key before it calls a secret."""
    for found in _KEY.finditer(line):
        # `token-clinic: {…}` is the name of a site, an endpoint or the like.
        last_word = found["key"].rpartition("-")[2]
        is_of_a_thing = (
            line[found.end()] == "{" and _NAME.fullmatch(found["key"]) and not names_secret(last_word)
        )
        if names_secret(found["key"]) and not is_of_a_thing:
            return found.end()
    for found in _KEY_WITHOUT_COLON.finditer(line):
        if found["key"] == "key" or names_secret(found["key"]):
            return found.end("key") + 1
    return None


def _hidden_at(place: Place, message: str, hint: str) -> Problem:
    return _hide(problem_at(place, "secret-by-value", message, hint), place)


def _hide(problem: Problem, secret: Place) -> Problem:
    """Star out the secret; all that follows it in the line, too."""
    if secret.line != problem.origin.line:
        return problem
    shown, hidden = problem.excerpt[: secret.column - 1], problem.excerpt[secret.column - 1 :]
    return replace(problem, excerpt=shown + "*" * min(len(hidden), 8), length=min(problem.length, 8))


def without_secrets(problems: Iterable[Problem], *, among: Iterable[Problem]) -> Iterator[Problem]:
    """The same problems, showing nothing that any `among` all hides, or that looks like a secret."""
    hidden: dict[tuple[str, int], str] = {}
    for problem in among:
        if problem.rule == "secret-by-value":
            line = (problem.origin.file, problem.origin.line)
            hidden[line] = min(problem.excerpt, hidden.get(line, problem.excerpt), key=len)
    for problem in problems:
        excerpt = hidden.get((problem.origin.file, problem.origin.line), problem.excerpt)
        starred = _starred(excerpt, until=problem.origin.column - 1 + problem.length)
        message, hint = problem.message, problem.hint
        if starred != problem.excerpt:
            message, hint = (_QUOTED.sub(f'"{_STARS}"', text) for text in (message, hint))
        yield replace(problem, excerpt=starred, message=without_shapes(message), hint=without_shapes(hint))


def without_shapes(text: str) -> str:
    """Put stars for a password, a token and key material in what is said of a name or a value."""
    text = _PASSWORD_IN_URL.sub(rf"\1{_STARS}@", text) if "://" in text else text
    return _LONG_BASE64.sub(_STARS, _TOKEN.sub(_STARS, _ASSIGNED.sub(rf"\1{_STARS}", text)))


def starred_line(line: str) -> str:
    """A line of a file for whoever shows it whole: with stars for what looks like a secret, in its comment too."""
    shown = _starred(line, until=0)
    comment = _COMMENT.search(shown) if "#" in shown else None
    start = _secret_in_comment(shown, comment.end()) if comment else None
    return shown if start is None else shown[:start] + _STARS


def _starred(line: str, *, until: int) -> str:
    """The line without what looks like a secret; what begins before `until` keeps its width, for the caret's sake."""
    # Before the rest: a long name may look like a secret itself, and would no longer announce one.
    if (start := _announced(line)) is not None:
        line = line[:start] + ("*" * len(line[start:]) if start < until else _STARS)
    for pattern in (_PASSWORD_IN_URL, _PEM_TO_END, _TOKEN, _ASSIGNED, _LONG_BASE64):
        line = pattern.sub(lambda found: _stars_for(found, until=until), line)
    return line


def _stars_for(found: re.Match[str], *, until: int) -> str:
    """Return the stars that replace a match, without its first group and from the last @ on."""
    before = found[1] if found.re.groups else ""
    behind = "@" if found.re is _PASSWORD_IN_URL else ""
    width = len(found[0]) - len(before) - len(behind)
    return f"{before}{'*' * width if found.start() + len(before) < until else _STARS}{behind}"
