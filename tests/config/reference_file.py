"""`make reference` writes docs/configuration.md; the samples in it are the sample sites."""

from pathlib import Path

from tools.reference.document import reference

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "configuration.md"
SAMPLES = {
    "fleet": "fleet.yaml",
    "grants": "grants.yaml",
    "site": "st-elsewhere/site.yaml",
    "ehr-endpoints": "st-elsewhere/ehr-endpoints.yaml",
    "archives": "st-elsewhere/archives.yaml",
}


def fresh() -> str:
    sites = ROOT / "sites"
    return reference({kind: (sites / path).read_text(encoding="utf-8") for kind, path in SAMPLES.items()})


if __name__ == "__main__":
    REFERENCE.write_text(fresh(), encoding="utf-8")
