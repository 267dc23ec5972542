"""Comments that answer a warning, `# bgo: ignore RULE: reason`, and those that answer nothing.

A comment changes nothing of what runs, so a wrong one is only warned of. Errors are never silenced.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.config.tree import Place, Remark, problem_at
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.model.problem import Problem, Severity

_FORM = re.compile(r"#\s*bgo:\s*ignore\s+(?P<rule>[^\s:]+)(?:\s*:\s*(?P<reason>.*))?")
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

NEVER_SILENT = ("bad-silence", "unknown-rule", "cannot-silence", "needless-silence")
# The file, the line and the rule whose problems a comment answers: many problems and many comments meet here.
_Answered = tuple[str, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Silence:
    """One comment that has the form: where the rule's name stands, and which line's problems it answers."""

    place: Place
    line: int
    rule: str
    reason: str

    @property
    def answers(self) -> _Answered:
        return self.place.source.file, self.line, self.rule


def with_silences(found: Iterable[Problem], remarks: Iterable[Remark]) -> list[Problem]:
    """The problems, with the reason in those that a comment answers, and those of the comments themselves."""
    problems = list(found)
    read = [(remark, _read(remark)) for remark in remarks]
    if not read:
        return problems
    refused = [(silence, _refused(silence)) for _, silence in read if silence]
    silences = [silence for silence, refusal in refused if refusal is None]
    reasons: dict[_Answered, str] = {}
    for silence in silences:
        reasons.setdefault(silence.answers, silence.reason)
    answered: defaultdict[_Answered, list[Problem]] = defaultdict(list)
    for problem in problems:
        answered[_position(problem)].append(problem)
    broken = {problem.site for problem in problems if problem.severity is Severity.ERROR}
    return [
        *(
            replace(problem, silenced=reasons[_position(problem)])
            if problem.severity is not Severity.ERROR and _position(problem) in reasons
            else problem
            for problem in problems
        ),
        *(_not_understood(remark) for remark, silence in read if silence is None),
        *(refusal for _, refusal in refused if refusal),
        *(idle for silence in silences for idle in _idle(silence, answered.get(silence.answers, ()), broken)),
    ]


def _read(remark: Remark) -> _Silence | None:
    found = _FORM.fullmatch(remark.text)
    if found is None or "," in found["rule"]:
        return None
    at, rule = remark.place, found["rule"]
    return _Silence(
        place=at._replace(column=at.column + found.start("rule"), length=len(rule)),
        line=remark.line,
        rule=rule,
        reason=(found["reason"] or "").strip(),
    )


def _position(problem: Problem) -> _Answered:
    return problem.origin.file, problem.origin.line, problem.rule


def _not_understood(remark: Remark) -> Problem:
    message = "this comment speaks to bgo, and is not understood"
    named = [word for word in dict.fromkeys(_WORD.findall(remark.text)) if word in RULES] or ["RULE"]
    several = "a comment for each rule, each in a line of its own: " if named[1:] else ""
    hint = f"write {several}`# bgo: ignore {named[0]}: reason`"
    return problem_at(remark.place, "bad-silence", message, hint, severity=Severity.WARNING)


def _refused(silence: _Silence) -> Problem | None:
    """Find what is wrong with a comment whatever the rest of the files says."""
    rule = RULES.get(silence.rule)
    if rule is None:
        meant = typo_of(silence.rule, RULES)
        hint = f'write "{meant}"' if meant else "write the name that stands in the warning's brackets"
        message = f'there is no rule "{silence.rule[:60]}"'
        return problem_at(silence.place, "unknown-rule", message, hint, severity=Severity.WARNING)
    if silence.rule in NEVER_SILENT:
        message = f"{silence.rule} is about such comments; one comment cannot answer for another"
        return problem_at(
            silence.place, "cannot-silence", message, "fix the other comment", severity=Severity.WARNING
        )
    if not rule.may_be_silenced:
        return _cannot(silence.place, f"{silence.rule} is an error")
    if not silence.reason:
        message = f"no reason is given for silencing {silence.rule}"
        hint = f"write it behind a colon: # bgo: ignore {silence.rule}: reason"
        return problem_at(silence.place, "bad-silence", message, hint, severity=Severity.WARNING)
    return None


def _cannot(place: Place, what: str) -> Problem:
    message = f"{what}: it keeps its site as it runs until it is fixed, so no comment silences it"
    hint = "fix what it says, and take the comment out"
    return problem_at(place, "cannot-silence", message, hint, severity=Severity.WARNING)


def _idle(silence: _Silence, answered: Sequence[Problem], broken: set[str | None]) -> Iterator[Problem]:
    """Warn of a sound comment that answers an error, or nothing."""
    if any(problem.severity is not Severity.ERROR for problem in answered):
        return
    if answered:
        yield _cannot(silence.place, f"{silence.rule} is an error here")
    # Errors may keep the rule from speaking; what stands in the fleet's files speaks of all sites.
    elif broken.isdisjoint({None, silence.place.source.site}) and (silence.place.source.site or not broken):
        where = f"in line {silence.line}" if silence.line else "below this comment"
        message = f"nothing {where} breaks {silence.rule}"
        hint = "take the comment out, or write it at the end of the line that the warning underlines"
        yield problem_at(silence.place, "needless-silence", message, hint, severity=Severity.WARNING)
