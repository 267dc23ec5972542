"""The messages of sample studies under both sides of a comparison, and what differs between them.

All else is fixed: MSH-10, the time of the message and what a store would know of a report.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.hl7.comparison import alterations
from butterfly_gitops.hl7.field_type import TYPE_OF_FIELD, component_name
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.render import preview_defaults, render
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.site import archives_by_name
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.plan.change import Change
from butterfly_gitops.plan.consequence import Consequence, class_of
from butterfly_gitops.plan.departure import with_removed_sites
from butterfly_gitops.plan.message_effect import Happens, MessageEffect, MessageFact, MessageGroup
from butterfly_gitops.plan.renaming import told_in_new_names
from butterfly_gitops.plan.sides import Comparison, Side

# In summer, so that zones that differ only then do.
_MADE_AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
_CONTROL_ID = "SAMPLE00000000000000"
_FALLBACK_FILLER = "BF00000000000000"
_WORST_FIRST = ("set_aside", "not_sent", "no_longer_set_aside", "sent", "another_layout", "altered")

_Told = tuple[ResultStatus | None, MessageFact]
Written = str | RenderingRefused | None
"""A message as text, why there is none, or None where none is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStudy:
    """One sample study, by the file that it is from."""

    name: str
    event: StudyEvent


def message_effects(
    changes: Iterable[Change], samples: Sequence[SampleStudy], *, desired: Side, before: Side
) -> tuple[MessageEffect, ...]:
    """Render the samples under both sides, and tell what differs for each endpoint that changes touch.

    A sample is for the endpoints of the site whose archive it names, or of all if no side knows its archive; a site
    without any gets all of them.
    """
    comparison = told_in_new_names(with_removed_sites(Comparison(desired=desired, applied=before)))
    old, new = comparison.applied, comparison.desired
    alike: dict[tuple[MessageGroup, ...], list[Address]] = {}
    for place in sorted({change.owner for change in changes if _shows_in_messages(change)}, key=str):
        chosen = _samples_for(place.site, samples, (old, new))
        groups = _groups(chosen, _endpoint(place, old), _endpoint(place, new))
        alike.setdefault(groups, []).append(place)
    effects = [MessageEffect(places=tuple(places), groups=groups) for groups, places in alike.items()]
    # Those where nothing is to be seen come last.
    return tuple(sorted(effects, key=lambda effect: (not effect.groups, str(effect.places[0]))))


def _shows_in_messages(change: Change) -> bool:
    if change.kind != "ehr_endpoint":
        return False
    return (
        change.is_whole
        or change.setting == "preliminary_results"
        or class_of(change) is Consequence.IDENTITY_CHANGES
    )


def _endpoint(place: Address, side: Side) -> EhrEndpoint | None:
    site = side.site(place)
    return site.ehr_endpoints.get(place.name or "") if site else None


def _samples_for(site: str, samples: Sequence[SampleStudy], sides: Iterable[Side]) -> Sequence[SampleStudy]:
    sites = [each for side in sides for each in side.sites.values()]
    home = {name: archive.site for name, archive in archives_by_name(sites).items()}
    own = [sample for sample in samples if home.get(sample.event.archive, site) == site]
    return own or samples


def _groups(
    samples: Iterable[SampleStudy], old: EhrEndpoint | None, new: EhrEndpoint | None
) -> tuple[MessageGroup, ...]:
    """Group the facts by the set of studies that they hold for."""
    studies: defaultdict[_Told, Counter[str]] = defaultdict(Counter)
    rows: defaultdict[_Told, set[str | None]] = defaultdict(set)
    for sample in samples:
        known: set[MessageFact] = set()
        for status in _statuses(sample.event):
            facts = _facts(sample.event, status, old, new)
            # Without their OBX; of a later message only what is not so of the first.
            bare = {fact: fact.model_copy(update={"row": None}) for fact in facts}
            for fact, count in facts.items():
                if bare[fact] not in known:
                    told = (_later(status), bare[fact])
                    studies[told][sample.name] += count
                    rows[told].add(fact.row)
            known.update(bare.values())
    groups: defaultdict[tuple[ResultStatus | None, tuple[str, ...]], list[MessageFact]] = defaultdict(list)
    for (later, fact), counts in studies.items():
        at = rows[later, fact]
        row = next(iter(at)) if len(at) == 1 else None
        span = {"row": row, "fewest": min(counts.values()), "most": max(counts.values())}
        groups[later, tuple(counts)].append(fact.model_copy(update=span))
    made = [
        MessageGroup(
            is_correction=later is ResultStatus.C,
            is_withdrawal=later is ResultStatus.W,
            studies=names,
            facts=tuple(facts),
        )
        for (later, names), facts in groups.items()
    ]
    return tuple(sorted(made, key=_weight))


def _later(status: ResultStatus) -> ResultStatus | None:
    """The status of a later message, a correction or a withdrawal; None for the first."""
    return status if status in (ResultStatus.C, ResultStatus.W) else None


def _weight(group: MessageGroup) -> tuple[int, bool, bool, int]:
    """Sort the worst first; of equal ones the first result before the later ones, and what most studies share."""
    worst = min(_WORST_FIRST.index(fact.happens) for fact in group.facts)
    return worst, group.is_withdrawal, group.is_correction, -len(group.studies)


def _statuses(event: StudyEvent) -> tuple[ResultStatus, ...]:
    match event.event:
        case "finalized":
            return ResultStatus.F, ResultStatus.C, ResultStatus.W
        case "attestation_requested":
            return (ResultStatus.P,)
        case "reverted" | "deleted":
            return ()


def _facts(
    event: StudyEvent, status: ResultStatus, old: EhrEndpoint | None, new: EhrEndpoint | None
) -> Mapping[MessageFact, int]:
    """The facts of one message, each with how often it is so."""
    before, after = _written(event, status, old), _written(event, status, new)
    match before, after:
        case str(), str():
            return _altered(before, after, old, new)
        case _, RenderingRefused():
            is_known = isinstance(before, RenderingRefused) and str(before) == str(after)
            return {} if is_known else {_refused("set_aside", after): 1}
        case RenderingRefused(), str():
            return {_refused("no_longer_set_aside", before): 1}
        case None, str():
            return {MessageFact(happens="sent", says=_segments(after)): 1}
        case None, None:
            return {}
        case _:
            return {MessageFact(happens="not_sent"): 1}


def _altered(
    before: str, after: str, old: EhrEndpoint | None, new: EhrEndpoint | None
) -> Mapping[MessageFact, int]:
    """The fields that differ, behind the two layouts where those differ."""
    named = {**_names(old), **_names(new)}
    layouts = [endpoint.message.layout for endpoint in (old, new) if endpoint is not None]
    is_same = len(set(layouts)) == 1
    head = [] if is_same else [MessageFact(happens="another_layout", old=layouts[0], new=layouts[-1])]
    altered = [
        MessageFact(
            happens="altered",
            place=one.place,
            name=named.get(one.place) or _component(one.place),
            row=one.row or None,
            change=one.kind,
            old=one.old or None,
            new=one.new or None,
        )
        for one in alterations(before, after, is_same_layout=is_same)
    ]
    return Counter([*head, *altered])


def _refused(happens: Happens, refusal: RenderingRefused) -> MessageFact:
    return MessageFact(happens=happens, place=refusal.field, says=refusal.why, settings=refusal.settings)


def _written(event: StudyEvent, status: ResultStatus, endpoint: EhrEndpoint | None) -> Written:
    if endpoint is None or (status is ResultStatus.P and endpoint.preliminary_results == "never"):
        return None
    try:
        known = preview_defaults(event, endpoint, status, fallback_filler=_FALLBACK_FILLER)
        message = render(
            Form.of(endpoint), event, report=known, status=status, control_id=_CONTROL_ID, at=_MADE_AT
        )
    except RenderingRefused as refusal:
        return refusal
    return message.data.decode(charset_of(endpoint.encoding).codec)


def _component(place: str) -> str:
    """The name of `PV1-19.4`, or nothing where no component is meant."""
    name, _, number = place.partition(".")
    return component_name(TYPE_OF_FIELD[name], int(number)) if number else ""


def _names(endpoint: EhrEndpoint | None) -> dict[str, str]:
    if endpoint is None:
        return {}
    named: dict[str, str] = {}
    for segment in LAYOUTS[endpoint.message.layout].segments.values():
        named[segment.name] = segment.title
        for each in segment.fields:
            named[f"{segment.name}-{each.number}"] = each.name
    return named


def _segments(message: str) -> str:
    """`MSH, PID, OBR, 3 OBX`."""
    counted = Counter(line.partition("|")[0] for line in message.split("\r") if line)
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in counted.items())
