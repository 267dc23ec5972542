"""What is measured, taken from what is stored at the moment of asking."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from butterfly_gitops.model.delivery import State
from butterfly_gitops.store.interface import Observation
from butterfly_gitops.web.documents import condition_of
from butterfly_gitops.web.services import Services

_CONDITIONS = ("running", "backing off", "draining", "ended", "paused", "stopped", "unreachable")


class Observed(Collector):
    """One observation as metrics."""

    def __init__(self, observation: Observation, services: Services) -> None:
        self._observation = observation
        self._services = services

    def collect(self) -> Iterator[Metric]:
        yield self._deliveries()
        yield self._oldest()
        yield self._conditions()
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

    def _refusals(self) -> Metric:
        family = CounterMetricFamily(
            "bgo_requests_refused", "Requests refused at the door: no token, no permission", labels=["status"]
        )
        for status, count in sorted(self._services.refusals.counts.items()):
            family.add_metric([str(status)], count)
        return family

    def _deliveries(self) -> Metric:
        family = GaugeMetricFamily(
            "bgo_deliveries", "Deliveries by state", labels=["site", "endpoint", "state"]
        )
        for one in self._observation.lanes:
            for state in State:
                family.add_metric([one.lane.site, one.lane.shown_name, state.value], one.counts.get(state, 0))
        return family

    def _oldest(self) -> Metric:
        family = GaugeMetricFamily(
            "bgo_oldest_waiting_seconds",
            "Age of the oldest delivery that its lane still has to send; what is set aside does not count",
            labels=["site", "endpoint"],
        )
        now = self._services.now()
        for one in self._observation.lanes:
            age_s = (now - one.oldest).total_seconds() if one.oldest else 0.0
            family.add_metric([one.lane.site, one.lane.shown_name], age_s)
        return family

    def _conditions(self) -> Metric:
        family = GaugeMetricFamily(
            "bgo_endpoint_condition",
            "1 for the condition that stands",
            labels=["site", "endpoint", "condition"],
        )
        lanes = self._services.dispatching
        troubles = lanes.troubles() if lanes else {}
        for one in self._observation.lanes:
            stands = condition_of(one, troubles.get(one.lane.id, ""), self._services.now())
            for condition in _CONDITIONS:
                value = 1.0 if stands == condition else 0.0
                family.add_metric([one.lane.site, one.lane.shown_name, condition], value)
        return family
