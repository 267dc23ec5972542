"""A secret that somebody wrote into a file is refused, and repeated nowhere."""

import json

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_annotations, print_problems
from butterfly_gitops.model.problem import Problem, Severity
from tests.config.examples import sound_files
from tests.table import in_one_test

SECRET = "Zm9vYmFyYmF6cXV4"  # stands for any
PEM = f"-----BEGIN PRIVATE KEY----- {SECRET}"

CASES = {
    "where a reference is wanted": f"tls: {{mode: mutual, key: {SECRET}}}",
    "in quotes": f'tls: {{mode: mutual, key: "{SECRET}"}}',
    "in a list": f"tls: {{mode: mutual, key: [{SECRET}]}}",
    "as an alias": f"password: *{SECRET}",
    "as an anchor": f"password: &{SECRET} x",
    "as an alias in a list": f"password: [*{SECRET}]",
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
    **{
        f"as {key}": f"{key}: {SECRET}"
        for key in (
            "pwd",
            "pass",
            "smtp_pass",
            "auth",
            "psk",
            "passwort",
            "Kennwort",
            "api_key",
            "apikey",
            "apiKey",
            '"api key"',
            "private-key",
            "privateKey",
            "access-key",
            "clientSecret",
            "authtoken",
            "API_TOKEN",
        )
    },
    "in place of a variable's name": f"tls: {{mode: mutual, key: {{env: {SECRET}}}}}",
    "in place of a path": f"tls: {{mode: mutual, key: {{path: {SECRET}}}}}",
    "in place of a path, in a block": f"tls:\n      key:\n        path: {SECRET}",
    "as a setting in a comment": f"# password: {SECRET}",
    "as a setting at the end of a line": f'status: active  # was pwd: "{SECRET}"',
    "as a setting in a comment beside a mistake": f"status: activ  # api-key: {SECRET}",
    "as a token of GitHub in a comment": f"# ghp_{SECRET}{SECRET}4711",
    "as a finer token of GitHub at the end of a line": f"status: active  # github_pat_11ABC_{SECRET}{SECRET}",
    "as a token of GitLab where a choice is wanted": f"encoding: glpat-{SECRET}4711",
    "as a token of Slack in a long value": f"encoding: {'e' * 30} xoxb-123456789012-{SECRET}",
    "as a JSON Web Token in a fixed value": f'message: {{fields: {{OBR-20: "eyJ{SECRET}.eyJ{SECRET}.{SECRET}"}}}}',
    "as a token that is a key": f"message: {{exam_codes: {{ghs_{SECRET}{SECRET}4711: {{cod: EF}}}}}}",
    "as a token that is no setting": f"ghs_{SECRET}{SECRET}4711: 1",
    "behind a word in a value": f"encoding: Epic password={SECRET}",
    "behind a word and spaces": f"encoding: Epic Password = {SECRET}",
    "behind a word in a URL": f"processing_id: https://ehr.example.org/?access_token={SECRET}",
    "behind a word in a comment": f"# was client_secret={SECRET}; now in the vault",
    "behind a word in quotes": f"""display_name: 'Epic passwd="{SECRET}"'""",
    "below a key, beside a mistake": f"db_password: {{value: {SECRET}}}: 1",
}


@in_one_test("line", CASES.values(), ids=CASES.keys())
def test_it_is_refused_and_not_repeated(line: str):
    problems = problems_with(line)
    assert any(problem.severity is Severity.ERROR for problem in problems)
    shown = (
        print_problems(problems)
        + print_annotations(problems)
        + json.dumps(list(map(problem_document, problems)))
    )
    assert SECRET not in shown
    assert SECRET not in repr(problems)


MATERIAL = "wJalrXUtnFEMIaK7MDENGabPxRfiCYEXAMPLEKEY"  # an AWS secret of a manual


@in_one_test(
    "line",
    [
        f"message: {MATERIAL}",
        f"message: {{exam_codes: {{E: {MATERIAL}}}}}",
        f"message: {{sex_codes: {MATERIAL}}}",
        f"message: {{empty_as_null: {MATERIAL}}}",
        f"message: {{empty_as_null: ({MATERIAL})}}",
        f"status: {'a ' * 20}{MATERIAL}",
        f"{MATERIAL}: 1",
        f"{MATERIAL}:1",
        f"{MATERIAL}",
        f"{MATERIAL}\n      a: 1",
        f"host {MATERIAL}",
        f"- {MATERIAL}",
        f"* {MATERIAL}",
    ],
)
def test_what_an_excerpt_hides_is_in_no_message_and_no_hint(line: str):
    problems = problems_with(line)
    assert problems
    assert MATERIAL[:12] not in repr(problems)


@pytest.mark.parametrize(
    "line",
    ["key hunter2secret", "- password hunter2secret", "tls: {key hunter2secret}", "api_key hunter2secret: 1"],
)
def test_a_secret_behind_a_name_without_a_colon_is_hidden(line: str):
    problems = problems_with(line)
    assert problems
    assert "hunter2" not in repr(problems)


@in_one_test(
    "comment",
    [
        "https://wiki.example.org:443#who=@ada",
        "https://wiki.example.org:443?to=ada@example.org",
        "https://wiki.example.org?a:b@c",
        "ssh://git:22,ada@example.org",
        "postgresql://USER:PASSWORD@host/db",
        "postgresql://user:$PASSWORD@host/db",
        "postgresql://user:${DB_PASSWORD}@host/db",
        "postgresql://user:***@host/db",
        "postgresql://user:<the password>@host/db",
        "postgresql://user:<password>@host/db",
        "postgresql://user:{password}@host/db",
        "password: see the vault, entry 4711",
        "password: changeme",
        "password: <from the vault>",
        "the token: {env: BGO_SECRET_1}",
        "token: BGO_SECRET_STE_1",
        "auth: oauth2",
        "secretary: ada4711",
        "the password policy asks for 12 characters",
        "the token: see the vault",
        "password=<from the vault>",
        "password=$PASSWORD",
        "Server=db;Pwd={0};",
        "token=none",
        "secret=TOKEN_OF_THE_SITE",
        "password = whatever the vault says",
        "if token == 4711",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_2026",
        "xoxo-hugs-and-kisses",
        "the ASIA/Tokyo office, AKIA4711",
        "eyJhbGciOiJIUzI1NiJ9",
        "sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_a_comment_that_holds_none_is_left_alone(comment: str):
    assert problems_with(f"# {comment}") == ()


@in_one_test(
    ("line", "column", "what"),
    [
        ("# AKIAIOSFODNN7EXAMPLE", 7, "an AWS access key"),
        ("message: {fields: {OBR-20: AKIAIOSFODNN7EXAMPLE}}", 32, "an AWS access key"),
        ("message: {fields: {OBR-20: 'no ASIAIOSFODNN7EXAMPLE'}}", 36, "an AWS access key"),
        (f"# (ghp_{'aB3' * 12})", 8, "a GitHub token"),
        ("status: active # Token=Abcd12", 28, "a value behind token="),
    ],
)
def test_the_caret_stands_under_it_and_the_problem_says_what_it_is(line: str, column: int, what: str):
    (problem,) = problems_with(line)
    assert (problem.rule, problem.origin.column) == ("secret-by-value", column)
    assert problem.message == f"this is {what}, and a secret is never written in a file"
    assert problem.excerpt == f"    {line}"[: column - 1] + "********"[: problem.length]


@pytest.mark.parametrize("name", ["token-clinic", "secret-lab", "pass-hospital"])
def test_a_thing_may_be_called_like_one(name: str):
    (problem,) = load(
        sound_files()
        | {
            "st-elsewhere/archives.yaml": f"version: 1\narchives:\n  {name}: {{display_name: A, purpose: x}}\n".encode()
        }
    ).problems[:1]
    assert problem.excerpt == f"  {name}: {{display_name: A, purpose: x}}"


def problems_with(line: str) -> tuple[Problem, ...]:
    """Those of a sound configuration with one line more in an endpoint."""
    files = sound_files()
    path = "st-elsewhere/ehr-endpoints.yaml"
    files[path] = files[path].replace(b"    port: 6661\n", f"    port: 6661\n    {line}\n".encode())
    return load(files).problems
