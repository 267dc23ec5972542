"""Scenarios: the answers of a practice EHR, as a person writes them in YAML.

A scenario is a list of rules; the first whose `match` fits decides, and a message that none fits is answered AA at
once. Carrying an answer out is the server's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.config.problem_text import print_place
from butterfly_gitops.config.text.yaml_text import read_text
from butterfly_gitops.config.tree import Mapping, Node, Scalar, Sequence, problem_at
from butterfly_gitops.config.values.context import FAILED, Context
from butterfly_gitops.config.values.models import reader_of, top_of
from butterfly_gitops.hl7.escape import unescape
from butterfly_gitops.hl7.message import value_of
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import Duration

Word = Annotated[str, StringConstraints(min_length=1, max_length=199)]
Field20 = Annotated[str, StringConstraints(max_length=20)]

# ORC-3 and OBR-3 hold the filler's number of the study, OBR-18 its accession number.
_STUDY_PLACES = ("OBR-3", "ORC-3", "OBR-18")


class Match(Frozen):
    """The messages that a rule is about: those that fit all that is written; without anything, all."""

    nth: Annotated[int, Field(ge=1)] | None = None
    """The number of the message at this listener, from 1; every arrival counts, repeats too."""
    study: Word | None = None
    """The study's filler or accession number."""
    endpoint: Word | None = None
    """The label that the listener was given."""


class ScriptedAnswer(Frozen):
    """The treatment of a message by a receiver."""

    code: Field20 | None = None
    """MSA-1: AA, AE, AR, CA, CE, CR, or whatever a peer might say; AA unless written."""
    after: Duration = timedelta(0)
    """The time that it takes."""
    msa2: Word | None = None
    """MSA-2 in place of the message's own control id."""
    then: Literal["close", "reset", "silence"] | None = None
    """`close`: close after the answer. `reset`: break the connection, in place of an answer unless a `code` is
    written. `silence`: say nothing, and stay."""

    @property
    def sends(self) -> str | None:
        """The MSA-1 that goes out; None where no answer does."""
        if self.then == "silence" or (self.then == "reset" and self.code is None):
            return None
        return "AA" if self.code is None else self.code


class ScenarioRule(Frozen):
    """One line of a scenario."""

    match: Match = Match()
    answer: ScriptedAnswer = ScriptedAnswer()


class Scenario(Frozen):
    """The behaviour of a receiver; without rules, it behaves well."""

    rules: tuple[ScenarioRule, ...] = ()


WELL_BEHAVED = Scenario()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedMessage:
    """A message as rules see it: its number at this listener, the listener's label, and the study's numbers."""

    nth: int
    endpoint: str
    studies: frozenset[str]


class BadScenario(GitopsError):  # noqa: N818 - it says what is wrong
    """A scenario that cannot be followed; `problems` say where and why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(_line, problems)))
        self.problems = problems


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises BadScenario, and GitopsError where the file cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GitopsError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
    return parse_scenario(data, file=str(path))


def parse_scenario(data: bytes, *, file: str) -> Scenario:
    """Read a scenario's text; `file` is what problems call it. Raises BadScenario with all of them."""
    text = read_text(data, file=file, site=None)
    if text.root is None or text.problems:
        raise BadScenario(tuple(map(_as_of_a_scenario, text.problems)))
    context = Context()
    rules = reader_of(tuple[ScenarioRule, ...]).read(text.root, _the_scenario(text.root), context)
    problems = (*context.problems, *_answers_of_the_silent(text.root))
    if problems or rules is FAILED:
        raise BadScenario(tuple(sorted(problems, key=lambda problem: problem.origin)))
    return Scenario(rules=rules)


def _as_of_a_scenario(problem: Problem) -> Problem:
    """Explain an empty file as a scenario, not as a file of the configuration."""
    if problem.rule != "empty-file":
        return problem
    return replace(problem, hint="write a rule such as `- answer: {code: AE}`, or name no scenario")


def arrival(message: bytes, *, nth: int, endpoint: str) -> ArrivedMessage:
    """Look at a message as rules do. Never raises, whatever the bytes."""
    numbers = (unescape(value_of(message, place).split("^")[0]) for place in _STUDY_PLACES)
    return ArrivedMessage(nth=nth, endpoint=endpoint, studies=frozenset(filter(None, numbers)))


def answer_to(scenario: Scenario, arrived: ArrivedMessage) -> ScriptedAnswer:
    """The answer of the first rule that fits; an immediate AA where none does."""
    for rule in scenario.rules:
        if _fits(rule.match, arrived):
            return rule.answer
    return ScriptedAnswer()


def _fits(match: Match, arrived: ArrivedMessage) -> bool:
    return (
        match.nth in (None, arrived.nth)
        and match.endpoint in (None, arrived.endpoint)
        and (match.study is None or match.study in arrived.studies)
    )


def _the_scenario(root: Node) -> Scalar:
    return Scalar(place=top_of(root).place, text="a scenario", is_plain=True)


def _answers_of_the_silent(root: Node) -> Iterator[Problem]:
    """Find codes that could never be sent: whoever wrote them expects something else."""
    rules = root.items if isinstance(root, Sequence) else ()
    for answer in (rule.value("answer") for rule in rules if isinstance(rule, Mapping)):
        then = answer.value("then") if isinstance(answer, Mapping) else None
        if not (isinstance(answer, Mapping) and isinstance(then, Scalar) and then.text == "silence"):
            continue
        for name in ("code", "msa2"):
            if entry := answer.entry(name):
                message = f"an answer that is silence has no {name}"
                hint = f"take {name} or `then: silence` out"
                yield problem_at(entry.key.place, "silence-with-code", message, hint)


def _line(problem: Problem) -> str:
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{print_place(problem.origin)}: {problem.message}{hint}"
