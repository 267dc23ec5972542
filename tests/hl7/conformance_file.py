"""`make reference` writes docs/conformance.md; its samples are the golden messages."""

import json

from butterfly_gitops.model.study import StudyEvent
from tests.hl7.samples import TESTS, golden_names, read_case
from tools.conformance.document import Sample, statement

STATEMENT = TESTS.parent / "docs" / "conformance.md"


def complete_study() -> StudyEvent:
    """The sample study with everything that a study can hold."""
    event = json.loads((TESTS / "studies" / "efast.json").read_text(encoding="utf-8"))
    sections = ("findings", "impression", "recommendation", "indication", "comparison", "other")
    event["study"] |= {
        "report": [{"section": one, "text": f"The {one}."} for one in sections],
        "observations": [
            {"type": "numeric", "code": "EF", "system": "L", "display": "Ejection fraction", "value": "55", "unit": "%"},
            {"type": "text", "code": "WINDOW", "system": "L", "display": "Acoustic window", "value": "Limited."},
            {"type": "coded", "code": "FF", "system": "L", "display": "Free fluid", "value": "ABSENT", "instance": "RUQ"},
        ],
        "attestation": {"text": "I was present for the exam."},
        "images_url": "https://cloud.example.org/s/4711",
        "documents": [{"media_type": "application/pdf", "base64": "JVBERi0xLjQKJSVFT0YK"}],
    }  # fmt: skip
    return StudyEvent.model_validate_json(json.dumps(event))


def field_of(text: str, segment: str, number: int) -> str:
    """A field of the last of these segments."""
    return [line for line in text.splitlines() if line.startswith(segment)][-1].split("|")[number]


def samples() -> list[Sample]:
    cases = [read_case(name) for name in golden_names()]
    return [
        Sample(
            link=f"../tests/golden/message-{case.name}.hl7",
            layout=case.endpoint.message.layout,
            version=case.endpoint.message.hl7_version,
            encoding=case.endpoint.encoding,
            obr_25=field_of(case.text, "OBR", 25),
            obx_11=field_of(case.text, "OBX", 11),
        )
        for case in cases
    ]


def fresh() -> str:
    return statement(complete_study(), samples())


if __name__ == "__main__":
    STATEMENT.write_text(fresh(), encoding="utf-8")
