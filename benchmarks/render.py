"""A result as bytes: a report, and a document of one and of twenty times a size, beside two libraries for HL7.

The libraries are given the fields of the very message, finished: only that they put it together is timed.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from benchmarks.figures import Figure, at_most
from benchmarks.fleet import one_endpoint_each
from benchmarks.libraries import by_hl7, by_hl7apy, fields_of
from benchmarks.load import settle_down
from benchmarks.sizes import Sizes
from benchmarks.studies import study_event
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.study import StudyEvent

_MOST_OF_REPORT_US = 40
_MOST_OF_DOCUMENT_MS = 15
_LARGER = 20
_AT_ONCE = 50  # the clock of the processor is too coarse for one small message


def measure(sizes: Sizes) -> Iterator[Figure]:
    """Time each as the processor's time of this process, the best of many."""
    settle_down()
    yield from _report(sizes)
    yield from _document(sizes)


def _report(sizes: Sizes) -> Iterator[Figure]:
    write = renderer(study_with_text(), layout="report")
    fields = fields_of(write())
    ours = 1e6 * _best_s(lambda: _repeat(write, _AT_ONCE), sizes.renders) / _AT_ONCE
    theirs = {
        "hl7": 1e6 * _best_s(lambda: by_hl7(fields), sizes.renders),
        "hl7apy": 1e6 * _best_s(lambda: by_hl7apy(fields), sizes.renders // 10),
    }
    name = f"render of {len(write()) / 1000:.1f} kB"
    yield Figure(
        name=name,
        value=ours,
        unit="µs",
        wanted=f"at most {_MOST_OF_REPORT_US} µs",
        is_enough=at_most(_MOST_OF_REPORT_US),
    )
    yield from _beside(name, ours, "µs", theirs)


def _document(sizes: Sizes) -> Iterator[Figure]:
    write = renderer(study_with_pdf(sizes.pdf_bytes), layout="pdf")
    fields = fields_of(write())
    times = max(sizes.renders // 20, 1)
    ours = 1e3 * _best_s(write, times)
    theirs = {
        "hl7": 1e3 * _best_s(lambda: by_hl7(fields), times),
        "hl7apy": 1e3 * _best_s(lambda: by_hl7apy(fields), times),
    }
    name = f"render with a PDF of {sizes.pdf_bytes / 1e6:g} MB"
    yield Figure(
        name=name,
        value=ours,
        unit="ms",
        wanted=f"at most {_MOST_OF_DOCUMENT_MS} ms",
        is_enough=at_most(_MOST_OF_DOCUMENT_MS),
    )
    yield from _beside(name, ours, "ms", theirs)
    # More than so many times as long: no cache holds it, and its memory goes back to the system each time.
    yield Figure(
        name=f"render with a PDF {_LARGER} times as large (bare: with that one)",
        value=1e3 * _best_s(renderer(study_with_pdf(_LARGER * sizes.pdf_bytes), layout="pdf"), times),
        unit="ms",
        bare=ours,
        wanted=f"at most {_LARGER * _MOST_OF_DOCUMENT_MS} ms",
        is_enough=at_most(_LARGER * _MOST_OF_DOCUMENT_MS),
    )


def _beside(name: str, ours: float, unit: str, theirs: dict[str, float]) -> Iterator[Figure]:
    for library, value in theirs.items():
        yield Figure(name=f"{name} (bare: {library})", value=ours, unit=unit, bare=value)


def renderer(event: StudyEvent, *, layout: str) -> Callable[[], bytes]:
    """Return the function that writes the result for an endpoint, as a lane does."""
    endpoint = one_endpoint_each([6661])[0].ehr_endpoints["ehr-0"]
    message = endpoint.message.model_copy(update={"layout": layout})
    form = Form.of(endpoint.model_copy(update={"message": message, "time_zone": "America/New_York"}))
    report = KnownReport(fallback_filler="BF0123456789ABCD")
    at = datetime.now(UTC)

    def write() -> bytes:
        return render(form, event, report=report, status=ResultStatus.F, control_id="K" * 20, at=at).data

    return write


def study_with_text() -> StudyEvent:
    """A report with a few measured values."""
    event = json.loads(study_event("rendered", archive="site-0/main"))
    study = event["study"]
    (measured,) = study["observations"]
    names = ("Left ventricle, diastole", "Left ventricle, systole", "Inferior vena cava", "Aorta")
    study["observations"] += [{**measured, "code": f"D{n}", "display": name} for n, name in enumerate(names)]
    study["attestation"] = {"text": "I was present for the exam and agree with what is written."}
    return StudyEvent.model_validate_json(json.dumps(event))


def study_with_pdf(size: int) -> StudyEvent:
    """A report that has a document of so many bytes, too."""
    event = json.loads(study_event("rendered", archive="site-0/main"))
    content = base64.b64encode(b"%PDF-1.4\n" + bytes(range(256)) * (size // 256 + 1)).decode()
    event["study"]["documents"] = [{"media_type": "application/pdf", "base64": content}]
    return StudyEvent.model_validate_json(json.dumps(event))


def _repeat(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()


def _best_s(work: Callable[[], object], times: int) -> float:
    """The least time of the processor that the work took."""
    best_s = float("inf")
    for _ in range(max(times, 1)):
        began_s = time.process_time()
        work()
        best_s = min(best_s, time.process_time() - began_s)
    return best_s
