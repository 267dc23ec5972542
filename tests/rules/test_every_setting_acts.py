"""Every field of the five files does something: two values of it differ in bytes, behaviour, plan, access or refusal.

The fields come from the models; a field that is not in the table fails, and so does one whose two values look alike.
"""

import copy
import json
import types
import typing
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pydantic

from butterfly_gitops.config.layers import EndpointLayer
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.delivery.backoff import wait_cap
from butterfly_gitops.delivery.settle import Policy
from butterfly_gitops.delivery.target import retarget, text_of, wire_of
from butterfly_gitops.dispatcher.intake import _Routing
from butterfly_gitops.dispatcher.lane import Course
from butterfly_gitops.dispatcher.lanes import _listener
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.model.delivery import (
    LaneId,
    Outcome,
    ResultStatus,
    Rule,
    RuleId,
    State,
    Target,
    TargetNumber,
    Verdict,
)
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import Fleet, FleetFile, GrantsFile
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, SiteFile
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.plan.planning import make_plan
from butterfly_gitops.plan.sides import LaneCount, Observed, Side
from butterfly_gitops.plan.text import print_plan
from butterfly_gitops.store.interface import Running
from butterfly_gitops.web.access import Ability, Caller, _roles_of
from tests.delivery.rows import a_delivery, a_lane, a_report, in_flight, row, settled
from tests.hl7.samples import study
from tests.table import in_one_test

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
ABSENT = object()

FILES: dict[str, Any] = {
    "fleet.yaml": {"version": 1, "name": "mercy-health", "presets": {"epic": {"receiving_application": "EPIC"}}},
    "grants.yaml": {
        "version": 1,
        "subscription": "enterprise",
        "entitlements": {"preliminary_results": True},
        "access_roles": {
            "engineer": {
                "connectivity_management": "read",
                "results": "read",
                "message_content": "none",
                "members": ["ada@example.org"],
                "sites": ["*"],
            }
        },
    },
    "st-elsewhere/site.yaml": {
        "version": 1,
        "display_name": "St. Elsewhere",
        "time_zone": "America/New_York",
        "links": {"server-room": {"display_name": "Server room"}, "spare": {"display_name": "Spare"}},
        "endpoint_defaults": {"link": "server-room"},
    },
    "st-elsewhere/ehr-endpoints.yaml": {
        "version": 1,
        "ehr_endpoints": {
            "epic-prod": {
                "display_name": "Epic",
                "preset": "epic",
                "host": "10.20.30.40",
                "port": 6661,
                "sending_facility": "STE",
                "receiving_facility": "STE",
                "preliminary_results": "when_attestation_requested",
            },
            "registry": {
                "display_name": "Registry",
                "host": "10.0.0.9",
                "port": 2575,
                "sending_facility": "STE",
                "receiving_facility": "REG",
            },
        },
    },
    "st-elsewhere/archives.yaml": {
        "version": 1,
        "archives": {
            "emergency": {"display_name": "Emergency", "cloud_id": "a-1", "forward_to": ["epic-prod"]},
            "icu": {"display_name": "Intensive care", "forward_to": []},
        },
    },
}  # fmt: skip
MODELS: dict[str, type[pydantic.BaseModel]] = {
    "fleet.yaml": FleetFile,
    "grants.yaml": GrantsFile,
    "site.yaml": SiteFile,
    "ehr-endpoints.yaml": EhrEndpointsFile,
    "archives.yaml": ArchivesFile,
}
# What stands for the `*` of each map, where the sample has it.
NAMED = {
    "presets.*": "presets.epic",
    "access_roles.*": "access_roles.engineer",
    "links.*": "links.server-room",
    "ehr_endpoints.*": "ehr_endpoints.epic-prod",
    "archives.*": "archives.emergency",
    "exam_codes.*": "exam_codes.EFAST",
    "authorities.*": "authorities.STE",
    "removed_sites.*": "removed_sites.seaside",
}


def fields_of(model: type[pydantic.BaseModel], prefix: str = "") -> Iterator[str]:
    """Every leaf below a model; a map's names are `*`."""
    for name, info in model.model_fields.items():
        annotation = (
            EndpointLayer if (model, name) == (EhrEndpointsFile, "ehr_endpoints") else info.annotation
        )
        is_map = annotation is EndpointLayer or typing.get_origin(annotation) is dict
        yield from _below(annotation, f"{prefix}{name}{'.*' if is_map else ''}")


def _below(annotation: Any, path: str) -> Iterator[str]:
    models = list(_models_in(annotation))
    for one in models:
        yield from fields_of(one, f"{path}.")
    if not models or _has_text(annotation):
        yield path.removesuffix(".*")


def _models_in(annotation: Any) -> Iterator[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def _has_text(annotation: Any) -> bool:
    """A union of a text and a map, such as an HD."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return False
    return any(one is str or (typing.get_args(one) and typing.get_args(one)[0] is str) for one in arguments)


FIELDS = sorted({f"{file} {path}" for file, model in MODELS.items() for path in fields_of(model)})


# What can be seen of a configuration -------------------------------------------------------------------------------


def endpoint_in(fleet: Fleet) -> EhrEndpoint:
    endpoints = fleet.sites["st-elsewhere"].ehr_endpoints
    return endpoints.get("epic-prod") or endpoints["renamed"]


def sample_event() -> StudyEvent:
    event = study("names-not-latin.json").model_dump(mode="json", by_alias=True)
    event["patient"] |= {
        "family": "Müller",
        "given": "Zoë",
        "identifiers": [
            {"id": "MRN1", "authority": "STE", "type": "MR"},
            {"id": "PI1", "authority": "EMPI", "type": "PI"},
        ],
    }
    event["study"] = study("efast.json").study.model_dump(mode="json") | {
        "placer_order_number": None,
        "ordered_procedure": {"code": "76705", "display": "US abdomen", "system": "C4"},
        "report": [{"section": "findings", "text": "No free fluid.\nLungs slide."}],
    }
    event["study"]["people"].append({"role": "author", "id": "1051", "family": "Haddad"})
    event["encounter"] = {"visit_number": "V881", "account_number": "A1", "class": "E"}
    return StudyEvent.model_validate_json(json.dumps(event))


def bare(fleet: Fleet) -> Any:
    """What becomes of a study that has next to nothing: sent, or which field is missing."""
    event = json.loads(sample_event().model_dump_json(by_alias=True))
    event["encounter"] = None
    event["study"] |= {"accession_number": None, "study_uid": None, "report": [], "documents": []}
    return _outcome(fleet, event)


def long_name(fleet: Fleet) -> Any:
    event = json.loads(sample_event().model_dump_json(by_alias=True))
    event["patient"]["family"] = "M" * 300
    return _outcome(fleet, event)


def long_report(fleet: Fleet) -> Any:
    event = json.loads(sample_event().model_dump_json(by_alias=True))
    event["study"]["report"] = [{"section": "findings", "text": "Free fluid. " * 200}]
    return _outcome(fleet, event)


def number_in_use(fleet: Fleet) -> Any:
    """What becomes of a result whose own order number is another report's."""
    own = sample_event().study.accession_number
    return _outcome(fleet, json.loads(sample_event().model_dump_json(by_alias=True)), taken={own})


def _outcome(fleet: Fleet, event: dict[str, Any], taken: Collection[str] = ()) -> Any:
    try:
        study = StudyEvent.model_validate_json(json.dumps(event))
        return _rendered(fleet, study, ResultStatus.F, taken=taken)
    except RenderingRefused as refusal:
        return str(refusal)


def _rendered(fleet: Fleet, event: StudyEvent, status: ResultStatus, taken: Collection[str] = ()) -> bytes:
    return render(
        Form.of(endpoint_in(fleet)),
        event,
        report=KnownReport(fallback_filler="BF0", taken=frozenset(taken)),
        status=status,
        control_id="K",
        at=NOW,
    ).data


def message(fleet: Fleet) -> Any:
    """The bytes of a final and of a correction, and the target that names what they depend on."""
    made = [_rendered(fleet, sample_event(), status) for status in (ResultStatus.F, ResultStatus.C)]
    return made, text_of(endpoint_in(fleet))


def wire(fleet: Fleet) -> Any:
    """Where the wire leads, how it is used, and how long an answer may take."""
    one = endpoint_in(fleet)
    target = Target(lane=LaneId(1), number=TargetNumber(1), wire="", text="")
    limits = Course(endpoint=one, target=target, wire=typing.cast("Any", None)).limits
    return _listener(one)[1], wire_of(one), limits


def waits(fleet: Fleet) -> Any:
    return [wait_cap(failures, endpoint_in(fleet).retry) for failures in range(1, 20)]


def lane(fleet: Fleet) -> Any:
    """What refusals and silences, of one message and of several, lead to."""
    one = endpoint_in(fleet)
    policy = Policy(acknowledgement=one.acknowledgement, retry=one.retry)
    verdicts = [Verdict(outcome=Outcome.REFUSED, code=code) for code in ("AE", "AR", "CE", "CR")]
    verdicts.append(Verdict(outcome=Outcome.UNCERTAIN, detail="no answer"))
    return [(_one_message(policy, one), _several_messages(policy, one)) for one in verdicts]


def _one_message(policy: Policy, verdict: Verdict) -> list[tuple[State, bool]]:
    delivery, its_lane, seen = a_delivery(1), a_lane(), []
    while not seen or seen[-1] in ((State.QUEUED, False), (State.UNCERTAIN, False)):
        done = settled(in_flight(delivery), verdict, lane=its_lane, policy=policy)
        delivery, its_lane = row(done, 1), done.lane
        seen.append((delivery.state, bool(its_lane.stopped)))
    return seen


def _several_messages(policy: Policy, verdict: Verdict) -> list[bool]:
    its_lane, seen = a_lane(), []
    for number in range(1, 8):
        one = in_flight(a_delivery(number, report=number))
        its_lane = settled(one, verdict, report=a_report(number), lane=its_lane, policy=policy).lane
        seen.append(bool(its_lane.stopped))
    return seen


def moved(fleet: Fleet) -> Any:
    """What becomes of the lane and of what may have been received when it is applied over another target."""
    current = Target(lane=LaneId(1), number=TargetNumber(1), wire="elsewhere", text="")
    uncertain = a_delivery(1, state=State.UNCERTAIN, target=TargetNumber(1))
    return retarget(a_lane(), current, endpoint_in(fleet), [uncertain], at=NOW)


def routes(fleet: Fleet) -> Any:
    """What intake makes of events of each archive, by each name that it may have."""
    rules = [
        Rule(
            id=RuleId(number),
            site=site.name,
            archive=archive,
            endpoint=to,
            lane=LaneId(1),
            start=NOW,
            started_by=1,
        )
        for site in fleet.sites.values()
        for number, (archive, to) in enumerate(
            (name, to) for name, one in site.archives.items() for to in one.forward_to
        )
    ]
    running = Running(applies=1, settings=fleet.settings, sites=fleet.sites, rules=tuple(rules), lanes=())
    routing = _Routing(running)
    later = NOW + timedelta(minutes=1)
    return [
        routing.route(_event_of(archive, kind, later)).decisions if routing.knows(archive) else None
        for archive in ("st-elsewhere/emergency", "a-1", "a-2")
        for kind in ("finalized", "attestation_requested")
    ]


def _event_of(archive: str, kind: str, at: datetime) -> StudyEvent:
    return study("efast.json", archive=archive, event=kind, occurred_at=at.isoformat())


def access(fleet: Fleet) -> Any:
    abilities: tuple[Ability, ...] = typing.get_args(Ability)
    found = []
    for name in ("ada@example.org", "bob@example.org"):
        caller = Caller(claimed=name, roles=_roles_of(name, fleet.settings.access_roles.values()))
        found += [(name, one, site, caller.may(one, site)) for one in abilities for site in ("", "seaside")]
    return found


def _plan(applied: Fleet, desired: Fleet) -> Any:
    lanes = {
        f"{site}/{name}": LaneCount(waiting=2)
        for site in ("st-elsewhere", "seaside")
        for name in ("epic-prod", "registry")
    }
    return make_plan(
        desired=Side(fleet=desired, described="sites/"),
        applied=Side(fleet=applied, described="what is applied"),
        observed=Observed(as_of=NOW, lanes=lanes),
        engine="1",
    )


def plan_text(fleet: Fleet) -> str:
    """What a person reads before it is applied over the sample."""
    return print_plan(_plan(_sound(loaded()), fleet))


def departure(fleet: Fleet) -> str:
    """What a person reads of what leaves, where seaside was applied too and results wait everywhere."""
    applied = _sound(loaded())
    seaside = applied.sites["st-elsewhere"].model_copy(update={"name": "seaside"})
    return print_plan(
        _plan(applied.model_copy(update={"sites": applied.sites | {"seaside": seaside}}), fleet)
    )


def holds(fleet: Fleet) -> Any:
    """What waits for approval where an endpoint goes elsewhere."""
    moved_away = copy.deepcopy(fleet.model_dump())
    moved_away["sites"]["st-elsewhere"]["ehr_endpoints"]["epic-prod"]["host"] = "10.9.9.9"
    return _plan(fleet, Fleet.model_validate(moved_away)).guard.holds


# The table ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """Two values of a field, and what they must differ in; `also` holds for both."""

    sees: Callable[[Fleet], Any]
    one: Any = ABSENT
    other: Any
    also: dict[str, Any] = field(default_factory=dict)
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A value that makes this problem and no other."""

    rule: str
    value: Any
    also: dict[str, Any] = field(default_factory=dict)


Shown = Acts | Refused
EPIC = "st-elsewhere/ehr-endpoints.yaml ehr_endpoints.epic-prod"
HD = {"universal_id": "1.2.3", "universal_id_type": "ISO"}
OTHER_HD = {"namespace": "N", "universal_id": "1.2.4", "universal_id_type": "DNS"}
CODE = {"code": "45036003"}
LEAVES_REGISTRY = {"st-elsewhere/ehr-endpoints.yaml ehr_endpoints.registry": ABSENT}
LEAVES_EMERGENCY = {"st-elsewhere/archives.yaml archives.emergency": ABSENT}
LEAVES_SERVER_ROOM = {
    "st-elsewhere/site.yaml links.server-room": ABSENT,
    "st-elsewhere/site.yaml endpoint_defaults.link": "spare",
}


def _version(file: str) -> dict[str, Shown]:
    return {f"{file} version": Refused(rule="unknown-version", value=2)}


def _identities() -> dict[str, Shown]:
    found: dict[str, Shown] = {}
    for name in ("sending_application", "sending_facility", "receiving_application", "receiving_facility"):
        path = f"ehr-endpoints.yaml ehr_endpoints.*.{name}"
        found[path] = Acts(sees=message, one="ONE", other="OTHER")
        for part, value in OTHER_HD.items():
            also = {f"{EPIC}.{name}": HD}
            found[f"{path}.{part}"] = Acts(sees=message, other=value, also=also, at=f"{EPIC}.{name}.{part}")
            if part in HD:
                one = HD[part]
                found[f"{path}.{part}"] = Acts(sees=message, one=one, other=value, also=also)
    return found


def _refusals() -> dict[str, Shown]:
    path = "ehr-endpoints.yaml ehr_endpoints.*.acknowledgement"
    found: dict[str, Shown] = {}
    for code in ("", "AE.", "AR.", "CE.", "CR."):
        found[f"{path}.on_refusal.{code}retries"] = Acts(sees=lane, one=1, other=2)
        found[f"{path}.on_refusal.{code}then"] = Acts(sees=lane, one="set_aside", other="stop_lane")
    return {
        **found,
        f"{path}.mode": Acts(sees=message, one="original", other="commit"),
        f"{path}.on_no_reply.resends": Acts(sees=lane, one=1, other=2),
        f"{path}.on_no_reply.then": Acts(sees=lane, one="set_aside", other="stop_lane"),
        f"{path}.stop_after": Acts(sees=lane, one=2, other=4),
    }


def _messages() -> dict[str, Shown]:
    path = "ehr-endpoints.yaml ehr_endpoints.*.message"
    exam = {f"{EPIC}.message.exam_codes": {"EFAST": CODE}}
    as_lines, as_pdf = {f"{EPIC}.message.layout": "lines"}, {f"{EPIC}.message.layout": "pdf"}
    in_ascii = {f"{EPIC}.encoding": "US-ASCII"}
    foreign = {f"{EPIC}.message.provider_id.others": "leave_out"}
    national = {f"{EPIC}.message.provider_id.authority": "NPI"}
    return {
        f"{path}.layout": Acts(sees=message, one="report", other="lines"),
        f"{path}.hl7_version": Acts(sees=message, one="2.5.1", other="2.3", also=as_lines),
        f"{path}.image_link": Acts(sees=message, one="text", other="rp"),
        f"{path}.exam_code": Acts(sees=message, one="exam_type", other="order"),
        f"{path}.diagnostic_service": Acts(sees=message, one="RUS", other="CUS"),
        f"{path}.exam_codes.*.diagnostic_service": Acts(sees=message, one="RUS", other="OUS", also=exam),
        f"{path}.provider_id.authority": Acts(sees=message, one="STE", other="NPI", also=foreign),
        f"{path}.provider_id.type": Acts(sees=message, one="EI", other="NPI"),
        f"{path}.provider_id.others": Acts(sees=message, one="send", other="leave_out", also=national),
        f"{path}.visit_number": Acts(sees=message, one="PV1-19", other="PID-18"),
        f"{path}.order_segment": Acts(sees=message, one="send", other="leave_out"),
        f"{path}.visit_segment": Acts(sees=message, one="send", other="leave_out"),
        f"{path}.study_uid": Acts(sees=message, one="HD", other="ZDS"),
        f"{path}.text_type": Acts(sees=message, one="TX", other="FT"),
        f"{path}.authorities.*.universal_id": Acts(sees=message, one="1.2.3", other="1.2.4"),
        f"{path}.authorities.*.universal_id_type": Acts(
            sees=message,
            one="ISO",
            other="DNS",
            also={f"{EPIC}.message.authorities.STE.universal_id": "1.2.3"},
        ),
        f"{path}.document_type": Acts(sees=message, one="18760-9", other="11522-0", also=as_pdf),
        f"{path}.exam_codes.*.document_type": Acts(
            sees=message, one="18760-9", other="11522-0", also={**exam, **as_pdf}
        ),
        f"{path}.line_break": Acts(sees=message, one="br", other="crlf"),
        f"{path}.unit_system": Acts(sees=message, one="none", other="UCUM"),
        f"{path}.corrections": Acts(sees=message, one="replace", other="addendum"),
        f"{path}.fields": Acts(sees=message, one={"PV1-3.4": "ED"}, other={"PV1-3.4": "ICU"}),
        f"{path}.empty_as_null": Acts(sees=message, one=["OBR-31"], other=["OBR-8"]),
        f"{path}.unencodable": Acts(sees=bare, one="refuse", other="transliterate", also=in_ascii),
        f"{path}.too_long": Acts(sees=long_name, one="refuse", other="send"),
        f"{path}.max_value_bytes": Acts(sees=long_report, one=1000, other=9000),
        f"{path}.max_message_bytes": Acts(sees=long_report, one=1000, other=9000),
        f"{path}.time_precision": Acts(sees=message, one="second", other="minute"),
        f"{path}.pdf.source": Acts(sees=message, one="1.2.3", other="1.2.4", also=as_pdf),
        f"{path}.pdf.type": Acts(sees=message, one="Application", other="AP", also=as_pdf),
        f"{path}.pdf.subtype": Acts(sees=message, one="PDF", other="pdf", also=as_pdf),
        **{
            f"{path}.when_missing.{what}": Acts(sees=bare, one="send", other="set_aside", also=also)
            for what, also in {
                "accession_number": {},
                "visit_number": {},
                "report": {},
                "document": {**as_pdf, f"{EPIC}.message.image_link": "text"},
                "study_uid": {},
            }.items()
        },
        f"{path}.patient_id.authority": Acts(sees=message, one="STE", other="EMPI"),
        f"{path}.patient_id.type": Acts(sees=message, one="MR", other="PI"),
        f"{path}.exam_codes.*.code": Acts(sees=message, one="1", other="2"),
        f"{path}.exam_codes.*.display": Acts(sees=message, other="eFAST exam", also=exam),
        f"{path}.exam_codes.*.system": Acts(sees=message, one="LN", other="C4", also=exam),
        f"{path}.filler_in_use": Acts(sees=number_in_use, one="generate", other="set_aside"),
        f"{path}.placer_fallback": Acts(sees=message, one="none", other="filler"),
        f"{path}.corrected_as": Acts(sees=message, one="C", other="F"),
        f"{path}.times": Acts(sees=message, one="local", other="local_with_offset"),
    }


def _transport() -> dict[str, Shown]:
    path = "ehr-endpoints.yaml ehr_endpoints.*.tls"
    found: dict[str, Shown] = {f"{path}.mode": Refused(rule="not-built-yet", value="server")}
    for part in ("trust", "certificate", "key"):
        for kind, value in (("file", "fleet.yaml"), ("env", "BGO_SECRET_X"), ("path", "/run/secrets/x")):
            if (part, kind) != ("key", "file"):
                found[f"{path}.{part}.{kind}"] = Refused(rule="tls-off", value=value)
    found[f"{path}.key.file"] = Refused(rule="secret-by-value", value="fleet.yaml")
    return found


def _departures() -> dict[str, Shown]:
    found: dict[str, Shown] = {}
    for file, path, also in (
        ("site.yaml", "removed.*", LEAVES_SERVER_ROOM),
        ("ehr-endpoints.yaml", "removed.*", LEAVES_REGISTRY),
        ("archives.yaml", "removed.*", LEAVES_EMERGENCY),
        ("fleet.yaml", "removed_sites.*", {}),
    ):
        thing = {
            "site.yaml": "server-room",
            "ehr-endpoints.yaml": "registry",
            "archives.yaml": "emergency",
        }.get(file)
        entry = f"st-elsewhere/{file} removed.{thing}" if thing else f"{file} removed_sites.seaside"
        both = {**also, entry: {"waiting": "drain", "reason": "CHG-1"}}
        # Nothing waits for a Link alone: its endpoints go by another one, and the entry only lets it leave.
        found[f"{file} {path}.waiting"] = Acts(
            sees=desired if file == "site.yaml" else departure,
            one="drain",
            other="set_aside",
            also=both,
            at=f"{entry}.waiting",
        )
        found[f"{file} {path}.reason"] = Acts(
            sees=desired, one="CHG-1", other="CHG-2", also=both, at=f"{entry}.reason"
        )
    return found


def desired(fleet: Fleet) -> Any:
    """What is applied and kept: reasons go to people's eyes and the audit, an old name to its lane (tests/store)."""
    return fleet.model_dump_json()


OF_ENDPOINTS: dict[str, Acts] = {
    "display_name": Acts(sees=plan_text, one="Epic", other="Epic Bridges"),
    "preset": Acts(sees=message, one="epic", other=ABSENT),
    "link": Acts(sees=wire, one="server-room", other="spare"),
    "host": Acts(sees=wire, one="10.20.30.40", other="10.20.30.41"),
    "port": Acts(sees=wire, one=6661, other=6662),
    "status": Acts(sees=moved, one="active", other="paused"),
    "processing_id": Acts(sees=message, one="P", other="T"),
    "encoding": Acts(sees=message, one="UTF-8", other="ISO-8859-1"),
    "declare_encoding": Acts(sees=message, one=True, other=False),
    "time_zone": Acts(sees=message, one="America/New_York", other="America/Chicago"),
    "preliminary_results": Acts(sees=routes, one="never", other="when_attestation_requested"),
    "ack_timeout": Acts(sees=wire, one="1s", other="30s"),
    "connection_timeout": Acts(sees=wire, one="1s", other="10s"),
    "retry.first": Acts(sees=waits, one="1s", other="5s"),
    "retry.factor": Acts(sees=waits, one=2, other=3),
    "retry.longest": Acts(sees=waits, one="1m", other="10m"),
    "minimum_gap": Acts(sees=wire, one="0s", other="1s"),
    "connection": Acts(sees=wire, one="keep_open", other="per_message"),
    "on_retarget": Acts(sees=moved, one="set_aside", other="resend"),
}
TABLE: dict[str, Shown] = {
    **{key: entry for file in MODELS for key, entry in _version(file).items()},
    **{f"ehr-endpoints.yaml ehr_endpoints.*.{name}": entry for name, entry in OF_ENDPOINTS.items()},
    **_identities(),
    **_refusals(),
    **_messages(),
    **_transport(),
    **_departures(),
    "ehr-endpoints.yaml ehr_endpoints.*.renamed_from": Acts(
        sees=desired,
        one="old-name",
        other="older-name",
    ),
    "fleet.yaml name": Acts(sees=plan_text, one="mercy-health", other="grace-health"),
    "fleet.yaml presets": Acts(sees=message, one={"epic": {"processing_id": "T"}}, other={"epic": {}}),
    "fleet.yaml guard.max_endpoints": Acts(sees=holds, one=0, other=1),
    "grants.yaml subscription": Acts(sees=routes, one="enterprise", other="basic"),
    "grants.yaml entitlements.preliminary_results": Acts(sees=routes, one=True, other=False),
    "grants.yaml access_roles.*.connectivity_management": Acts(sees=access, one="read", other="read_write"),
    "grants.yaml access_roles.*.results": Acts(sees=access, one="read", other="send"),
    "grants.yaml access_roles.*.message_content": Acts(sees=access, one="none", other="read"),
    "grants.yaml access_roles.*.members": Acts(
        sees=access, one=["ada@example.org"], other=["bob@example.org"]
    ),
    "grants.yaml access_roles.*.sites": Acts(sees=access, one=["*"], other=["st-elsewhere"]),
    "site.yaml display_name": Acts(sees=plan_text, one="St. Elsewhere", other="Saint Elsewhere"),
    "site.yaml time_zone": Acts(sees=message, one="America/New_York", other="America/Chicago"),
    "site.yaml links.*.display_name": Acts(sees=plan_text, one="Server room", other="Cellar"),
    "site.yaml links.*.runs": Refused(rule="not-built-yet", value="agent"),
    "site.yaml endpoint_defaults": Acts(
        sees=message, one={"link": "server-room"}, other={"link": "server-room", "processing_id": "T"}
    ),
    "archives.yaml archives.*.display_name": Acts(
        sees=plan_text, one="Emergency", other="Emergency Department"
    ),
    "archives.yaml archives.*.purpose": Refused(rule="educational-forwards", value="educational"),
    "archives.yaml archives.*.cloud_id": Acts(sees=routes, one="a-1", other="a-2"),
    "archives.yaml archives.*.forward_to": Acts(sees=routes, one=["epic-prod"], other=[]),
}


# The tests ---------------------------------------------------------------------------------------------------------


def place_of(name: str) -> str:
    """Where a field stands in the sample files."""
    file, _, path = name.partition(" ")
    for pattern, real in NAMED.items():
        path = path.replace(pattern, real)
    return f"{file if file in FILES else f'st-elsewhere/{file}'} {path}"


def put(files: dict[str, Any], place: str, value: Any) -> None:
    file, _, path = place.partition(" ")
    if not path:
        del files[file]
        return
    *parents, last = path.split(".")
    part = files[file]
    for name in parents:
        part = part.setdefault(name, {})
    if value is ABSENT:
        part.pop(last, None)
    else:
        part[last] = copy.deepcopy(value)


def loaded(edits: dict[str, Any] | None = None) -> Loaded:
    """The sample with values put in their places; JSON is YAML."""
    files = copy.deepcopy(FILES)
    for place, value in (edits or {}).items():
        put(files, place, value)
    return load({path: json.dumps(content).encode() for path, content in files.items()}, root="sites")


def _sound(one: Loaded) -> Fleet:
    errors = [f"{problem.rule}: {problem.message}" for problem in one.problems if problem.severity == "error"]
    assert errors == []
    assert one.fleet is not None
    return one.fleet


def test_the_sample_is_sound():
    # What nothing uses yet, an edit of a test may use.
    assert {problem.rule for problem in loaded().problems} <= {"unused-endpoint", "unused-link"}


def test_every_field_has_its_entry():
    assert sorted(set(FIELDS) - set(TABLE)) == [], "say what the field changes, and show it"


def test_every_entry_has_its_field():
    assert sorted(set(TABLE) - set(FIELDS)) == []


@in_one_test("name", [name for name, entry in TABLE.items() if isinstance(entry, Acts)])
def test_two_values_differ_in_what_they_do(name: str):
    entry = TABLE[name]
    assert isinstance(entry, Acts)
    place = entry.at or place_of(name)
    before, after = (
        entry.sees(_sound(loaded({**entry.also, place: value}))) for value in (entry.one, entry.other)
    )
    assert before != after


@in_one_test("name", [name for name, entry in TABLE.items() if isinstance(entry, Refused)])
def test_a_value_that_does_nothing_yet_is_refused(name: str):
    entry = TABLE[name]
    assert isinstance(entry, Refused)
    problems = loaded({**entry.also, place_of(name): entry.value}).problems
    assert entry.rule in {one.rule for one in problems}


def test_nothing_is_not_built_yet_but_what_was_agreed():
    """Issue 3 names them; whatever is built leaves this list."""
    unbuilt = {
        name.rpartition(".")[2]
        for name, entry in TABLE.items()
        if getattr(entry, "rule", "") == "not-built-yet"
    }
    assert unbuilt == {"mode", "runs"}
