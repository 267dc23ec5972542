"""One small study in each layout, version and encoding; `python -m tests.hl7.charset_messages` writes the golden files.

Each file of golden/charsets is a layout in a version; each of its messages stands below the encoding that it is in.
"""

from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.model.study import StudyEvent
from tests.hl7.samples import GOLDEN, endpoint, rendered, study
from tests.hl7.standard import CODECS

FOLDER = GOLDEN / "charsets"
PAIRS = [(layout.name, version) for layout in LAYOUTS.values() for version in layout.versions]
# A family name with letters that few other encodings have.
FAMILIES = {
    "US-ASCII": "Muster",
    "ISO-8859-1": "Müßiggang",
    "ISO-8859-2": "Wąsowicz-Řehoř",
    "ISO-8859-3": "Ħabbaż",
    "ISO-8859-4": "Bērziņš",
    "ISO-8859-5": "Щербаков",
    "ISO-8859-6": "نموذج",
    "ISO-8859-7": "Υπόδειγμα",
    "ISO-8859-8": "דוגמה",
    "ISO-8859-9": "Yıldırımoğlu",
    "ISO-8859-15": "Œuvrard €",
    "windows-1252": "Šimek’s",
    "UTF-8": "見本 Ŝablono",
}


def small(family: str) -> StudyEvent:
    return study(
        "efast.json",
        patient={"family": family},
        encounter=None,
        study={
            "people": [],
            "observations": [],
            "report": [{"section": "findings", "text": "No free fluid."}],
            "documents": [{"title": "Report", "media_type": "application/pdf", "base64": "JVBERi0="}],
        },
    )


def message(layout: str, version: str, encoding: str) -> bytes:
    to = endpoint(encoding=encoding, message={"layout": layout, "hl7_version": version})
    return rendered(small(FAMILIES[encoding]), to).data


def text_of(layout: str, version: str) -> str:
    """All messages of a file, by Python's own codecs."""
    blocks = []
    for encoding, (codec, _) in CODECS.items():
        lines = message(layout, version, encoding).decode(codec).replace("\r", "\n")
        blocks.append(f"{encoding}\n{lines}")
    return "\n".join(blocks)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, of in PAIRS:
        (FOLDER / f"{name}-{of}.txt").write_text(text_of(name, of), encoding="utf-8")
