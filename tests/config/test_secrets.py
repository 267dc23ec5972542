"""A secret that somebody wrote into a file is refused, and repeated nowhere."""

import json

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_annotations, print_problems
from tests.config.examples import sound_files

SECRET = "Zm9vYmFyYmF6cXV4"  # stands for any
PEM = f"-----BEGIN PRIVATE KEY----- {SECRET}"

CASES = {
    "where a reference is wanted": f"tls: {{mode: mutual, key: {SECRET}}}",
    "in quotes": f'tls: {{mode: mutual, key: "{SECRET}"}}',
    "in a list": f"tls: {{mode: mutual, key: [{SECRET}]}}",
    "under a key that a reference does not have": f"tls: {{mode: mutual, key: {{value: {SECRET}}}}}",
    "as a password": f"password: {SECRET}",
    "as a token": f"api_token: {SECRET}",
    "beside another mistake in the line": f"tls: {{mode: mutal, key: {SECRET}}}",
    "as PEM where text is wanted": f'processing_id: "{PEM}"',
    "as PEM where a number is wanted": f'minimum_gap: "{PEM}"',
    "as PEM in a reference": f'tls: {{key: {{env: "{PEM}"}}}}',
    "as PEM in a block": f"tls:\n      key: |\n        {PEM}",
    "in a line that is no YAML": f"password: {SECRET}: {SECRET}",
    "in a line with a tab": f"password:\t{SECRET}",
    "in a URL that is text": f'processing_id: "https://bgo:{SECRET}@ehr.example.org"',
    "in a URL that is a host": f"tls: {{trust: {{file: x}}}}\n  other:\n    host: https://bgo:{SECRET}@ehr.example.org:1",
    "before a host": f"status: active\n  other:\n    host: bgo:{SECRET}@ehr.example.org",
    "in a URL that is a number": f"minimum_gap: ftp://bgo:{SECRET}@ehr.example.org/",
    "in a URL that is a choice": f"encoding: ftp://bgo:{SECRET}@ehr.example.org/",
    "in a URL without a user": f"status: redis://:{SECRET}@ehr.example.org/0",
    "in a URL that is a name": f"link: https://bgo:{SECRET}@ehr.example.org/",
    "in a URL that is a key": f'message: {{exam_codes: {{"https://bgo:{SECRET}@ehr.example.org/": {{code: EF}}}}}}',
    "in a URL that is an endpoint": f'status: active\n  "https://bgo:{SECRET}@ehr.example.org/": {{port: 1}}',
    "in a URL that is no setting": f'"https://bgo:{SECRET}@ehr.example.org/": 1',
    "in a URL in a comment": f"status: active  # was https://bgo:{SECRET}@ehr.example.org/",
    "in a URL in a line of comment": f"# https://bgo:{SECRET}@ehr.example.org/",
    "as a key in a comment": f"# -----BEGIN RSA PRIVATE KEY-----{SECRET}",
}


@pytest.mark.parametrize("line", CASES.values(), ids=CASES.keys())
def test_it_is_refused_and_not_repeated(line: str):
    files = sound_files()
    path = "st-elsewhere/ehr-endpoints.yaml"
    files[path] = files[path].replace(b"    port: 6661\n", f"    port: 6661\n    {line}\n".encode())
    problems = load(files).problems
    assert problems
    shown = (
        print_problems(problems)
        + print_annotations(problems)
        + json.dumps(list(map(problem_document, problems)))
    )
    assert SECRET not in shown
    assert SECRET not in repr(problems)
