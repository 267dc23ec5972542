"""What events call an archive is one site's alone, however few of the sites have followed their files."""

import apsw
import pytest

from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.interface import NameTaken, Store
from butterfly_gitops.store.migration import migrate, migrations
from tests.store.play import FLEET, Play, a_site


def a_named_site(name: str, **cloud_ids: str | None) -> Site:
    """A site whose archives bear these ids."""
    site = a_site(name=name, archives=dict.fromkeys(cloud_ids, ()))
    archives = {
        one: archive.model_copy(update={"cloud_id": cloud_ids[one]}) for one, archive in site.archives.items()
    }
    return site.model_copy(update={"archives": archives})


@pytest.mark.parametrize(
    ("held", "wanted", "names"),
    [
        pytest.param("a-1", "a-1", {"a-1": "general"}, id="one id"),
        pytest.param("seaside/ed", None, {"seaside/ed": "general"}, id="its address is another's id"),
        pytest.param(None, "general/icu", {"general/icu": "general"}, id="its id is another's address"),
    ],
)
async def test_a_name_of_another_site_is_refused(
    store: Store, held: str | None, wanted: str | None, names: dict[str, str]
) -> None:
    play = await Play.start(store, a_named_site("general", icu=held))
    with pytest.raises(NameTaken) as raised:
        await play.apply(a_named_site("seaside", ed=wanted))
    assert raised.value.names == names
    assert list((await store.running()).sites) == ["general"]


async def test_a_name_that_was_given_up_is_free(store: Store) -> None:
    play = await Play.start(store, a_named_site("general", icu="a-1"))
    await play.apply(a_named_site("general", icu="a-2"))
    await play.apply(a_named_site("seaside", ed="a-1"))
    assert list((await store.running()).sites) == ["general", "seaside"]


async def test_a_site_keeps_its_names_and_may_move_them_among_its_archives(store: Store) -> None:
    play = await Play.start(store, a_named_site("general", icu="a-1", ed="a-2"))
    await play.apply(a_named_site("general", icu="a-2", ed="a-1"))
    await play.apply(a_named_site("general", icu=None, ed="a-1"))


def test_the_sites_of_an_older_state_have_the_names_of_their_newest_generation() -> None:
    connection = apsw.Connection(":memory:")
    migrate(connection, migrations()[:3])
    generations = [
        ("", 1, FleetSettings(name=FLEET)),
        ("general", 1, a_named_site("general", icu="a-0")),
        ("general", 2, a_named_site("general", icu="a-1", ed=None)),
        ("seaside", 1, a_named_site("seaside", ed="a-1")),
    ]
    for site, number, content in generations:
        connection.execute(
            "INSERT INTO generation VALUES (?, ?, '', '', '', 0, ?)",
            (site, number, content.model_dump_json(by_alias=True)),
        )
    migrate(connection, migrations()[:4])
    assert dict(connection.execute("SELECT name, site FROM archive_name")) == {
        "general/icu": "general",
        "general/ed": "general",
        "seaside/ed": "seaside",
        "a-1": "general",
    }
