"""An endpoint under another name: it goes on, and the plan says so once."""

from datetime import UTC, datetime

import pytest

from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.site import Site
from butterfly_gitops.plan.consequence import Consequence
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.markdown import print_markdown
from butterfly_gitops.plan.planning import make_diff, make_plan
from butterfly_gitops.plan.renaming import new_names, told_in_new_names
from butterfly_gitops.plan.sides import ClosedPair, Comparison, LaneCount
from butterfly_gitops.plan.text import headline, print_plan
from tests.plan.fleets import archive, at, endpoint, fleet, observed, origins, side, site


def ste(name: str, *, renamed: dict[str, str] | None = None, **settings: object) -> Site:
    """A site with one endpoint of this name, and an archive that forwards to it."""
    made = site("ste", endpoints={name: endpoint(**settings)}, archives={"ed": archive(name)})
    return made.model_copy(update={"renamed": renamed or {}})


OLD = fleet(ste("epic"))
NEW = fleet(ste("epic-prod", renamed={"epic-prod": "epic"}))


def plan(new: Fleet = NEW, old: Fleet = OLD, **seen: object) -> Plan:
    return make_plan(desired=side(new), applied=side(old), observed=observed(**seen), engine="0")


def addresses(of: Plan) -> list[str]:
    return [str(change.address) for change in of.changes]


def test_a_rename_is_one_change_and_stops_nothing() -> None:
    found = plan(lanes={"ste/epic": LaneCount(waiting=12)})
    (change,) = found.changes
    assert (str(change.address), change.old, change.new) == ("ste/epic-prod.renamed_from", None, "epic")
    assert (found.starts, found.ends, found.blocked, found.guard.counted) == ((), (), (), ())
    (effect,) = found.effects
    assert effect.consequence is Consequence.COSMETIC
    assert effect.sentence == "Known as epic until now; it keeps its lane, its rules and what waits."
    assert headline(found) == "No results stop. No approval needed."


def test_a_person_reads_both_names_and_the_line() -> None:
    lines = origins("ste/epic-prod.renamed_from sites/ste/ehr-endpoints.yaml:4")
    found = make_diff(desired=side(NEW, origins=lines), before=side(OLD), engine="0")
    (line,) = (line for line in print_plan(found).split("\n") if "epic -> epic-prod" in line)
    assert line.split() == ["name", "epic", "->", "epic-prod", "sites/ste/ehr-endpoints.yaml:4"]


def test_what_waits_under_the_old_name_is_counted_under_the_new_one() -> None:
    new = fleet(ste("epic-prod", renamed={"epic-prod": "epic"}, port=6662))
    found = plan(new, lanes={"ste/epic": LaneCount(waiting=12), "ste/epic-prod": LaneCount(waiting=1)})
    assert addresses(found) == ["ste/epic-prod.port", "ste/epic-prod.renamed_from"]
    assert found.effects[0].sentence == (
        "Results go to 10.20.30.40:6662 instead of 10.20.30.40:6661. 12 waiting results move too."
    )
    assert [str(place) for place in found.guard.counted] == ["ste/epic-prod"]


def test_a_pair_that_was_closed_is_remembered_under_the_new_name() -> None:
    closed = ClosedPair(absent_since=datetime(2026, 11, 20, tzinfo=UTC), finalized=3)
    without = fleet(ste("epic").model_copy(update={"archives": {"ed": archive()}}))
    (start,) = plan(old=without, closed={"ste/ed.forward_to.epic": closed}).starts
    assert (str(start.pair), start.finalized) == ("ste/ed.forward_to.epic-prod", 3)


def test_after_the_apply_the_entry_does_nothing() -> None:
    first = plan()
    assert first.content.sites["ste"].renamed == {"epic-prod": "epic"}
    assert plan(old=fleet(*first.content.sites.values())).is_empty


@pytest.mark.parametrize(
    ("applied", "desired"),
    [
        (ste("other"), ste("epic-prod", renamed={"epic-prod": "epic"})),
        (ste("epic-prod"), ste("epic-prod", renamed={"epic-prod": "epic"})),
        (ste("epic"), ste("epic", renamed={"epic-prod": "epic"})),
        (
            site("ste", endpoints={"epic": endpoint()}, archives={}, links=("server-room", "epic-prod")),
            ste("epic-prod", renamed={"epic-prod": "epic"}),
        ),
    ],
    ids=["old-is-unknown", "new-is-applied", "new-is-not-wanted", "new-was-another-thing"],
)
def test_a_name_that_was_not_there_or_is_taken_is_no_rename(applied: Site, desired: Site) -> None:
    assert new_names(applied, desired) == {}
    content = plan(fleet(desired), fleet(applied)).content
    assert all(each.renamed == {} for each in content.sites.values())


def test_one_old_name_has_one_heir() -> None:
    both = site("ste", endpoints={"a": endpoint(), "b": endpoint()}, archives={})
    desired = both.model_copy(update={"renamed": {"b": "epic", "a": "epic"}})
    assert new_names(ste("epic"), desired) == {"a": "epic"}


def test_without_the_word_a_new_name_is_a_new_thing() -> None:
    found = plan(fleet(ste("epic-prod")), lanes={"ste/epic": LaneCount(waiting=2)})
    assert addresses(found) == [
        "ste/ed.forward_to.epic", "ste/ed.forward_to.epic-prod", "ste/epic", "ste/epic-prod",
    ]  # fmt: skip
    assert [each.names for each in found.blocked] == [("epic",)]


def test_where_the_same_receiver_comes_back_the_word_is_named() -> None:
    said = "If epic-prod is the same endpoint under another name, write renamed_from: epic there."
    assert said in " ".join(print_plan(plan(fleet(ste("epic-prod")))).split())
    assert "renamed_from" not in print_plan(plan(fleet(ste("epic-prod", port=6662))))


def test_other_sites_keep_their_names() -> None:
    other = ste("epic").model_copy(update={"name": "other"})
    both = Comparison(
        desired=side(fleet(ste("epic-prod", renamed={"epic-prod": "epic"}), other)),
        applied=side(fleet(ste("epic"), other)),
        observed=observed(lanes={"ste/epic": LaneCount(waiting=1), "other/epic": LaneCount(waiting=2)}),
    )
    told = told_in_new_names(both)
    assert told.observed is not None
    assert told.observed.lanes == {"ste/epic-prod": LaneCount(waiting=1), "other/epic": LaneCount(waiting=2)}
    assert told.applied.fleet is not None
    assert told.applied.fleet.sites["other"] == other


NEVER_KNOWN = "renamed_from names no endpoint that was there (epik)"


@pytest.mark.parametrize("is_planned", [True, False], ids=["plan", "diff"])
def test_a_name_that_was_never_known_is_said_at_the_new_endpoint(is_planned: bool) -> None:
    new = fleet(ste("epic-prod", renamed={"epic-prod": "epik"}))
    found = plan(new) if is_planned else make_diff(desired=side(new), before=side(OLD), engine="0")
    (effect,) = (one for one in found.effects if one.places == (at("ste/epic-prod"),))
    assert effect.sentence.endswith(f"from now on. {NEVER_KNOWN}: epic-prod starts as a new endpoint.")
    assert effect.brief == f"A new EHR endpoint at 10.20.30.40:6661; {NEVER_KNOWN}"
    assert NEVER_KNOWN in " ".join(print_plan(found).split())
    assert "names no endpoint that was there" in print_markdown(found, folder="sites")


@pytest.mark.parametrize("old", [fleet(), None], ids=["of a new site", "of a new fleet"])
def test_nor_was_an_endpoint_of_what_is_new_itself(old: Fleet | None) -> None:
    found = make_diff(desired=side(NEW), before=side(old), engine="0")
    said = "renamed_from names no endpoint that was there (epic)"
    (effect,) = (one for one in found.effects if one.kind == "site")
    assert effect.sentence.endswith(
        f"Studies finalized earlier are not sent. {said}: epic-prod starts as a new endpoint."
    )
    assert effect.brief.endswith(f"; {said}")


def test_a_name_that_another_thing_had_inherits_nothing_and_says_so() -> None:
    was_a_link = site("ste", endpoints={"epic": endpoint()}, archives={}, links=("server-room", "epic-prod"))
    found = plan(NEW, fleet(was_a_link))
    (effect,) = (one for one in found.effects if one.sentence.startswith("A new EHR endpoint"))
    assert "renamed_from has no effect, since epic-prod was something else until now" in effect.sentence


@pytest.mark.parametrize(
    "later", [{}, {"port": 6662}, {"display_name": "Epic"}], ids=["nothing", "the port", "its name"]
)
def test_once_renamed_nothing_is_said_of_the_entry_that_stays(later: dict[str, object]) -> None:
    applied = fleet(*plan().content.sites.values())
    # The next generation of the site no longer knows of the rename; the file still says it.
    for known in (applied, fleet(ste("epic-prod"))):
        found = plan(fleet(ste("epic-prod", renamed={"epic-prod": "epic"}, **later)), known)
        assert "renamed_from" not in print_plan(found)
        assert found.is_empty == (not later)


def test_a_rename_that_takes_effect_is_not_called_new() -> None:
    assert "names no endpoint" not in print_plan(plan())
