"""What of the sites folder cannot be read or must not be: a problem like others, from which nothing else follows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Source, problem_of_file
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="symbolic-link",
        says="A review shows the name that a symbolic link leads to, not what stands there, and that may change "
        "without any commit. So none is followed, to a file or to a folder; the sites folder itself may be one.",
        wrong="sites/st-elsewhere/archives.yaml -> ../../common/archives.yaml",
        right="sites/st-elsewhere/archives.yaml   (the file itself)",
    ),
    Rule(
        id="submodule",
        says="What the files of a submodule say is decided in another repository, by other people than those who "
        "review this one. So the sites folder holds none.",
        wrong="sites/st-elsewhere   (a repository of its own)",
        right="sites/st-elsewhere/site.yaml and its two neighbours   (files of this repository)",
    ),
    Rule(
        id="unreadable-file",
        says="A file or folder could not be read, mostly because this user may not. What it says is not known, so "
        "nothing is taken from the whole folder: everything stays as it runs.",
        wrong="-rw------- root sites/st-elsewhere/site.yaml",
        right="-rw-r--r-- root sites/st-elsewhere/site.yaml",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Why something in the folder was not read, and how to fix that."""

    rule: str
    says: str
    hint: str


SYMBOLIC_LINK = Unread(
    rule="symbolic-link",
    says="a symbolic link, of which a review shows the name alone",
    hint="put the file or folder itself there",
)
SUBMODULE = Unread(
    rule="submodule",
    says="a submodule, whose files another repository decides",
    hint="take the submodule out, and put the files themselves there",
)
NO_PLAIN_FILE = Unread(rule="unreadable-file", says="no plain file", hint="put a plain file there")
NOT_ALLOWED = Unread(
    rule="unreadable-file",
    says="this user may not read it",
    hint="let this user read it, for example by chmod a+rX",
)


def unreadable(reason: str) -> Unread:
    """What the system gives as the reason, for anything else than a missing permission."""
    hint = "bring it back from git, or take it out"
    return Unread(rule="unreadable-file", says=f"it cannot be read: {reason}", hint=hint)


def check_unread(unread: Mapping[str, Unread], *, root: str) -> Iterator[Problem]:
    """One problem of each; while there is one, no source hands anything on, so each is the whole fleet's."""
    for path, why in sorted(unread.items()):
        source = Source(file=f"{root}/{path}", site=None, lines=())
        yield problem_of_file(source, rule=why.rule, message=why.says, hint=why.hint)


def lies_in(path: str, unread: Collection[str]) -> bool:
    """Whether a path is one of these, or lies below one that may be a folder."""
    parts = path.split("/")
    return any("/".join(parts[:count]) in unread for count in range(1, len(parts) + 1))
