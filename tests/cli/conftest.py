"""A state of its own for verbs that need one."""

from pathlib import Path

import pytest

from tests.cli.state_commands import Desk, small_sites


@pytest.fixture
def desk(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A working folder with a small fleet in `sites/`, and no state yet."""
    monkeypatch.chdir(tmp_path)
    for name in ("BGO_STATE", "BGO_MARK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    small_sites(tmp_path / "sites", port=6661)
    return Desk(capfd=capfd, folder=tmp_path)


@pytest.fixture
def applied(desk: Desk) -> Desk:
    """The same with the fleet applied to a new state."""
    assert desk.bgo("apply", "--new-state", "--yes").code == 0
    return desk
