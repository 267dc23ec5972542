"""What we install is what we wrote: the wheel carries every file of the package, data too."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.rules.shape import ROOT


def test_the_wheel_carries_every_file_of_the_package(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    written = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "butterfly_gitops").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if name.startswith("butterfly_gitops/")}
    assert carried == written
