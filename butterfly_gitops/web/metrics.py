"""Probes for machines that watch: is it alive, can it take results, how much waits. No patient data."""

from collections import Counter
from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from butterfly_gitops.dispatcher.wire import Strays
from butterfly_gitops.model.delivery import State
from butterfly_gitops.store.interface import StateView, StoreUnavailable
from butterfly_gitops.web.access import Given
from butterfly_gitops.web.services import Services
from butterfly_gitops.web.status import condition_of

router = APIRouter()

_CONDITIONS = ("running", "backing off", "draining", "ended", "paused", "stopped", "unreachable")
_UNSENT = (
    "Studies that occurred before a rule's start, or while its row was missing, with nothing sent of them"
)
_OLDEST = "Age of the oldest delivery that its lane still has to send; what is set aside does not count"


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(services: Given, response: Response) -> dict[str, str]:
    """Answer 200 when results can be taken: the newest write was durable, and something is applied; writes nothing."""
    can_commit = services.store.can_commit
    try:
        settings = await services.store.settings()
    except StoreUnavailable:
        can_commit, settings = False, None
    if not can_commit:
        response.status_code = 503
        return {"status": "the store cannot be read or written"}
    if settings is None:
        response.status_code = 503
        return {"status": "nothing is applied yet"}
    return {"status": "ready"}


@router.get("/metrics")
async def metrics(services: Given, *, endpoints: bool = False) -> Response:
    """Return what waits and how lanes stand, in the text format of Prometheus; with `endpoints` for each of them.

    Without, its size does not grow with the fleet.
    """
    registry = CollectorRegistry()
    registry.register(StateCollector(await services.store.observe(), services, endpoints=endpoints))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


class StateCollector(Collector):
    """One observation as metrics: sums over the fleet, and with `endpoints` also each endpoint's own."""

    def __init__(self, observation: StateView, services: Services, *, endpoints: bool) -> None:
        self._observation = observation
        self._services = services
        self._endpoints = endpoints
        lanes, now = services.dispatching, services.now()
        troubles = lanes.troubles() if lanes else {}
        self._conditions = {
            one.lane.id: condition_of(one, troubles.get(one.lane.id, ""), now) for one in observation.lanes
        }
        self._ages_s = {
            one.lane.id: (now - one.oldest).total_seconds() for one in observation.lanes if one.oldest
        }

    def collect(self) -> Iterator[Metric]:
        yield from self._of_the_fleet()
        if self._endpoints:
            yield from self._of_each_endpoint()
        yield CounterMetricFamily(
            "bgo_exclusions_near_a_rule_start",
            "Events excluded within 5 minutes of a rule's start: a clock at the source may be slow",
            value=self._services.intake.near_starts,
        )
        yield CounterMetricFamily(
            "bgo_event_conflicts",
            "Submissions refused because an event id was known with other content",
            value=self._services.intake.conflicts,
        )
        yield self._refusals()
        yield from self._strays()

    def _of_the_fleet(self) -> Iterator[Metric]:
        lanes = self._observation.lanes
        deliveries = GaugeMetricFamily("bgo_deliveries", "Deliveries by state", labels=["state"])
        for state in State:
            deliveries.add_metric([state.value], sum(one.counts.get(state, 0) for one in lanes))
        yield deliveries
        yield GaugeMetricFamily(
            "bgo_oldest_waiting_seconds", _OLDEST, value=max(self._ages_s.values(), default=0.0)
        )
        yield GaugeMetricFamily("bgo_unsent_studies", _UNSENT, value=sum(one.gap for one in lanes))
        yield GaugeMetricFamily(
            "bgo_rule_starts_corrected",
            "Rules applied by a clock that was ahead and has been set back since",
            value=sum(rule.start_was is not None for rule in self._observation.running.rules),
        )
        counts = Counter(self._conditions.values())
        endpoints = GaugeMetricFamily("bgo_endpoints", "Endpoints by condition", labels=["condition"])
        for condition in _CONDITIONS:
            endpoints.add_metric([condition], counts[condition])
        yield endpoints

    def _of_each_endpoint(self) -> Iterator[Metric]:
        """Leave out zeros: ten thousand endpoints are many lines as it is."""
        names = ["site", "endpoint"]
        deliveries = GaugeMetricFamily(
            "bgo_endpoint_deliveries", "Deliveries by endpoint and state", labels=[*names, "state"]
        )
        oldest = GaugeMetricFamily("bgo_endpoint_oldest_waiting_seconds", _OLDEST, labels=names)
        conditions = GaugeMetricFamily(
            "bgo_endpoint_condition", "1 for the condition that stands", labels=[*names, "condition"]
        )
        unsent = GaugeMetricFamily("bgo_endpoint_unsent_studies", _UNSENT, labels=names)
        for one in self._observation.lanes:
            name = [one.lane.site, one.lane.shown_name]
            if one.gap:
                unsent.add_metric(name, one.gap)
            for state, count in one.counts.items():
                deliveries.add_metric([*name, state.value], count)
            if one.lane.id in self._ages_s:
                oldest.add_metric(name, self._ages_s[one.lane.id])
            conditions.add_metric([*name, self._conditions[one.lane.id]], 1.0)
        yield from (deliveries, oldest, conditions, unsent)

    def _refusals(self) -> Metric:
        family = CounterMetricFamily(
            "bgo_requests_refused", "Requests refused at the door: no token, no permission", labels=["status"]
        )
        for status, count in sorted(self._services.refusals.counts.items()):
            family.add_metric([str(status)], count)
        return family

    def _strays(self) -> Iterator[Metric]:
        lanes = self._services.dispatching
        strays = lanes.all_strays() if lanes else Strays()
        yield CounterMetricFamily(
            "bgo_late_answers",
            "Answers to messages that the same connection had settled before: a receiver answers twice",
            value=strays.late_answers,
        )
        yield CounterMetricFamily(
            "bgo_unasked",
            "Idle connections closed because something came on them",
            value=strays.unasked,
        )
