"""A plan as the comment of a pull request: GitHub's and GitLab's Markdown, one comment that its first line names.

The files of a pull request are written by people who may not be trusted yet, so nothing of them is markup here.
"""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from butterfly_gitops.model.problem import Origin
from butterfly_gitops.plan.consequence import Consequence, class_of
from butterfly_gitops.plan.diff import FLEET, GRANTS
from butterfly_gitops.plan.document import PRINTED_HOLD_DIGITS, Plan
from butterfly_gitops.plan.effect import Effect
from butterfly_gitops.plan.markdown_text import code, named, plain, table, value
from butterfly_gitops.plan.preview_words import preview_section
from butterfly_gitops.plan.setting import PlanSetting
from butterfly_gitops.plan.sides import PlannedHold
from butterfly_gitops.plan.text import NOTHING_APPLIED, sum_up
from butterfly_gitops.plan.wording import agreed, many, print_moment

Link = Callable[[Origin], str]

# GitHub takes 65,536 characters. Rows over these are counted, not shown.
TABLE_BUDGET = 30_000
DETAILS_BUDGET = 10_000
MOST_NAMED = 10
# Our own words, around a few names.
LONGEST_SENTENCE = 600

_LABEL = {
    Consequence.NOTHING_APPLIED: "Nothing applied",
    Consequence.RESULTS_STOP: "Stops",
    Consequence.GO_ELSEWHERE: "Elsewhere",
    Consequence.IDENTITY_CHANGES: "Identity",
    Consequence.ONE_MORE_PLACE: "One more",
}
_HEAD = ("Where", "After the merge", "Setting", "Line")
_DETAILS = {Consequence.TIMING: "Timing", Consequence.COSMETIC: "Cosmetic"}
_HAPPENS = {
    Consequence.RESULTS_STOP: "stop",
    Consequence.GO_ELSEWHERE: "go elsewhere",
    Consequence.IDENTITY_CHANGES: "change identity",
}


def print_markdown(plan: Plan, *, folder: str, link: Link | None = None) -> str:
    """The whole comment. `folder` is the sites folder that its marker names; `link` gives a line's address."""
    return "\n\n".join(
        [
            f"{marker(folder)}\n### {' · '.join(_headline(plan))}",
            *_approval(plan),
            *_left_out(plan),
            *_main_table(plan, link),
            *(section for each in _DETAILS for section in _details(plan, each, link)),
            *(preview_section(plan.preview) if plan.preview else ()),
            _foot(plan, folder),
        ]
    ) + "\n"  # fmt: skip


def print_nothing_compared(why: str, *, folder: str) -> str:
    """The comment in place of a plan where one of the two sides cannot be read at all."""
    return f"{marker(folder)}\n### What changes cannot be told\n\n{plain(why)}.\n"


def marker(folder: str) -> str:
    """The line by which a workflow finds the comment to bring up to date."""
    return f"<!-- butterfly-gitops:diff {quote(folder).rstrip('/')}/ -->"


def _headline(plan: Plan) -> list[str]:
    if plan.is_empty:
        return ["No changes"]
    if plan.is_of_another_fleet:
        return [NOTHING_APPLIED]
    return list(sum_up(plan.counts, is_short=True))


def _approval(plan: Plan) -> Iterator[str]:
    if plan.is_of_another_fleet:
        yield "**Will be refused after the merge:** write the fleet's name as it was."
        return
    for hold in [hold for hold in plan.guard.holds if hold.always][:MOST_NAMED]:
        yield f"{_will_wait(plan)} {plain(hold.what)}. Release with {_releases([hold])}"
    if over := [hold for hold in plan.guard.holds if not hold.always]:
        yield f"{_will_wait(plan)} {_over_limit(plan, over)} Release with {_releases(over)}"
    for one in plan.blocked[:MOST_NAMED]:
        yield f"**Will wait after the merge:** {one.why}"
    if not plan.is_empty and not plan.guard.holds and not plan.blocked:
        yield (
            f"No approval needed{_given(plan)}: applies by itself after the merge. Studies finalized before that are "
            "not resent."
        )


def _will_wait(plan: Plan) -> str:
    return f"**Will wait after the merge**{_given(plan)}:"


def _given(plan: Plan) -> str:
    """The condition of a verdict from files alone: they do not know what else is not applied, which counts."""
    return "" if plan.beside.as_of else f" if {_revision(plan.beside.applied)} is what is applied"


def _over_limit(plan: Plan, holds: Sequence[PlannedHold]) -> str:
    held = {change for hold in holds for change in hold.changes}
    classes = {class_of(change) for change in plan.changes if change.id in held}
    happens = [_HAPPENS[each] for each in _HAPPENS if each in classes]
    count = many(len(plan.guard.counted), "endpoint", "endpoints")
    who = count if happens == ["change identity"] else f"results of {count}"
    return f"{who} {' or '.join(happens)}, the limit is {plan.guard.limit}."


def _releases(holds: Sequence[PlannedHold]) -> str:
    shown = [
        f"{code(f'bgo approve {hold.id[:PRINTED_HOLD_DIGITS]} --reason …')} ({hold.site})"
        for hold in holds[:MOST_NAMED]
    ]
    return ", ".join(shown) + _and_more(len(holds) - MOST_NAMED)


def _left_out(plan: Plan) -> Iterator[str]:
    if plan.kept:
        kept = [f"{plain(one.site)} {plain(one.reason)}" for one in plan.kept[:MOST_NAMED]]
        yield f"**Not part of this:** {'; '.join(kept)}{_and_more(len(plan.kept) - MOST_NAMED)}"


def _and_more(count: int) -> str:
    return f", and {count} more" if count > 0 else ""


def _main_table(plan: Plan, link: Link | None) -> Iterator[str]:
    rows = [
        (f"**{_LABEL[effect.consequence]}**", *_cells(effect, link, strong=True))
        for effect in plan.effects
        if effect.consequence in _LABEL
    ]
    if rows:
        yield table(("", *_HEAD), rows, budget=TABLE_BUDGET)


def _details(plan: Plan, consequence: Consequence, link: Link | None) -> Iterator[str]:
    if effects := [effect for effect in plan.effects if effect.consequence is consequence]:
        # Most of these have no words, and then no column for them.
        shown = [0, 1, 2, 3] if any(effect.brief for effect in effects) else [0, 2, 3]
        head, *rows = ([row[i] for i in shown] for row in (_HEAD, *(_cells(one, link) for one in effects)))
        summary = f"<details><summary>{_DETAILS[consequence]}: {_extent(effects)}</summary>"
        yield "\n\n".join([summary, table(head, rows, budget=DETAILS_BUDGET), "</details>"])


def _cells(effect: Effect, link: Link | None, *, strong: bool = False) -> tuple[str, str, str, str]:
    return (
        _where(effect, strong=strong),
        plain(effect.brief, longest=LONGEST_SENTENCE),
        "<br>".join(map(_setting, effect.settings)),
        "<br>".join(_origins(effect, link)),
    )


def _extent(effects: Sequence[Effect]) -> str:
    """`1 change at 2 endpoints of 2 sites`."""
    changes = sum(len(effect.settings) for effect in effects)
    places = {place for effect in effects for place in effect.places}
    are_endpoints = {effect.kind for effect in effects} == {"ehr_endpoint"}
    what = many(len(places), *(("endpoint", "endpoints") if are_endpoints else ("place", "places")))
    sites = {place.site for place in places if place not in (FLEET, GRANTS)}
    of_sites = f" of {many(len(sites), 'site', 'sites')}" if sites else ""
    return f"{many(changes, 'change', 'changes')} at {what}{of_sites}"


def _where(effect: Effect, *, strong: bool = False) -> str:
    places = named(effect.places, strong=strong)
    if len(effect.places) > MOST_NAMED:
        # All are named, and the table stays readable.
        sites = many(len({place.site for place in effect.places}), "site", "sites")
        summary = f"{len(effect.places)} endpoints of {sites}"
        places = f"<details><summary>{summary}</summary>{places}</details>"
    return f"{places} ({_layer(effect.layer)})" if effect.layer else places


def _layer(layer: str) -> str:
    preset = layer.removeprefix("preset ")
    if preset != layer:
        return f"preset {code(preset)}"
    return "the site's time zone" if layer == "site" else plain(layer.replace("_", " "))


def _setting(setting: PlanSetting) -> str:
    name = code(setting.name)
    if setting.old is None:
        return f"{name} + {code(setting.new or '')}"
    if setting.new is None:
        return f"{name} − {code(setting.old)}"
    return f"{name} {value(setting.old)} → {value(setting.new)}"


def _origins(effect: Effect, link: Link | None) -> Iterator[str]:
    before = None
    for setting in effect.settings:
        if setting.file is None:
            continue
        line = "" if setting.line is None else f":{setting.line}"
        if (setting.file, setting.line) != before:
            same_file = before is not None and before[0] == setting.file and line
            name = plain(setting.file.rpartition("/")[2])
            text = line if same_file else f"{name}{line}"
            origin = Origin(file=setting.file, line=setting.line or 0)
            # Beside several places stands whose line it is.
            whose = f"from {_layer(setting.layer)}, " if setting.layer and not effect.layer else ""
            yield f"{whose}[{text}]({link(origin)})" if link else f"{whose}{text}"
        before = (setting.file, setting.line)


def _foot(plan: Plan, folder: str) -> str:
    beside, counts = plan.beside, plan.counts
    desired = beside.desired.removeprefix(f"{folder.rstrip('/')}/ at ")
    compared = f"{_revision(desired)} against {_revision(beside.applied)}"
    since = (
        "from files alone: `bgo plan` counts what waits"
        if beside.as_of is None
        else f"counts as of {print_moment(beside.as_of)}"
    )
    sites = (
        f"{counts.sites_changing} of {many(counts.sites, 'site', 'sites')} "
        f"{agreed(counts.sites_changing, 'changes', 'change')}"
    )
    return f"<sub>{sites} · {compared} · {since} · butterfly-gitops {plain(beside.engine)}</sub>"


def _revision(described: str) -> str:
    """`main at 9c0d3aa`, with the names as code; words such as `what is applied` as they are."""
    parts = described.split(" at ")
    is_name = " " not in parts[0] and not parts[0].endswith("/")
    return " at ".join(code(part) for part in parts) if is_name else plain(described)
