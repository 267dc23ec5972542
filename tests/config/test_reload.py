"""A load that knows an earlier one gives what a load from nothing gives, and reads only what differs."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.source.folder import read_folder

SITES = read_folder(Path(__file__).parents[2] / "sites")
ENDPOINTS = "st-elsewhere/ehr-endpoints.yaml"
FILES = sorted(SITES)

edits = st.dictionaries(
    st.sampled_from([*FILES, "unknown.yaml", "new-site/site.yaml"]),
    st.one_of(
        st.none(),
        st.sampled_from(FILES).map(SITES.__getitem__),
        st.sampled_from([b"", b"version: 1\n", b"version: 1\npresets: {epic: {port: 70000}}\n", b"{"]),
        st.tuples(
            st.sampled_from(FILES),
            st.sampled_from([(b"port:", b"prt:"), (b"6661", b"x"), (b"epic", b"epoc")]),
        ).map(lambda drawn: SITES[drawn[0]].replace(*drawn[1])),
    ),
    max_size=4,
)


def edited(files: dict[str, bytes], changes: dict[str, bytes | None]) -> dict[str, bytes]:
    changed = {**files, **changes}
    return {path: content for path, content in changed.items() if content is not None}


@given(st.lists(edits, max_size=4))
@settings(deadline=None)
def test_what_is_known_changes_nothing(steps) -> None:
    before: Loaded | None = None
    files = dict(SITES)
    for step in steps:
        files = edited(files, step)
        before = load(files, before=before)
        assert before == load(files)


def test_equal_files_are_not_read_at_all() -> None:
    first = load(SITES)
    assert load({path: bytes(bytearray(content)) for path, content in SITES.items()}, before=first) is first


def read_anew(first: Loaded, second: Loaded) -> set[str]:
    return {name for name, part in second.parts.sites.items() if part is not first.parts.sites.get(name)}


@pytest.mark.parametrize(
    ("path", "old", "new", "sites"),
    [
        (ENDPOINTS, b"port: 6661", b"port: 6662", {"st-elsewhere"}),
        ("grants.yaml", b"version: 1", b"version: 1 ", set()),
        ("fleet.yaml", b"port: 2575", b"port: 2576", {"st-elsewhere", "seaside", "county-general"}),
    ],
    ids=["one site", "grants", "a preset"],
)
def test_only_what_differs_is_read(path: str, old: bytes, new: bytes, sites: set[str]) -> None:
    first = load(SITES)
    second = load({**SITES, path: SITES[path].replace(old, new)}, before=first)
    assert read_anew(first, second) == sites
    texts = {file for file, part in second.parts.texts.items() if part is not first.parts.texts[file]}
    assert texts == {f"sites/{path}"}


def test_another_root_is_another_place() -> None:
    assert load(SITES, root="clinics", before=load(SITES)) == load(SITES, root="clinics")


def test_what_is_gone_is_forgotten() -> None:
    rest = {path: content for path, content in SITES.items() if not path.startswith("seaside/")}
    parts = load(rest, before=load(SITES)).parts
    assert "seaside" not in parts.sites
    assert not [file for file in parts.texts if "seaside" in file]
