"""How one reading of values goes: the problems so far, and what every reader asks first of a node."""

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from butterfly_gitops.config import secrets
from butterfly_gitops.config.layers import Layer
from butterfly_gitops.config.tree import Node, Place, Scalar, Sequence, problem_at
from butterfly_gitops.model.problem import Problem

Sound = dict[tuple[int, str, bool], Any]

_SHOWN_CHARACTERS = 60


class Failed:
    """Stands for a value that has a problem."""


FAILED: Final = Failed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """How one reading goes: the problems so far, and what a missing value means.

    In a `relaxed` reading nothing is missing and no value is made: it checks a layer by itself.
    `searched` are the layers that were looked through for a missing value. `sound` is shared by all readings of one load: the value of each plain text that was sound, by its
    reader, the text, and whether there were no quotes; most texts are written at many endpoints, and all are read again
    where layers are merged.
    """

    problems: list[Problem] = field(default_factory=list)
    relaxed: bool = False
    searched: tuple[Layer, ...] = ()
    sound: Sound = field(default_factory=dict)

    def refuse(self, place: Place, rule: str, message: str, hint: str = "") -> Failed:
        """Note a problem, and return what stands for the value."""
        self.problems.append(problem_at(place, rule, message, hint))
        return FAILED


class Reader(Protocol):
    """Reads one type. `at` is the key that the node stands behind; it names the value in messages."""

    @property
    def wants(self) -> str:
        """Say what to write, for a hint."""

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        """Return the value, or FAILED after its problems were noted."""


def read_once(reader: Reader, node: Node, at: Scalar, context: Context) -> Any:
    """Read a node; a plain text that was sound before has the value that it had then."""
    if not isinstance(node, Scalar):
        return reader.read(node, at, context)
    # Readers live as long as the program.
    written = (id(reader), node.text, node.is_plain)
    if (value := context.sound.get(written, FAILED)) is FAILED:
        value = reader.read(node, at, context)
        if value is not FAILED and value is not node:
            context.sound[written] = value
    return value


def shown(scalar: Scalar) -> str:
    """Quote a value for a message, cut where it is long, without what looks like a secret."""
    # Before it is cut: what is left of a token would no longer look like one.
    text = "********" if secrets.looks_secret(scalar.text) else secrets.without_shapes(scalar.text)
    return f'"{text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"}"'


def is_refused_null(node: Node, at: Scalar, wants: str, context: Context) -> bool:
    """Whether nothing is written where a value is needed."""
    if not (isinstance(node, Scalar) and node.is_null):
        return False
    context.refuse(node.place, "null-value", f"{at.text} has no value", f"write {wants}")
    return True


def scalar_for(node: Node, at: Scalar, wants: str, context: Context) -> Scalar | None:
    """Return the node as a scalar that is no null and no secret, or None after its problem was noted."""
    if is_refused_null(node, at, wants, context):
        return None
    if not isinstance(node, Scalar):
        what = "a list" if isinstance(node, Sequence) else "a mapping"
        message = f"{at.text} is {wants}, not {what}"
        context.refuse(node.place, "wrong-type", message, f"write {wants}")
        return None
    if secrets.looks_secret(node.text):
        # A key is read as a value of its own; its name would be the secret.
        context.problems.append(secrets.refused_value(node, name="a key" if node is at else at.text))
        return None
    return node
