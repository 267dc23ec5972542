"""The address of a folder on a git branch, `GIT_URL#BRANCH:FOLDER`; printed without credentials."""

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

PROTOCOLS = ("file", "ssh", "https")

# What git refuses in a branch's name (git-check-ref-format), and what would be an option.
_NO_BRANCH = re.compile(r"^[-/.]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|/\.|[/.]$|\.lock(/|$)|^@$|^$")
_WITH_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<who>[^/@]*)@)?(?P<rest>.*)")
# `git@host:path`: a colon before the first slash.
_SSH_SHORT = re.compile(r"[A-Za-z0-9_][^/:]*:(?!:).*")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAddress:
    """A folder on a branch of a repository. `url` is safe to print; `secret` is the `user:password` of its https URL."""

    url: str
    branch: str
    folder: str
    secret: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Print as it is written, without credentials."""
        return f"{self.url}#{self.branch}:{self.folder}"

    @property
    def authorization(self) -> str:
        """The value of the HTTP header that bears the credentials (RFC 7617); empty where there are none."""
        if not self.secret:
            return ""
        user, _, password = self.secret.partition(":")
        pair = f"{unquote(user)}:{unquote(password)}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"

    def without_secrets(self, text: str) -> str:
        """Replace the credentials in what git says by asterisks."""
        user, _, password = self.secret.partition(":")
        words = {self.secret, password or user, unquote(password or user), self.authorization} - {""}
        for word in sorted(words, key=len, reverse=True):
            text = text.replace(word, "***")
        return text


def is_git_address(text: str) -> bool:
    """Tell whether a source is a branch of a repository, and not a folder."""
    return "#" in text or "://" in text or text.rstrip("/").endswith(".git") or _is_ssh_short(text)


def parse_git_address(text: str) -> GitAddress:
    """Read `GIT_URL#BRANCH:FOLDER`. Raises ValueError, with the hint and without credentials."""
    url, _, fragment = text.rpartition("#")
    branch, colon, folder = fragment.partition(":")
    if not url or not colon:
        if "#" not in text and "://" not in text:
            raise ValueError(f"this is a repository: write PATH#BRANCH:FOLDER, such as {text}#main:sites")
        raise ValueError("write GIT_URL#BRANCH:FOLDER, such as https://git.example.org/fleet.git#main:sites")
    if _NO_BRANCH.search(branch):
        raise ValueError(f"{branch!r} is no name of a branch")
    public, secret = _split(url)
    return GitAddress(url=public, branch=branch, folder=_folder(folder), secret=secret)


def _is_ssh_short(text: str) -> bool:
    return "@" in text.partition(":")[0] and _SSH_SHORT.fullmatch(text) is not None


def _split(url: str) -> tuple[str, str]:
    """The URL as it may be printed and passed on, and the credentials that stood in it."""
    if match := _WITH_SCHEME.fullmatch(url):
        scheme, who, rest = match["scheme"].lower(), match["who"] or "", match["rest"]
        if scheme not in PROTOCOLS:
            raise ValueError(f"{scheme}:// is not read: use https, ssh or file")
        if scheme == "https":
            return f"https://{rest}", who
        # ssh takes no password from a URL, and its user is no secret.
        user = who.partition(":")[0]
        return f"{scheme}://{user}@{rest}" if user else f"{scheme}://{rest}", ""
    if _SSH_SHORT.fullmatch(url):
        return url, ""
    if url.startswith("-") or "::" in url:
        raise ValueError("write a path, or a URL by https, ssh or file")
    # A mirror is kept under another folder, where a relative path means something else.
    return str(Path(url).absolute()), ""


def _folder(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or any(part.startswith(".") for part in path.parts):
        raise ValueError(f"{text!r} is no folder of the repository: write its path from the top")
    return path.as_posix()
