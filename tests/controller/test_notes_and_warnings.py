"""What is only worth a note or a warning is applied like anything else."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from butterfly_gitops.controller.conditions import of_configuration
from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.model.problem import Severity
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.store.sqlite import SqliteStore
from tests.config.examples import EXAMPLES

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)
LINK_OF_NOBODY = "links:\n  clinic-pc: {display_name: PC at the front desk}\n"


def _files(folder: Path) -> Path:
    """A site with a Link that nothing uses, and one without endpoints."""
    shutil.copytree(EXAMPLES / "sound", folder)
    shutil.copytree(folder / "st-elsewhere", folder / "seaside")
    site = folder / "st-elsewhere" / "site.yaml"
    site.write_text(site.read_text(encoding="utf-8").replace("links:\n", LINK_OF_NOBODY), encoding="utf-8")
    (folder / "seaside" / "ehr-endpoints.yaml").write_text(
        "version: 1\nehr_endpoints: {}\n", encoding="utf-8"
    )
    (folder / "seaside" / "archives.yaml").write_text("version: 1\narchives: {}\n", encoding="utf-8")
    return folder


async def test_their_sites_are_applied_and_ready(tmp_path: Path):
    store = SqliteStore.open(tmp_path / "state", create=True)
    configuring = Configuring(store, now=lambda: NOW)
    wanted = FolderSource(path=_files(tmp_path / "sites")).fetch()
    candidate, outcome = await configuring.follow(wanted, seen=await store.observe())
    conditions = list(of_configuration(candidate, outcome, await store.observe(), at=NOW))
    await store.close()
    assert {one.severity for one in candidate.loaded.problems} == {Severity.WARNING, Severity.NOTE}
    assert {one.site: (one.kind, one.reason) for one in conditions} == {
        "": ("Ready", "Applied"),
        "seaside": ("Ready", "Applied"),
        "st-elsewhere": ("Ready", "Applied"),
    }
