"""`bgo ledger`: events x rules = decisions, and exit code 1 where they don't."""

import apsw

from butterfly_gitops.cli.ledger import print_ledger
from tests.cli.state_commands import EFAST, STATE, Desk


def test_an_empty_ledger_adds_up(applied: Desk):
    ran = applied.bgo("ledger")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "0 events x their rules = 0 decisions: 0 delivered, 0 waiting, 0 lost.\n"


def test_what_waits_and_what_was_excluded_is_told(applied: Desk):
    applied.bgo("study", "submit", "--as-now", EFAST)
    applied.bgo("study", "submit", EFAST)
    ran = applied.bgo("ledger")
    assert ran.code == 0
    assert ran.out.startswith("2 events x their rules = 2 decisions: 0 delivered, 1 waiting, ")
    assert ran.out.endswith(", 0 lost.\n")
    assert "before-effective-from" in ran.out


def test_json_stands_alone(applied: Desk):
    applied.bgo("study", "submit", "--as-now", EFAST)
    ledger = applied.json("ledger", "--format", "json")
    assert (ledger["events"], ledger["decided"], ledger["adds_up"]) == (1, 1, True)


def test_what_does_not_add_up_is_1(applied: Desk):
    """A decision is taken out behind the program's back."""
    applied.bgo("study", "submit", "--as-now", EFAST)
    connection = apsw.Connection(str(applied.folder / STATE / "state.sqlite3"))
    connection.execute("PRAGMA foreign_keys = OFF; DELETE FROM decision")
    connection.close()
    ran = applied.bgo("ledger")
    assert (ran.code, ran.err) == (1, "")
    assert "1 lost" in ran.out


def test_surplus_and_what_is_beyond_the_rules_are_told():
    ledger = {
        "events": 2,
        "expected": 1,
        "decided": 2,
        "missing": 0,
        "surplus": 1,
        "without_delivery": {"preliminary-off": 1},
        "deliveries": {"delivered": 1, "cancelled": 1},
        "beyond_rules": {"set_aside": 1, "delivered": 2},
        "adds_up": False,
    }
    assert print_ledger(ledger).splitlines() == [
        "2 events x their rules = 1 decision: 1 delivered, 0 waiting, 1 cancelled, 1 preliminary-off, 0 lost.",
        "1 waits for a person: bgo delivery list --only set_aside",
        "1 decision belongs to no event and rule.",
        "Beyond the rules, by hand or as withdrawals: 1 set aside, 2 delivered.",
    ]
