"""The files of a new repository, whatever its names are."""

import json
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from butterfly_gitops.config.formatting.formatter import lay_out
from butterfly_gitops.config.load import load
from butterfly_gitops.config.rules.files import FLEET_FILES, SITE_FILES
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.model.address import RESERVED_SITES
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.scalar import NAME_PATTERN
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.scaffold.repository import (
    FIRST_ENDPOINT,
    FORGES,
    OWNER,
    Forge,
    NewRepository,
    files_of,
    files_with_address,
)
from tests.law_examples import up_to

names = st.from_regex(NAME_PATTERN.replace("$", r"\Z"))


def new(
    *,
    fleet: str = "mercy-health",
    site: str = "st-elsewhere",
    home: str = "https://git.example.org/tools/butterfly-gitops",
    forges: tuple[Forge, ...] = FORGES,
) -> NewRepository:
    return NewRepository(
        fleet=fleet, site=site, time_zone="Europe/Berlin", version="1.2.3", home=home, forges=forges
    )


def sites(files: dict[str, str]) -> dict[str, bytes]:
    return {path[6:]: text.encode() for path, text in files.items() if path.startswith("sites/")}


@settings(deadline=None, max_examples=up_to(30))
@given(fleet=names, site=names.filter(lambda name: name not in RESERVED_SITES))
@example(fleet="null", site="null")
@example(fleet="0123", site="1e3")
@example(fleet="---", site="-")
@example(fleet="yes", site="no-")
def test_the_sites_are_sound_whatever_they_are_called(fleet: str, site: str) -> None:
    loaded = load(sites(files_of(new(fleet=fleet, site=site))))
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.fleet is not None
    assert loaded.fleet.settings.name == fleet
    assert list(loaded.fleet.sites) == [site]


@settings(deadline=None, max_examples=up_to(30))
@given(fleet=names, site=names.filter(lambda name: name not in RESERVED_SITES))
@example(fleet="null", site="x" * 63)
def test_the_sites_are_laid_out_as_fmt_would(fleet: str, site: str) -> None:
    for path, content in sites(files_of(new(fleet=fleet, site=site))).items():
        assert lay_out(content, file=path).text == content.decode()


def test_the_first_endpoint_sends_nothing_until_somebody_says_so() -> None:
    fleet = load(sites(files_of(new()))).fleet
    assert fleet is not None
    (site,) = fleet.sites.values()
    assert site.time_zone == "Europe/Berlin"
    assert {name: one.status for name, one in site.ehr_endpoints.items()} == {FIRST_ENDPOINT: "paused"}
    assert [archive.forward_to for archive in site.archives.values()] == [()]


@pytest.mark.parametrize("forges", [(), ("github",), ("gitlab",), FORGES], ids=str)
def test_no_gap_is_left_open(forges: tuple[Forge, ...]) -> None:
    files = files_of(new(forges=forges))
    assert [path for path, text in files.items() if "%" in text or "%" in path] == []
    assert (".github/workflows/sites.yml" in files) is ("github" in forges)
    assert (".gitlab-ci.yml" in files) is ("gitlab" in forges)


@pytest.mark.parametrize("forges", [(), ("github",), ("gitlab",), FORGES], ids=str)
def test_its_readme_names_files_that_are_there_and_pipelines_that_run(forges: tuple[Forge, ...]) -> None:
    files = files_of(new(forges=forges))
    named = {
        word
        for word in files["README.md"].split("`")[1::2]
        if PurePosixPath(word).suffix in (".yml", ".yaml")
    }
    assert named <= files.keys()
    assert (".gitlab-ci.yml" in named) is ("gitlab" in forges)
    assert (".github/workflows/sites.yml" in named) is ("github" in forges)


def test_who_keeps_the_program_is_asked_for_where_it_is_not_known() -> None:
    unknown = NewRepository(fleet="mercy", site="here", time_zone="UTC", version="1.2.3")
    assert unknown.lacks_owner
    for repository in (unknown, new()):
        files = files_of(repository)
        naming = {path for path, text in files.items() if OWNER in text}
        expected = {"README.md", *files_with_address(repository)} if repository.lacks_owner else set()
        assert naming == expected


def test_the_program_is_that_of_the_version_from_the_place_that_is_named() -> None:
    files = files_of(new())
    assert (
        "repo: https://git.example.org/tools/butterfly-gitops\n    rev: v1.2.3\n"
        in files[".pre-commit-config.yaml"]
    )
    assert (
        '- pip install --quiet "butterfly-gitops @ git+https://git.example.org/tools/butterfly-gitops@v1.2.3"\n'
        in files[".gitlab-ci.yml"]
    )


def steps(home: str) -> list[dict[str, str]]:
    text = files_of(new(home=home))[".github/workflows/sites.yml"]
    found: list[dict[str, str]] = YAML(typ="safe").load(text)["jobs"]["sites"]["steps"][1:]
    return found


def test_a_workflow_uses_the_action_by_its_name_on_github() -> None:
    assert steps("https://github.com/mercy/bgo") == [{"uses": "mercy/bgo@v1.2.3"}]


@pytest.mark.parametrize(
    "home",
    [
        "https://git.example.org/tools/butterfly-gitops",
        "https://gitlab.com/a/b/c",
        "https://github.com.example.org/mercy/bgo",
        "https://github.com:444/mercy/bgo",
        "https://github.com/mercy/bgo/more",
        "file:///srv/bgo",
    ],
)
def test_a_workflow_uses_a_copy_of_what_is_kept_elsewhere(home: str) -> None:
    """`mercy/bgo` alone would be whoever has that name on GitHub."""
    assert steps(home) == [
        {"run": f"git clone --quiet --depth 1 --branch v1.2.3 {home} .butterfly-gitops"},
        {"uses": "./.butterfly-gitops"},
    ]


def test_every_kind_of_file_has_an_owner_and_a_schema_in_the_editor() -> None:
    files = files_of(new())
    owned = {
        line.split()[0] for line in files["CODEOWNERS"].splitlines() if line and not line.startswith("#")
    }
    by_schema = json.loads(files[".vscode/settings.json"])["yaml.schemas"]
    kinds = {name: f"sites/{name}" for name in FLEET_FILES} | {name: f"sites/*/{name}" for name in SITE_FILES}
    assert by_schema == {f"./schemas/{name[:-5]}.v1.schema.json": path for name, path in kinds.items()}
    assert {
        f"/{kinds[name]}" for name in ("fleet.yaml", "grants.yaml", "ehr-endpoints.yaml", "archives.yaml")
    } <= owned


def test_owners_of_endpoints_and_of_grants_are_others() -> None:
    lines = files_of(new())["CODEOWNERS"].splitlines()
    owner = {line.split()[0]: line.split()[1] for line in lines if line and not line.startswith("#")}
    kinds = [owner[f"/sites/{path}"] for path in ("*/ehr-endpoints.yaml", "*/archives.yaml", "grants.yaml")]
    assert len(set(kinds)) == len(kinds)
    assert owner["/sites/fleet.yaml"] == owner["/sites/grants.yaml"] == owner["/CODEOWNERS"]


@settings(deadline=None, max_examples=up_to(20))
@given(site=names.filter(lambda name: name not in RESERVED_SITES))
def test_its_sample_study_is_one_of_its_archive_and_makes_a_message(site: str) -> None:
    files = files_of(new(site=site))
    event = StudyEvent.model_validate_json(files["studies/efast.json"])
    fleet = load(sites(files)).fleet
    assert fleet is not None
    assert event.archive.removeprefix(f"{site}/") in fleet.sites[site].archives
    known = KnownReport(fallback_filler="BF00000000000000")
    endpoint = fleet.sites[site].ehr_endpoints[FIRST_ENDPOINT]
    message = render(
        Form.of(endpoint), event, report=known, status=ResultStatus.F, control_id="X", at=event.occurred_at
    )
    assert b"Muster^Erika" in message.data
