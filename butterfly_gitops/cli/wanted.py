"""The files of the sites folder, as a verb hands them to the API."""

import base64
from pathlib import Path
from typing import Any

from butterfly_gitops.source.folder import FolderSource


def wanted_files(sites: Path) -> dict[str, Any]:
    """Read the folder for `POST /v1/plans`. Raises SourceUnavailable."""
    snapshot = FolderSource(path=sites).fetch()
    return {
        "files": {path: base64.b64encode(content).decode() for path, content in snapshot.files.items()},
        "revision": snapshot.revision,
        "described": snapshot.described,
        "root": snapshot.root,
    }
