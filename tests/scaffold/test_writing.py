"""All files are written, or none; what is there stays as it is."""

from pathlib import Path

import pytest

from butterfly_gitops.scaffold.writing import NotWritten, in_the_way, write_new

FILES = {"sites/fleet.yaml": "version: 1\n", "README.md": "# Ours\n", ".github/workflows/sites.yml": "on:\n"}


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") if path.is_file() else ""
        for path in folder.rglob("*")
    }


def test_what_is_missing_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_new(folder, FILES)
    assert {path: text for path, text in tree(folder).items() if text} == FILES


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ("README.md", ("README.md",)),
        ("README.md/sub", ("README.md",)),
        ("sites/fleet.yaml", ("sites/fleet.yaml",)),
        ("sites", ("sites",)),
        (".github", (".github",)),
        ("sites/other/site.yaml", ()),
        ("LICENSE", ()),
    ],
)
def test_what_is_in_the_way_is_named(tmp_path: Path, there: str, found: tuple[str, ...]) -> None:
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_text("theirs")
    assert in_the_way(tmp_path, FILES) == found


@pytest.mark.parametrize("link", ["sites", "README.md"])
def test_a_link_is_in_the_way_wherever_it_leads(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / link).symlink_to(elsewhere if link == "sites" else elsewhere / "gone")
    assert in_the_way(folder, FILES) == (link,)


@pytest.mark.parametrize("last", sorted(FILES))
def test_where_one_cannot_be_written_none_stays(tmp_path: Path, last: str) -> None:
    """As if somebody had made it between the look and the writing."""
    folder = tmp_path / "folder"
    (folder / last).parent.mkdir(parents=True)
    (folder / last).write_text("theirs")
    before = tree(tmp_path)
    files = {path: text for path, text in FILES.items() if path != last} | {last: FILES[last]}
    with pytest.raises(NotWritten, match="nothing was written"):
        write_new(folder, files)
    assert tree(tmp_path) == before


def test_a_file_in_place_of_the_folder_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("theirs")
    with pytest.raises(NotWritten, match="mine"):
        write_new(tmp_path / "mine" / "fleet", FILES)
    assert tree(tmp_path) == {"mine": "theirs"}


def test_text_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_new(tmp_path / "mine", {**FILES, "last": "\ud800"})
    assert tree(tmp_path) == {}
