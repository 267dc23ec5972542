"""Whatever is committed, broken, approved and repaired: the guard lets nothing through that nobody agreed to."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from butterfly_gitops.model.address import FLEET_SETTINGS
from tests.controller.followed_files import Files, Follower
from tests.law_examples import up_to
from tests.store.memory import MemoryStore

SITES, ENDPOINTS = ("alpha", "beta", "gamma"), ("epic", "registry")
sites, endpoints = st.sampled_from(SITES), st.sampled_from(ENDPOINTS)

# A change of one endpoint: its name, its port now and the one that is wanted, None for none.
Change = tuple[str, int | None, int | None]


def changes_of(applied: dict[str, int], wanted: dict[str, int]) -> frozenset[Change]:
    """What counts: an endpoint that is new is one more place."""
    return frozenset(
        (name, port, wanted.get(name)) for name, port in applied.items() if wanted.get(name) != port
    )


class Guarding(RuleBasedStateMachine):
    """People commit and approve; passes apply."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.follower = Follower(MemoryStore())
        self.files = Files(limit=2, sites={name: dict.fromkeys(ENDPOINTS, 1) for name in SITES})
        # What each site's newest readable files change, and what was approved of it.
        self.seen: dict[str, frozenset[Change]] = {}
        self.approved: dict[str, frozenset[Change]] = {}

    def teardown(self) -> None:
        self.runner.close()

    @initialize()
    def first(self) -> None:
        self.runner.run(self.follower.follow(self.files))

    @rule(
        edits=st.lists(st.tuples(sites, endpoints, st.sampled_from([1, 2, 3, None])), min_size=1, max_size=4)
    )
    def commit(self, edits: list[tuple[str, str, int | None]]) -> None:
        for site, endpoint, port in edits:
            if port is None:
                self.files.sites[site].pop(endpoint, None)
            else:
                self.files.sites[site][endpoint] = port
        self.make_pass()

    @rule(site=sites)
    def break_or_repair(self, site: str) -> None:
        self.files.broken ^= {site}
        self.make_pass()

    @rule(site=sites)
    def remove_or_bring_back(self, site: str) -> None:
        self.files.removed ^= {site}
        self.make_pass()

    @rule(limit=st.integers(0, 4))
    def limit_to(self, limit: int) -> None:
        self.files.limit = limit
        self.make_pass()

    @precondition(lambda self: self.runner.run(self.follower.holds()))
    @rule(data=st.data(), at_once=st.booleans())
    def approve(self, data: st.DataObject, at_once: bool) -> None:
        holds = self.runner.run(self.follower.holds())
        site = data.draw(st.sampled_from(sorted(holds)))
        self.runner.run(self.follower.approve(holds[site]))
        self.approved[site] = self.seen.get(site, frozenset())
        if at_once:
            self.make_pass()

    def make_pass(self) -> None:
        self.runner.run(self._pass())

    async def _pass(self) -> None:
        before, held = await self.follower.applied(), await self.follower.holds()
        running = await self.follower.store.running()
        assert running.settings is not None
        unread = self.files.broken - self.files.removed
        for site in SITES:
            wanted = {} if site in self.files.removed else self.files.sites[site]
            if site not in unread:
                self.seen[site] = changes_of(before[site], wanted)
        total = sum(len(self.seen[site]) for site in SITES if site not in unread or site in held)
        await self.follower.follow(self.files)
        after, left = await self.follower.applied(), await self.follower.holds()
        for site in SITES:
            done = changes_of(before[site], after[site])
            if not done:
                continue
            is_agreed = done == self.approved.get(site)
            is_whole = site in self.files.removed or not after[site]
            assert is_agreed or (total <= running.settings.guard.max_endpoints and not is_whole)
            assert done == self.seen[site], "all of it or none"
            assert site not in left
            self.approved.pop(site, None)
        assert held.keys() & unread <= left.keys(), "what cannot be read stays held"
        now = (await self.follower.store.running()).settings
        assert now is not None
        if now.guard.max_endpoints > running.settings.guard.max_endpoints:
            assert self.approved.pop(FLEET_SETTINGS, None) is not None, "a higher limit waits"


TestGuarding = Guarding.TestCase
TestGuarding.settings = settings(max_examples=up_to(25), stateful_step_count=8, deadline=None)
