"""Warnings that a comment in the file answers, `# bgo: ignore RULE: reason`, and comments that answer nothing.

A comment changes nothing of what runs, so a wrong one is only warned of. Errors are never silenced.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from butterfly_gitops.config.nearest import nearest
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.config.rules.silence import MEND, NEVER_SILENT
from butterfly_gitops.config.tree import Place, Remark, problem_at
from butterfly_gitops.model.problem import Problem, Severity

_FORM = re.compile(r"#\s*bgo:\s*ignore\s+(?P<rule>[^\s:]+)(?:\s*:\s*(?P<reason>.*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Silence:
    """One comment that has the form: where the rule's name stands, and which line's problems it answers."""

    place: Place
    line: int
    rule: str
    reason: str

    def answers(self, problem: Problem) -> bool:
        at = problem.origin
        return (at.file, at.line, problem.rule) == (self.place.source.file, self.line, self.rule)


def with_silences(found: Iterable[Problem], remarks: Iterable[Remark]) -> list[Problem]:
    """The problems, with the reason in those that a comment answers, and those of the comments themselves."""
    problems = list(found)
    read = [(remark, _read(remark)) for remark in remarks]
    if not read:
        return problems
    silences = [silence for _, silence in read if silence and not _refused(silence)]
    broken = {problem.site for problem in problems if problem.severity is Severity.ERROR}
    return [
        *(_answered(problem, silences) for problem in problems),
        *(_not_understood(remark) for remark, silence in read if silence is None),
        *(refused for _, silence in read if silence and (refused := _refused(silence))),
        *(refused for silence in silences for refused in _idle(silence, problems, broken)),
    ]


def _read(remark: Remark) -> _Silence | None:
    found = _FORM.fullmatch(remark.text)
    if found is None:
        return None
    at, rule = remark.place, found["rule"]
    return _Silence(
        place=replace(at, column=at.column + found.start("rule"), length=len(rule)),
        line=remark.line,
        rule=rule,
        reason=(found["reason"] or "").strip(),
    )


def _answered(problem: Problem, silences: list[_Silence]) -> Problem:
    if problem.severity is Severity.ERROR:
        return problem
    reason = next((silence.reason for silence in silences if silence.answers(problem)), "")
    return replace(problem, silenced=reason) if reason else problem


def _not_understood(remark: Remark) -> Problem:
    message = "this comment speaks to bgo, and is not understood"
    return _warning(remark.place, rule="bad-silence", message=message, mend=MEND)


def _refused(silence: _Silence) -> Problem | None:
    """What is wrong with the comment whatever the rest of the files says."""
    rule = RULES.get(silence.rule)
    if rule is None:
        meant = nearest(silence.rule, RULES)
        mend = f'write "{meant}"' if meant else "write the name that stands in the warning's brackets"
        message = f'there is no rule "{silence.rule[:60]}"'
        return _warning(silence.place, rule="unknown-rule", message=message, mend=mend)
    if silence.rule in NEVER_SILENT:
        message = f"{silence.rule} is about such comments; one comment cannot answer for another"
        return _warning(silence.place, rule="cannot-silence", message=message, mend="mend the other comment")
    if not rule.may_be_silenced:
        return _cannot(silence.place, f"{silence.rule} is an error")
    if not silence.reason:
        message = f"no reason is given for silencing {silence.rule}"
        mend = f"write it behind a colon: # bgo: ignore {silence.rule}: reason"
        return _warning(silence.place, rule="bad-silence", message=message, mend=mend)
    return None


def _cannot(place: Place, what: str) -> Problem:
    message = f"{what}: it keeps its site as it runs until it is mended, so no comment silences it"
    mend = "mend what it says, and take the comment out"
    return _warning(place, rule="cannot-silence", message=message, mend=mend)


def _idle(silence: _Silence, problems: list[Problem], broken: set[str | None]) -> Iterator[Problem]:
    """What a sound comment answers that it cannot, or that is not there."""
    answered = [problem for problem in problems if silence.answers(problem)]
    if any(problem.severity is not Severity.ERROR for problem in answered):
        return
    if answered:
        yield _cannot(silence.place, f"{silence.rule} is an error here")
    elif not _may_be_unsaid(silence, broken):
        where = f"in line {silence.line}" if silence.line else "below this comment"
        message = f"nothing {where} breaks {silence.rule}"
        mend = "take the comment out, or write it at the end of the line that the warning underlines"
        yield _warning(silence.place, rule="needless-silence", message=message, mend=mend)


def _may_be_unsaid(silence: _Silence, broken: set[str | None]) -> bool:
    """Whether errors may keep the rule from speaking; what stands in the fleet's files speaks of all sites."""
    site = silence.place.source.site
    return bool(broken) if site is None else not broken.isdisjoint({None, site})


def _warning(place: Place, *, rule: str, message: str, mend: str) -> Problem:
    return problem_at(place, rule=rule, message=message, mend=mend, severity=Severity.WARNING)
