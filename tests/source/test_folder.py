"""A folder on disk as a source: what is read, and what is refused."""

import os
from pathlib import Path

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.config.text import pem
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.source.folder import FolderSource, look_through, read_folder, sites_folder_of
from butterfly_gitops.source.interface import Source, SourceUnavailable

SITES = Path(__file__).parents[2] / "sites"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in {
        "fleet.yaml": "version: 1\n",
        "st-elsewhere/site.yaml": "version: 1\n",
        "st-elsewhere/notes.txt": "not read",
        "certs/epic-ca.pem": "not read",
        ".git/config": "passed over",
        "st-elsewhere/.site.yaml.swp": "passed over",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def refusal(path: Path) -> SourceUnavailable:
    with pytest.raises(SourceUnavailable) as caught:
        read_folder(path)
    return caught.value


def test_yaml_is_read_and_other_files_are_names(folder: Path):
    assert read_folder(folder) == {
        "fleet.yaml": b"version: 1\n",
        "st-elsewhere/site.yaml": b"version: 1\n",
        "st-elsewhere/notes.txt": b"",
        "certs/epic-ca.pem": b"",
    }


def test_of_a_large_file_as_much_is_read_as_shows_it(folder: Path):
    (folder / "fleet.yaml").write_bytes(b"#" * (MAX_BYTES + 1000))
    assert len(read_folder(folder)["fleet.yaml"]) == MAX_BYTES + 1
    assert "file-too-large" in {problem.rule for problem in load(read_folder(folder)).problems}


PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_small_files_in_pem_are_handed_on(folder: Path):
    (folder / "certs" / "epic-ca.pem").write_bytes(PEM)
    (folder / "st-elsewhere" / "notes.txt").write_bytes(b"From the vendor:\n" + PEM)
    (folder / "certs" / "large.pem").write_bytes(PEM.ljust(pem.MAX_BYTES + 1, b"#"))
    (folder / "certs" / "full.pem").write_bytes(PEM.ljust(pem.MAX_BYTES, b"#"))
    files = read_folder(folder)
    assert files["certs/epic-ca.pem"] == PEM
    assert files["st-elsewhere/notes.txt"].endswith(PEM)
    assert (files["certs/large.pem"], len(files["certs/full.pem"])) == (b"", pem.MAX_BYTES)


def test_another_certificate_is_another_revision(folder: Path):
    source, certificate = FolderSource(path=folder), folder / "certs" / "epic-ca.pem"
    certificate.write_bytes(PEM)
    before = source.fetch().revision
    certificate.write_bytes(PEM.replace(b"MIIB", b"MIIC"))
    assert source.fetch().revision != before


def test_a_missing_folder(tmp_path: Path):
    error = refusal(tmp_path / "sites")
    assert error.place == str(tmp_path / "sites")
    assert error.exit_code == 1


def test_a_file_is_no_folder(folder: Path):
    assert refusal(folder / "fleet.yaml").reason == "there is no such folder"


@pytest.mark.parametrize("target", ["site.yaml", "nowhere"], ids=["to a file", "to nothing"])
def test_a_symbolic_link_is_refused(folder: Path, target: str):
    link = folder / "st-elsewhere" / "archives.yaml"
    link.symlink_to(target)
    assert refusal(folder).place == str(link)


def test_a_symbolic_link_to_a_folder_is_refused(folder: Path):
    (folder / "seaside").symlink_to(folder / "st-elsewhere")
    assert refusal(folder).place == str(folder / "seaside")


def test_what_is_no_plain_file_is_refused_without_opening_it(folder: Path):
    os.mkfifo(folder / "certs" / "pipe.pem")
    assert read_folder(folder)["certs/pipe.pem"] == b""
    os.mkfifo(folder / "grants.yaml")
    assert refusal(folder).place == str(folder / "grants.yaml")


def test_a_repository_within_the_folder_is_refused(folder: Path):
    (folder / "st-elsewhere" / ".git").write_text("gitdir: ../../.git/modules/ste\n", encoding="utf-8")
    assert refusal(folder).place == str(folder / "st-elsewhere")


def test_what_can_be_read_is_read_beside_what_cannot(folder: Path):
    whole = read_folder(folder)
    (folder / "seaside").symlink_to(folder / "st-elsewhere")
    (folder / "vendor" / ".git").mkdir(parents=True)
    os.mkfifo(folder / "grants.yaml")
    found = look_through(folder)
    assert found.files == whole
    assert {path: why.rule for path, why in found.unread.items()} == {
        "grants.yaml": "unreadable-file",
        "seaside": "symbolic-link",
        "vendor": "submodule",
    }


def test_the_sites_folder_itself_may_be_a_link(folder: Path, tmp_path: Path):
    current = tmp_path.parent / f"{tmp_path.name}-current"
    current.symlink_to(folder)
    assert read_folder(current) == read_folder(folder)


def test_a_snapshot_names_what_it_holds(folder: Path):
    source: Source = FolderSource(path=folder)
    before = source.fetch()
    assert (before.files, before.root) == (read_folder(folder), str(folder))
    assert source.fetch().revision == before.revision
    (folder / "fleet.yaml").write_text("version: 1\nname: a\n", encoding="utf-8")
    assert source.fetch().revision != before.revision


@pytest.mark.parametrize(
    "below", ["", "st-elsewhere", "st-elsewhere/site.yaml", "fleet.yaml", "st-elsewhere/gone.yaml"]
)
def test_the_sites_folder_is_found_from_anything_in_it(folder: Path, below: str):
    assert sites_folder_of(folder / below) == folder


def test_a_folder_without_the_fleets_files_is_taken_as_it_is(tmp_path: Path):
    assert sites_folder_of(tmp_path) == tmp_path


def test_the_sample_sites_are_sound_and_differ():
    loaded = load(read_folder(SITES))
    assert loaded.problems == ()
    assert (loaded.file_count, loaded.site_count, loaded.endpoint_count) == (11, 3, 6)
    assert loaded.fleet is not None
    routes = {site.name: site.archives["emergency"].forward_to for site in loaded.fleet.sites.values()}
    assert routes == {
        "county-general": ("oracle-prod", "registry"),
        "seaside": ("athena", "meditech", "registry"),
        "st-elsewhere": ("epic-prod",),
    }
    endpoints = [each for site in loaded.fleet.sites.values() for each in site.ehr_endpoints.values()]
    for setting in ("time_zone", "encoding", "preliminary_results", "connection", "ack_timeout"):
        assert len({getattr(each, setting) for each in endpoints}) > 1, setting
    assert {each.acknowledgement.mode for each in endpoints} == {"original", "commit"}
