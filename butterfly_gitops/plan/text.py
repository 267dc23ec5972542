"""A plan for a terminal of 80 columns: the worst first, each with its place, its meaning and its lines.

Colour and progress belong to `cli`.
"""

from collections.abc import Iterator

from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.printable import printable
from butterfly_gitops.plan.consequence import Consequence
from butterfly_gitops.plan.document import PRINTED_HOLD_DIGITS, Counts, Plan
from butterfly_gitops.plan.effect import Effect
from butterfly_gitops.plan.preview_words import preview_lines
from butterfly_gitops.plan.setting import PlanSetting
from butterfly_gitops.plan.wording import WIDTH, agreed, all_of, many, print_moment, wrapped

# Where `file:line` ends.
RIGHT_EDGE = 76

HEADING = {
    Consequence.NOTHING_APPLIED: "NOTHING IS APPLIED ANY MORE",
    Consequence.RESULTS_STOP: "RESULTS STOP",
    Consequence.GO_ELSEWHERE: "GOES ELSEWHERE",
    Consequence.IDENTITY_CHANGES: "MESSAGE IDENTITY CHANGES",
    Consequence.ONE_MORE_PLACE: "ONE MORE PLACE",
    Consequence.TIMING: "TIMING",
    Consequence.COSMETIC: "COSMETIC",
}
_BY_CONTROLLER = (
    "A controller applies what its source says: what is applied by hand, its next pass takes back."
)
_BY_HAND = "To apply exactly this: bgo plan --out p.json, then bgo apply p.json"
NOTHING_APPLIED = "Nothing is applied any more, for the fleet has another name"
# Names in the files that read badly in a sentence.
_LAYER_WORDS = {"endpoint_defaults": "endpoint defaults", "site": "the site's time zone"}


def print_plan(plan: Plan) -> str:
    """The whole plan as text."""
    sections = [
        _head(plan),
        *_effects(plan),
        _held(plan),
        *_blocked(plan),
        preview_lines(plan.preview) if plan.preview and not plan.is_empty else [],
        _beside(plan),
        _foot(plan),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _head(plan: Plan) -> list[str]:
    beside = plan.beside
    compared = f"{beside.desired} against {beside.applied}"
    if beside.as_of is not None:
        compared += f"; counts as of {print_moment(beside.as_of)}"
    return [*wrapped(headline(plan)), *wrapped(compared)]


def headline(plan: Plan) -> str:
    """The first sentences: what happens to results, and whether anybody must approve it."""
    if plan.is_empty:
        return "No changes."
    if plan.is_of_another_fleet:
        return f"{NOTHING_APPLIED}."
    return " ".join(f"{sentence}." for sentence in (*sum_up(plan.counts), *_approval(plan)))


def sum_up(counts: Counts, *, is_short: bool = False) -> Iterator[str]:
    """Say the figures of a plan, the worst first; short for the headline of a comment."""
    stopping = []
    if counts.archives_stopping:
        stopping.append(many(counts.archives_stopping, "archive", "archives"))
    if counts.endpoints_removed:
        stopping.append(many(counts.endpoints_removed, "endpoint", "endpoints"))
    if counts.everything_stops:
        yield "All results stop"
    else:
        yield f"Results of {' and '.join(stopping)} stop" if stopping else "No results stop"
    if elsewhere := counts.endpoints_elsewhere:
        yield f"{_of_endpoints('results', elsewhere, is_short=is_short)} go elsewhere"
    if new := counts.endpoints_public:
        yield many(new, "new endpoint has a public host", "new endpoints have public hosts")
    if renamed := counts.endpoints_identity:
        yield f"{_of_endpoints('messages', renamed, is_short=is_short)} change identity"
    if counts.sites_removed:
        yield f"{many(counts.sites_removed, 'site is', 'sites are')} removed"
    if counts.sites_added:
        yield f"{many(counts.sites_added, 'site is', 'sites are')} added"
    archives, pairs = counts.archives_sending_more, counts.pairs_starting
    if archives == 1:
        yield f"1 archive sends to {'one more EHR' if pairs == 1 else f'{pairs} more EHRs'}"
    elif archives:
        yield f"{archives} archives send to {'one more EHR each' if pairs == archives else 'more EHRs'}"


def _of_endpoints(what: str, count: int, *, is_short: bool) -> str:
    if is_short:
        whose = many(count, "endpoint's", "endpoints'")
        return f"{whose} {what}"
    return f"{what.capitalize()} of {many(count, 'endpoint', 'endpoints')}"


def _approval(plan: Plan) -> Iterator[str]:
    if plan.beside.commit_held:
        yield "The newest commit waits for approval, and nothing of it is applied before"
    holds, stay = plan.guard.holds, sorted(plan.blocked_sites)
    may_stay = sorted({one.site for one in plan.blocked} - plan.blocked_sites)
    if holds:
        sites = [hold.site for hold in holds if hold.site != FLEET_SETTINGS]
        who = [_sites(sites)] if sites else []
        if len(sites) < len(holds):
            who.append("the fleet's settings" if sites else "The fleet's settings")
        waits = agreed(len(holds), "waits", "wait") if sites else "wait"
        yield f"{all_of(who)} {waits} for approval{_given(plan)}"
    if stay:
        yield f"{_sites(stay)} {agreed(len(stay), 'stays as it runs', 'stay as they run')}, for results wait"
    if may_stay:
        stays = agreed(len(may_stay), "stays as it runs", "stay as they run")
        yield f"{_sites(may_stay)} {stays} if results wait at what leaves"
    if not (holds or plan.blocked or plan.beside.commit_held):
        yield f"No approval needed{_given(plan)}"


def _given(plan: Plan) -> str:
    """The condition of all that is said of approvals where only files were compared: all that is not applied counts."""
    return "" if plan.beside.as_of else f" if {plan.beside.applied} is what is applied"


def _sites(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} sites"


def _effects(plan: Plan) -> Iterator[list[str]]:
    for consequence in Consequence:
        blocks = [_effect(effect) for effect in plan.effects if effect.consequence is consequence]
        if blocks:
            yield [HEADING[consequence], *(line for block in blocks for line in block)]


def _effect(effect: Effect) -> list[str]:
    lines = [_place(effect)]
    if len(effect.places) > 1:
        lines += wrapped(", ".join(map(str, effect.places)), indent=4)
    if effect.sentence:
        lines += wrapped(effect.sentence, indent=4)
    width = max(len(setting.name) for setting in effect.settings)
    for setting in effect.settings:
        lines += _setting(setting, width)
    return lines


def _place(effect: Effect) -> str:
    if len(effect.places) == 1:
        return f"  {effect.places[0]}   {printable(effect.title)}".rstrip()
    sites = len({place.site for place in effect.places})
    return f"  {len(effect.places)} endpoints of {many(sites, 'site', 'sites')}, by {_LAYER_WORDS.get(effect.layer, effect.layer)}"


def _setting(setting: PlanSetting, width: int) -> list[str]:
    name = f"      {printable(setting.name):<{width}}  "
    line = f"{name}{_values(setting)}"
    lines = [line]
    if len(line) > WIDTH and setting.old is not None and setting.new is not None:
        lines = [f"{name}{printable(setting.old)}", f"{' ' * (len(name) - 3)}-> {printable(setting.new)}"]
    where = _where(setting)
    if not where:
        return lines
    if len(lines[-1]) + 2 + len(where) <= RIGHT_EDGE:
        gap = RIGHT_EDGE - len(lines[-1])
        return [*lines[:-1], f"{lines[-1]}{where:>{gap}}"]
    return [*lines, f"{where:>{RIGHT_EDGE}}"]


def _values(setting: PlanSetting) -> str:
    if setting.old is None:
        return f"+ {printable(setting.new or '')}"
    if setting.new is None:
        return f"- {printable(setting.old)}"
    return f"{printable(setting.old)} -> {printable(setting.new)}"


def _where(setting: PlanSetting) -> str:
    if setting.file is None:
        return ""
    place = setting.file if setting.line is None else f"{setting.file}:{setting.line}"
    return printable(
        f"from {_LAYER_WORDS.get(setting.layer, setting.layer)}, {place}" if setting.layer else place
    )


def _held(plan: Plan) -> list[str]:
    commit = plan.beside.commit_held
    if not plan.guard.holds and not commit:
        return []
    lines = ["WAITS FOR APPROVAL", *(wrapped(commit, indent=2) if commit else ())]
    for hold in plan.guard.holds:
        lines.append(f"  {hold.site}")
        lines += wrapped(f"{hold.what[0].upper()}{hold.what[1:]}.", indent=4)
        lines.append(f"      bgo approve {hold.id[:PRINTED_HOLD_DIGITS]} --reason …")
    return lines


def _blocked(plan: Plan) -> Iterator[list[str]]:
    for is_certain, heading in ((True, "STAYS AS IT RUNS"), (False, "STAYS AS IT RUNS IF RESULTS WAIT")):
        lines = [heading]
        for one in plan.blocked:
            if one.is_certain is is_certain:
                lines += [f"  {one.site}", *wrapped(one.why, indent=4)]
        if len(lines) > 1:
            yield lines


def _beside(plan: Plan) -> list[str]:
    rows = [(site.site, site.reason) for site in plan.kept]
    rows += [(note.subject, note.says) for note in plan.beside.notes]
    if not rows:
        return []
    width = max(len(printable(subject)) for subject, _ in rows)
    lines = ["NOT PART OF THIS PLAN"]
    for subject, says in sorted(rows):
        head = f"  {printable(subject):<{width}}   "
        lines += wrapped(says, first=head, indent=len(head))
    return lines


def _foot(plan: Plan) -> list[str]:
    if plan.is_empty:
        return []
    counts, guarded = plan.counts, plan.guard
    change = "changes" if counts.sites_changing == 1 else "change"
    sites = f"{counts.sites_changing} of {many(counts.sites, 'site', 'sites')} {change}."
    if plan.beside.as_of is None:
        return wrapped(f"{sites} From files alone: bgo plan adds what runs and waits.")
    measured = f"Guard: {len(guarded.counted)} of at most {many(guarded.limit, 'endpoint', 'endpoints')}."
    return [
        *wrapped(f"{sites} {measured} Plan {plan.printed_id}."),
        *wrapped(_BY_CONTROLLER if plan.beside.by_controller else _BY_HAND),
    ]
