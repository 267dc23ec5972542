"""A log line is one line, and nothing in it steers the terminal that it is read on."""

import io
import json

import pytest
import structlog

from butterfly_gitops.logs import configure_logs


@pytest.fixture
def stream():
    before = structlog.get_config()
    yield io.StringIO()
    structlog.configure(**before)


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_a_log_line_says_what_was_handed_in_by_its_numbers(stream: io.StringIO, as_json: bool):
    configure_logs(stream, as_json=as_json)
    # A logger of its own: others keep the stream of their first line.
    log = structlog.wrap_logger(structlog.PrintLogger(stream))
    log.info("condition", detail="x\nlevel=error\x1b[2J\u2028\u202e", count=1, event_id="MRN0042")
    said = stream.getvalue()
    assert said.count("\n") == 1
    assert said.isascii()
    detail = r"x\nlevel=error\x1b[2J\u2028\u202e"
    assert detail in (json.loads(said)["detail"] if as_json else said.replace("\\\\", "\\"))
    assert "MRN" not in said
