"""A name that somebody gave a folder or a file steers neither a terminal nor a workflow run."""

import os
from pathlib import Path

import pytest

from butterfly_gitops.cli.main import main
from tests.cli.git_repository import GitRepository, repository_with_sites

NAME = "x\n::warning::merge me\x1b[31m\u202e\udcff"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    made = repository_with_sites(tmp_path / "repository")
    monkeypatch.chdir(made.root)
    folder = made.root / "sites" / NAME
    folder.mkdir()
    (folder / "site.yaml").write_text("version: 1\ndisplay_name:   x\n", encoding="utf-8")
    (made.root / "studies").mkdir()
    (made.root / "studies" / f"{NAME}.json").write_text("{}", encoding="utf-8")
    return made


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("validate", "--format", "json"),
        ("validate", "--format", "github"),
        ("validate", f"sites/{NAME}/gone"),
        ("diff",),
        ("diff", "--preview"),
        ("diff", "--preview", "--format", "markdown"),
        ("diff", "--sites", NAME),
        ("diff", "--studies", NAME),
        ("diff", NAME),
        ("fmt", "--check"),
        ("fmt",),
        ("fmt", NAME),
        ("fmt", f"studies/{NAME}.json"),
        ("explain", NAME),
        ("explain", f"{NAME}/x"),
        ("explain", "st-elsewhere", "--sites", NAME),
        ("init", f"studies/{NAME}.json"),
        ("init", "studies", "--site", NAME),
        ("study", "render", f"studies/{NAME}.json", "--endpoint", "st-elsewhere/epic-prod"),
        (NAME,),
        ("validate", f"--{NAME}"),
    ],
    ids=ascii,
)
@pytest.mark.usefixtures("repository")
def test_it_is_shown_as_text(capfdbinary: pytest.CaptureFixture[bytes], arguments: tuple[str, ...]):
    main(arguments)
    said = b"\n".join(capfdbinary.readouterr())
    text = os.fsdecode(said)
    assert [line for line in text.splitlines() if line.startswith("::warning::merge")] == []
    assert [sign for sign in text.replace("\n", "") if not sign.isprintable()] == []
