"""Where a branch is: what is read from a person, and what is printed."""

from pathlib import Path

import pytest

from butterfly_gitops.source.git_address import is_git_address, parse_git_address


@pytest.mark.parametrize(
    ("text", "url", "branch", "folder"),
    [
        ("https://git.example.org/fleet.git#main:sites", "https://git.example.org/fleet.git", "main", "sites"),
        ("ssh://git@git.example.org/fleet.git#main:sites", "ssh://git@git.example.org/fleet.git", "main", "sites"),
        ("git@git.example.org:mercy/fleet.git#main:sites", "git@git.example.org:mercy/fleet.git", "main", "sites"),
        ("file:///srv/fleet.git#main:sites", "file:///srv/fleet.git", "main", "sites"),
        ("/srv/fleet.git#release/2026:clinics/sites/", "/srv/fleet.git", "release/2026", "clinics/sites"),
        ("/srv/a#b.git#main:.", "/srv/a#b.git", "main", "."),
        ("/srv/fleet.git#main:", "/srv/fleet.git", "main", "."),
    ],
    ids=["https", "ssh", "ssh-short", "file", "path", "number sign", "whole repository"],
)  # fmt: skip
def test_an_address_is_read(text: str, url: str, branch: str, folder: str) -> None:
    address = parse_git_address(text)
    assert (address.url, address.branch, address.folder, address.secret) == (url, branch, folder, "")
    assert is_git_address(text)
    assert parse_git_address(str(address)) == address


def test_a_relative_path_is_made_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_git_address("fleet.git#main:sites").url == str(tmp_path / "fleet.git")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://git.example.org/fleet.git", "write GIT_URL#BRANCH:FOLDER"),
        ("https://git.example.org/fleet.git#main", "write GIT_URL#BRANCH:FOLDER"),
        ("#main:sites", "write GIT_URL#BRANCH:FOLDER"),
        ("http://git.example.org/fleet.git#main:sites", "http:// is not read"),
        ("git://git.example.org/fleet.git#main:sites", "git:// is not read"),
        ("ext::sh -c whoami#main:sites", "write a path, or a URL"),
        ("--upload-pack=whoami#main:sites", "write a path, or a URL"),
        ("/srv/fleet.git#--exec:sites", "no name of a branch"),
        ("/srv/fleet.git#a*:sites", "no name of a branch"),
        ("/srv/fleet.git#a..b:sites", "no name of a branch"),
        ("/srv/fleet.git#:sites", "no name of a branch"),
        ("/srv/fleet.git#main:../sites", "no folder"),
        ("/srv/fleet.git#main:/sites", "no folder"),
        ("/srv/fleet.git#main:.git", "no folder"),
        ("https://ada:s3cret@git.example.org/fleet.git#ma in:sites", "no name of a branch"),
        ("https://ada:s3cret@git.example.org/fleet.git", "write GIT_URL#BRANCH:FOLDER"),
    ],
)
def test_what_is_no_address_is_refused_with_a_hint(text: str, says: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_git_address(text)
    assert says in str(error.value)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("text", ["sites", "/srv/fleet/sites", "./sites"])
def test_a_folder_is_no_address(text: str) -> None:
    assert not is_git_address(text)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("https://ada:s3cret%21@git.example.org/f.git#main:sites", "https://git.example.org/f.git#main:sites"),
        ("https://t0ken@git.example.org/f.git#main:sites", "https://git.example.org/f.git#main:sites"),
        ("ssh://git:s3cret%21@git.example.org/f.git#main:sites", "ssh://git@git.example.org/f.git#main:sites"),
        ("https://ada:s3cret%21@git.example.org:8443/f.git#main:sites", "https://git.example.org:8443/f.git#main:sites"),
    ],
    ids=["password", "token", "ssh", "port"],
)  # fmt: skip
def test_credentials_are_never_printed(text: str, printed: str) -> None:
    address = parse_git_address(text)
    assert str(address) == printed
    assert "s3cret" not in repr(address)
    assert "t0ken" not in repr(address)


def test_credentials_go_into_a_header() -> None:
    address = parse_git_address("https://ada:s3cret%21@git.example.org/f.git#main:sites")
    assert address.authorization == "Basic YWRhOnMzY3JldCE="
    said = address.without_secrets("for ada:s3cret%21, s3cret! and s3cret%21: Basic YWRhOnMzY3JldCE=")
    assert said == "for ***, *** and ***: ***"
