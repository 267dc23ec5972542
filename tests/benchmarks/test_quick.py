"""The benchmarks still run, and tell every figure; how fast anything is, no test says."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.bare import render as bare_render
from benchmarks.fleet import one_endpoint_each
from benchmarks.libraries import by_hl7, by_hl7apy, fields_of
from benchmarks.render import renderer, study_with_pdf, study_with_text
from benchmarks.studies import study_event
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.study import StudyEvent

ROOT = Path(__file__).parents[2]
FIGURES = [
    "accepted to recorded, 4 endpoints",
    "accepted to recorded, 1 endpoint",
    "processor for a message, 4 endpoints",
    "processor for a message, 1 endpoint",
    "HTTP intake while delivering, arrays of 20",
    "HTTP intake while delivering, one by one",
    "200 waiting: start of the process to first send",
    "200 waiting: state opened to first send",
    "200 waiting: most memory",
    "10 idle endpoints: memory",
    "10 idle endpoints: most memory",
    "10 idle endpoints: processor, passes included",
    "10 idle endpoints: processor between passes",
    "reconcile of 5 new sites",
    "reconcile of one changed site among 5",
    "reconcile of 5 sites as they were",
    "validate of 5 sites",
    "validate of 5 sites: processor",
    "validate of 5 sites: most memory",
    "validate, files (bare: check-jsonschema)",
    "validate of one site",
    "bgo --help",
    "render of 1.6 kB",
    "render of 1.6 kB (bare: hl7)",
    "render of 1.6 kB (bare: hl7apy)",
    "render with a PDF of 0.001 MB",
    "render with a PDF of 0.001 MB (bare: hl7)",
    "render with a PDF of 0.001 MB (bare: hl7apy)",
    "render with a PDF 20 times as large (bare: with that one)",
]


def run_benchmarks(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", "--quick", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_one_run_tells_every_figure():
    told = run_benchmarks()
    assert re.search(r"\d+ × .*, Python 3\..*fsync [\d.]+ ms", told)
    rows = [row.split("│")[1].strip() for row in told.splitlines() if row.startswith("│")]
    assert sorted(rows) == sorted(FIGURES)


@pytest.mark.soak
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="newer ones profile one thread at a time")
def test_the_profile_tells_of_the_loop_and_of_the_writer():
    told = run_benchmarks("pipeline", "--profile")
    assert re.search(r"^MainThread: \d+ µs a message", told, re.MULTILINE)
    assert re.search(r"^store-writer: \d+ µs a message", told, re.MULTILINE)


def test_the_bare_pipeline_loads_nothing_of_ours():
    code = "import benchmarks.bare, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not [module for module in done.stdout.split() if module.startswith("butterfly_gitops")]


def test_both_pipelines_send_about_as_many_bytes():
    text = study_event("timed-1", archive="site-0/main")
    site = one_endpoint_each([6661])[0]
    ours = render(
        Form.of(site.ehr_endpoints["ehr-0"]),
        StudyEvent.model_validate_json(text),
        report=KnownReport(filler=None, last_status_time=None, fallback_filler="BF0", repeats=False),
        status=ResultStatus.F,
        control_id="A" * 20,
        at=datetime.now(UTC),
    )
    bare = bare_render(text, control_id="A" * 20)
    assert len(bare) == pytest.approx(len(ours.data), rel=0.1)


@pytest.mark.parametrize(("event", "layout"), [(study_with_text(), "report"), (study_with_pdf(100), "pdf")])
def test_the_libraries_put_together_the_very_message(event: StudyEvent, layout: str):
    message = renderer(event, layout=layout)()
    written = message.decode().removesuffix("\r")
    assert by_hl7(fields_of(message)) == written
    assert by_hl7apy(fields_of(message)) == written
