"""How people call a secret: which keys announce one, and which only have such a word in the name of a thing."""

import re
from dataclasses import dataclass

# `apiToken` and `API_TOKEN` are two words, as api-token is.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SECRET = re.compile(
    r"passwor[dt]|passwd|passphrase|kennwort|credential|(api|private|access|secret|account|shared|signing)-?key"
    # Within longer words these mean nothing: secretary, tokenized, compass, author.
    r"|(^|-)[a-z]*(secret|token)s?(-|$)|(^|-)(pass|pwd|pw|psk|auth|authorization|bearer)(-[0-9]+)?$"
)
_NAME = re.compile(r"[a-z0-9-]+")
# A try at the start of each word alone: a line that repeats such a word must not cost its square.
_KEY = re.compile(r"(?<![\w-])(?P<key>[\w-]+(?: [\w-]+)?)[\"']?\s*:\s*(?=\S)")
# A setting whose colon is missing, alone in its line or in braces.
_NO_COLON = re.compile(
    r"(?:^ *(?:- +)?|[{,] *)(?P<key>[\w-]{1,40}) +(?=[^\s:]*[0-9])(?P<value>[^\s:,{}\[\]#]{6,200}) *(?=$|[,:}])"
)
_TOKEN = re.compile(r"[\"']?(?P<text>[^\s\"'{}\[\]<>]{6,200})[\"']?,?\s*")
_DIGIT, _LETTER = re.compile(r"[0-9]"), re.compile(r"[a-z]")
_ANSWERED_OTHERWISE = re.compile(r"(?:auth|authorization)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a key of a line announces: where the key begins, and where its value does."""

    key: int
    value: int


def names_secret(key: str) -> bool:
    """Whether a key asks for a secret; no setting of ours takes one."""
    return _SECRET.search(_spelt(key)) is not None


def announced(line: str) -> Announced | None:
    """The first value of a line that the key before it calls a secret."""
    for found in _KEY.finditer(line):
        key = found["key"]
        if names_secret(key) and not (line[found.end()] == "{" and _is_of_a_thing(key)):
            return Announced(key=found.start(), value=found.end())
    for found in _NO_COLON.finditer(line):
        if found["key"] == "key" or names_secret(found["key"]):
            return Announced(key=found.start("key"), value=found.start("value"))
    return None


def announced_in_comment(comment: str) -> Announced | None:
    """The same of a comment, where only one word that is no plain one is taken for a secret: the rest is prose."""
    for found in _KEY.finditer(comment):
        if names_secret(found["key"]) and not _ANSWERED_OTHERWISE.search(found["key"]):
            token = _TOKEN.fullmatch(comment, found.end())
            if token and _DIGIT.search(token["text"]) and _LETTER.search(token["text"]):
                return Announced(key=found.start(), value=found.end())
    return None


def _spelt(key: str) -> str:
    return "-".join(_WORD.findall(key)).lower()


def _is_of_a_thing(key: str) -> bool:
    """Whether a key of a mapping is the name of a site, an endpoint or the like, such as token-clinic."""
    return _NAME.fullmatch(key) is not None and not names_secret(key.rpartition("-")[2])
