"""Judges a run by two accounts of it: the journal of the EHRs, and the state file that is left.

Pure: entries and rows in, findings out. It decides anew what must be so, and imports nothing that decided it before.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from butterfly_gitops.practice_ehr.journal import JournalKind

WAITING = frozenset({"queued", "sending", "uncertain", "set_aside"})
FINALS = frozenset({"F", "C"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One promise that was not kept; `kind` is its one word."""

    kind: str
    says: str


def check(account, entries, *, ports, submitted):
    """Return all findings.

    `entries` are the journal of all listeners in one order, `ports` leads from a listener's label to its port,
    `submitted` are the ids of all events that were answered.
    """
    seen = _Seen(account, entries, ports)
    return sorted(
        {
            *_lost_events(account, submitted),
            *_unbalanced(account),
            *_wrong_verdicts(account),
            *_lost_deliveries(account, seen),
            *_retroactive(account),
            *_unknown(seen),
            *_astray(account, seen),
            *_wrongly_rendered(account, seen),
            *_unmarked(account),
            *_out_of_lane_order(account, seen),
            *_out_of_report_order(account, seen),
            *_of_another_patient(account, seen),
        }
    )


class _Seen:
    """The journal, with each arrival joined to the delivery that the state has under its control id."""

    def __init__(self, account, entries, ports):
        message_of = {one.control_id: one for one in account.messages}
        self.arrivals = [
            (place, entry, message_of.get(entry.control_id))
            for place, entry in enumerate(entries)
            if entry.kind is JournalKind.MESSAGE
        ]
        self.ports = ports
        self.acknowledged = {
            entry.control_id
            for entry in entries
            if entry.kind is JournalKind.ANSWER and entry.code in ("AA", "CA")
        }
        self.at_port = Counter((entry.control_id, ports[entry.endpoint]) for _, entry, _ in self.arrivals)
        self.first = {}
        for place, _, message in self.arrivals:
            if message is not None:
                self.first.setdefault(message.delivery, place)
        self.times = {place: int(entry.at.timestamp() * 1_000_000) for place, entry, _ in self.arrivals}


def _lost_events(account, submitted):
    known = {one.event_id for one in account.events.values()}
    for event_id in set(submitted) - known:
        yield Finding(kind="loss", says=f"event {event_id} was answered and is not stored")


def _is_considered(rule, event):
    """Promise 2: in force as it was routed, or closed since it occurred."""
    if rule.started_by > event.applies:
        return False
    if rule.ended_by is None or rule.ended_by > event.applies:
        return True
    return rule.start <= event.occurred_at < rule.until


def _unbalanced(account):
    rules = defaultdict(list)
    for rule in account.rules.values():
        rules[rule.archive].append(rule)
    expected = {
        (event.number, rule.id)
        for event in account.events.values()
        for rule in rules[event.archive]
        if _is_considered(rule, event)
    }
    decided = {(one.event, one.rule) for one in account.decisions}
    for event, rule in expected - decided:
        yield Finding(kind="loss", says=f"event {event} and rule {rule} have no decision")
    for event, rule in decided - expected:
        yield Finding(kind="retroactive", says=f"event {event} and rule {rule} must not have met")


def _wrong_verdicts(account):
    for one in account.decisions:
        event, rule = account.events.get(one.event), account.rules[one.rule]
        if event is None:
            yield Finding(kind="loss", says=f"a decision names event {one.event}, which is not stored")
            continue
        if one.delivers:
            delivery = account.deliveries.get(one.delivery)
            if delivery is None or (delivery.event, delivery.lane) != (one.event, rule.lane):
                yield Finding(kind="loss", says=f"event {one.event} by rule {one.rule} has no delivery")
            continue
        holds = {
            "withdraws": event.kind in ("reverted", "deleted"),
            "preliminary-off": event.kind == "attestation_requested",
            "before-effective-from": event.occurred_at < rule.start,
        }
        if not holds.get(one.verdict.split(" ")[0], False):
            says = f"event {one.event} by rule {one.rule} is not delivered: {one.verdict}"
            yield Finding(kind="loss", says=says)


def _lost_deliveries(account, seen):
    """Every delivery is reflected, superseded by what outranks it, cancelled by a person, or visibly waits."""
    accepted = {one.delivery: one for one in account.attempts if one.outcome == "delivered"}
    cancelled = {one.subject for one in account.deeds if one.action == "cancel"}
    outranking = _Outranking(account)
    arrived = {entry.control_id for _, entry, _ in seen.arrivals}
    for one in account.deliveries.values():
        match one.state:
            case "delivered":
                attempt = accepted.get(one.id)
                is_so = (
                    attempt is not None
                    and attempt.control_id in arrived
                    and attempt.control_id in seen.acknowledged
                )
            case "superseded":
                is_so = one.content == "withdrawal" or outranking.has(one)
            case "cancelled":
                is_so = f"delivery {one.id}" in cancelled
            case "set_aside":
                is_so = bool(one.reason)
            case _:
                is_so = True
        if not is_so:
            yield Finding(kind="loss", says=f"delivery {one.id} is {one.state}, and nothing bears that out")


class _Outranking:
    """Finds what may have superseded a result."""

    def __init__(self, account):
        self._account = account
        self._of_study = defaultdict(list)
        for event in account.events.values():
            self._of_study[event.study].append(event)
        self._of_report = defaultdict(list)
        for one in account.deliveries.values():
            self._of_report[one.report].append(one)

    def has(self, delivery):
        event = self._account.events[delivery.event]
        is_preliminary = delivery.content == "preliminary"
        for other in self._of_study[event.study]:
            if other.number == event.number or other.kind == "attestation_requested":
                continue
            if other.rank > event.rank or (other.rank == event.rank and other.kind != "finalized"):
                return True
            if other.rank == event.rank and (is_preliminary or other.number > event.number):
                return True
        for other in self._of_report[delivery.report]:
            if other.id == delivery.id or other.content == "withdrawal":
                continue
            rank = self._account.events[other.event].rank
            if is_preliminary and other.content == "final":
                return True
            if (rank, other.content == "final", other.id) > (event.rank, not is_preliminary, delivery.id):
                return True
        return False


def _retroactive(account):
    for one in account.decisions:
        event, rule = account.events.get(one.event), account.rules[one.rule]
        if event is not None and one.delivers and event.occurred_at < rule.start:
            says = f"event {one.event} occurred before rule {one.rule} started, and was delivered by it"
            yield Finding(kind="retroactive", says=says)
    decided = {one.delivery for one in account.decisions}
    for one in account.deliveries.values():
        if one.cause == "rule" and one.id not in decided:
            yield Finding(kind="retroactive", says=f"no rule decided on delivery {one.id}")


def _unknown(seen):
    for _, entry, message in seen.arrivals:
        if message is None:
            yield Finding(kind="unmarked", says=f"{entry.control_id} arrived and is not stored")
        elif message.data != entry.data:
            yield Finding(
                kind="unmarked", says=f"{entry.control_id} arrived with other bytes than are stored"
            )


def _astray(account, seen):
    """Each arrival has an attempt of its own whose target leads to that listener."""
    lane_of = {one.id: one.lane for one in account.deliveries.values()}
    attempted = Counter(
        (one.control_id, account.targets[lane_of[one.delivery], one.target].port) for one in account.attempts
    )
    known = {one.control_id for one in account.messages}
    for (control_id, port), count in seen.at_port.items():
        if control_id not in known:
            continue
        if not attempted[control_id, port]:
            yield Finding(
                kind="wrong target", says=f"{control_id} arrived where no attempt leads, at port {port}"
            )
        elif count > attempted[control_id, port]:
            says = f"{control_id} arrived {count} times for {attempted[control_id, port]} attempts"
            yield Finding(kind="unmarked", says=says)


def _wrongly_rendered(account, seen):
    """A render is of the target that its attempt names, lanes never go back to an earlier target, and names fit."""
    messages = {(one.delivery, one.number): one for one in account.messages}
    newest = defaultdict(int)
    for one in account.attempts:
        lane = account.deliveries[one.delivery].lane
        if messages[one.delivery, one.message].text != account.targets[lane, one.target].text:
            says = f"attempt {one.number} of {one.delivery} bears what was rendered for another target"
            yield Finding(kind="wrong target", says=says)
        if one.target < newest[lane]:
            says = f"attempt {one.number} of {one.delivery} went to a target that lane {lane} had left"
            yield Finding(kind="wrong target", says=says)
        newest[lane] = max(newest[lane], one.target)
    for _, entry, message in seen.arrivals:
        if message is not None:
            wanted = json.loads(message.text)
            names = (_field(entry.data, "MSH", 5), _field(entry.data, "MSH", 6))
            if names != (wanted["receiving_application"] or "", wanted["receiving_facility"]):
                yield Finding(kind="wrong target", says=f"{entry.control_id} is addressed to {names}")


def _unmarked(account):
    """New bytes need a new target to be read by, and an event goes to a lane once."""
    for before, after in pairwise(account.messages):
        if before.delivery == after.delivery and before.text == after.text:
            says = f"delivery {after.delivery} was rendered again for the same target, as {after.control_id}"
            yield Finding(kind="unmarked", says=says)
    by_rule = Counter((one.lane, one.event) for one in account.deliveries.values() if one.cause == "rule")
    for (lane, event), count in by_rule.items():
        if count > 1:
            yield Finding(kind="unmarked", says=f"event {event} has {count} deliveries in lane {lane}")
    accepted = {}
    for one in account.attempts:
        if one.delivery in accepted and one.number > accepted[one.delivery]:
            yield Finding(kind="unmarked", says=f"delivery {one.delivery} went out after its acknowledgement")
        if one.outcome == "delivered":
            accepted[one.delivery] = one.number


def _out_of_lane_order(account, seen):
    """First arrivals keep the order of acceptance, but for what a person let return."""
    lanes = defaultdict(list)
    for delivery, place in sorted(seen.first.items(), key=lambda one: one[1]):
        lanes[account.deliveries[delivery].lane].append((delivery, place))
    began = {(one.delivery, one.number): one.started_at for one in account.attempts}
    resent = {one.subject for one in account.deeds if one.action == "resend"}
    resumes = [one.at for one in account.deeds if one.action == "resume"]
    for lane, order in lanes.items():
        newest, its_place = order[0]
        for delivery, place in order[1:]:
            if delivery > newest:
                newest, its_place = delivery, place
                continue
            had_its_turn = began[delivery, 1] < began[newest, 1] and any(
                seen.times[its_place] <= at <= seen.times[place] for at in resumes
            )
            if f"delivery {delivery}" not in resent and not had_its_turn:
                says = f"delivery {delivery} first arrived after {newest} in lane {lane}"
                yield Finding(kind="reorder", says=says)


def _out_of_report_order(account, seen) -> Iterator[Finding]:
    """No EHR sees an older result of a report after a newer, or a preliminary after a final."""
    newest, finals = {}, set()
    for _, entry, message in seen.arrivals:
        if message is None or message.status == "W":
            continue
        delivery = account.deliveries[message.delivery]
        rank = account.events[delivery.body].rank
        if rank < newest.get(delivery.report, rank):
            yield Finding(
                kind="reorder", says=f"{entry.control_id} is older than what its report showed before"
            )
        newest[delivery.report] = max(rank, newest.get(delivery.report, rank))
        if message.status in FINALS:
            finals.add(delivery.report)
        elif delivery.report in finals:
            yield Finding(kind="preliminary", says=f"{entry.control_id} is a preliminary after a final")


def _of_another_patient(account, seen):
    for _, entry, message in seen.arrivals:
        if message is None:
            continue
        event = account.events[account.deliveries[message.delivery].body]
        shown = _field(entry.data, "PID", 3).split("^")[0]
        if shown not in event.patients:
            yield Finding(kind="wrong patient", says=f"{entry.control_id} shows another patient's number")
        if _field(entry.data, "OBR", 18) != event.study:
            yield Finding(kind="wrong patient", says=f"{entry.control_id} shows another study")


def _field(data, segment, number):
    for line in data.split(b"\r"):
        if line.startswith(segment.encode()):
            fields = line.decode("utf-8").split("|")
            index = number - (segment == "MSH")
            return fields[index] if index < len(fields) else ""
    return ""
