"""The layout `lines`: one OBX for each line of the report, as receivers take it that show lines in their order."""

from collections.abc import Iterator
from itertools import count

from butterfly_gitops.hl7 import content
from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segments.obr import exam
from butterfly_gitops.hl7.segments.obx import ObxRow

_TEXT_TYPE = "ST"


def _rows(result: Result) -> Iterator[ObxRow]:
    kind = result.options.text_type or _TEXT_TYPE
    yield from content.study_uid(result, form=result.options.study_uid or LAYOUT.study_uid)
    yield from _lines(result, kind)
    yield from content.values(result)
    yield from content.image_link(result)


def _lines(result: Result, kind: str) -> Iterator[ObxRow]:
    """OBX-3 is the exam with the suffix of its section (7.4.2.3), OBX-4 counts the lines of the whole report."""
    study = result.study
    counter = count(1)
    texts = [(content.SECTIONS[part.section][2], part.text, result.observed) for part in study.report]
    if study.attestation:
        texts.append(("", study.attestation.text, content.attested(result)))
    for suffix, text, observed in texts:
        if not text.strip():
            continue
        code = _with_suffix(exam(result), content.ADDENDUM if result.is_addendum else suffix)
        for line in text.splitlines():
            yield ObxRow(
                type=kind,
                code=code,
                instance=str(next(counter)),
                value=escape(line.rstrip().expandtabs()),
                observed=observed,
            )


def _with_suffix(code: str, suffix: str) -> str:
    identifier, separator, rest = code.partition("^")
    return f"{identifier}&{suffix}{separator}{rest}" if suffix else code


LAYOUT = Layout(
    name="lines",
    title="One OBX for each line",
    says="The report as lines of text: OBX-3 is the exam (OBR-4) with the suffix &GDT, &IMP or &REC of the section, "
    "and OBX-4 counts the lines. The attestation follows as lines, then the measured values; the Study UID stands in "
    "ZDS where `message.study_uid` says so. For receivers that show a report line by line, whatever their version.",
    versions=("2.3", "2.3.1", "2.4", "2.5.1"),
    rows=_rows,
    study_uid="none",
    text_type=_TEXT_TYPE,
)
