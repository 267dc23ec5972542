"""What `load` makes of things that left the files on purpose, and of names that changed."""

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.site import Removal
from tests.config.examples import EXAMPLES, example, sound_files


def valid(name: str) -> Loaded:
    return load(example(EXAMPLES / "valid" / name).files)


def fleet_of(loaded: Loaded) -> Fleet:
    assert loaded.fleet is not None
    return loaded.fleet


DRAIN = Removal(waiting="drain", reason="CHG-4411")


def test_a_site_has_what_its_three_files_name_as_removed():
    site = fleet_of(valid("removed-still-there")).sites["st-elsewhere"]
    aside = Removal(waiting="set_aside", reason="the ward has closed")
    assert site.removed == {"old-room": DRAIN, "old-epic": DRAIN, "old-ward": aside}


def test_a_fleet_has_the_sites_that_are_gone_on_purpose():
    assert fleet_of(valid("removed-still-there")).removed_sites == {"seaside": DRAIN}


def test_a_site_knows_the_name_that_each_endpoint_had():
    site = fleet_of(valid("renamed-from-twice")).sites["st-elsewhere"]
    assert site.renamed == {"epic-prod": "epic", "registry": "lab"}


def test_each_of_them_has_an_origin():
    origins = valid("removed-still-there").origins
    lines = {address: origin.line for address, origin in origins.items() if "removed" in address}
    assert lines["fleet.removed_sites.seaside"] == 2
    assert lines["st-elsewhere.removed.old-epic"] == 2
    assert lines["st-elsewhere.removed.old-ward"] == 3
    assert valid("renamed-from-living").origins["st-elsewhere/epic-prod.renamed_from"].line == 4


def test_a_site_with_a_contradiction_leaves_the_others():
    files = example(EXAMPLES / "invalid" / "removed-still-there--site").files
    copies = {path.replace("st-elsewhere", "seaside"): data for path, data in sound_files().items()}
    assert fleet_of(load({**copies, **files})).sites.keys() == {"seaside"}


def test_all_sites_named_as_removed_are_a_failed_checkout_still():
    sites = b"removed_sites: {st-elsewhere: {waiting: drain, reason: CHG-4411}}\n"
    files = {path: data for path, data in sound_files().items() if "/" not in path}
    loaded = load({**files, "fleet.yaml": files["fleet.yaml"] + sites})
    assert loaded.fleet is None
    assert {problem.rule for problem in loaded.problems} == {"no-site"}
