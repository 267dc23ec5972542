"""What a file costs is bounded, however many names, comments and secrets are in it; and so is what is said of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_text import print_problems
from butterfly_gitops.config.report import MAX_PER_FILE
from butterfly_gitops.config.site_text import MAX_ENDPOINTS_PER_SITE, MAX_SHARED_VALUES
from butterfly_gitops.config.text.plain_text import MAX_BYTES, MAX_LINE, MAX_LINES
from butterfly_gitops.config.text.yaml_tree import MAX_VALUES
from tests.config.examples import sound_files
from tests.table import in_one_test

SOUND = sound_files()
SITE = SOUND["st-elsewhere/site.yaml"].decode()
GRANTS = SOUND["grants.yaml"].decode()
FORWARDED = "forward_to: [epic-prod, registry]"
ARCHIVES = SOUND["st-elsewhere/archives.yaml"].decode()
# What takes this long on any machine grows with the square of the file, or worse.
FAR_TOO_LONG_S = 60


def loaded_with(path: str, text: str) -> Loaded:
    """The sound files with another text for one of them."""
    return load({**SOUND, path: text.encode()})


@contextmanager
def not_for_ever() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < FAR_TOO_LONG_S


ENDPOINTS_OF_ZONES = "version: 1\nehr_endpoints:\n" + "".join(
    f"  e{each}:\n    {{display_name: E, link: server-room, host: h{each}.example.org, port: 6661,\n"
    f"    preliminary_results: never, receiving_facility: E,\n    time_zone: America/New_Yor{each}}}\n"
    for each in range(150)
)
NEAR = ",\n".join(f"      epic-pro{each}" for each in range(3000))
KEYS = "\n".join(f"time_zon{each}: 1" for each in range(3000))
MISSPELT = [
    (
        "st-elsewhere/archives.yaml",
        ARCHIVES.replace(FORWARDED, f"forward_to: [\n{NEAR}\n    ]"),
        "unknown-endpoint",
    ),
    ("grants.yaml", GRANTS.replace("[st-elsewhere]", f"[st-elsewhere,\n{NEAR}\n    ]"), "unknown-site"),
    ("st-elsewhere/site.yaml", f"{SITE}{KEYS}\n", "unknown-key"),
    ("st-elsewhere/ehr-endpoints.yaml", ENDPOINTS_OF_ZONES, "unknown-zone"),
]


@pytest.mark.parametrize(("path", "text", "rule"), MISSPELT, ids=[rule for _, _, rule in MISSPELT])
def test_a_hundred_misspelt_names_of_a_file_are_shown(path: str, text: str, rule: str):
    with not_for_ever():
        loaded = loaded_with(path, text)
    rules = [problem.rule for problem in loaded.problems if problem.origin.file == f"sites/{path}"]
    assert rules.count(rule) == MAX_PER_FILE
    assert rules[-1] == "too-many-problems"


@pytest.mark.soak
@in_one_test(
    "piece",
    [
        "eyJ",
        "eyJaaaaaaaa.",
        " eyJaaaaaaaa.eyJ",
        "ghp_",
        " ghp_a",
        "xoxb-",
        "glpat-a-",
        "password=",
        "token = ",
        "pwd=a;",
        "secret=<",
    ],
)
def test_what_nearly_looks_like_a_secret_is_looked_at_once(piece: str):
    line = f"# {piece * (MAX_LINE // len(piece))}"[:MAX_LINE]
    with not_for_ever():
        loaded_with("st-elsewhere/site.yaml", SITE + f"{line}\n" * ((MAX_BYTES - len(SITE)) // MAX_LINE - 1))


@pytest.mark.soak
def test_many_comments_that_name_no_rule_cost_no_more_than_others():
    comments = "".join(f"# bgo: ignore nused-endpoint: {each}\n" for each in range(5000))
    with not_for_ever():
        loaded = loaded_with("st-elsewhere/site.yaml", SITE + comments)
    assert [problem.rule for problem in loaded.problems] == ["unknown-rule"] * MAX_PER_FILE + [
        "too-many-problems"
    ]
    assert loaded.problems[0].hint == 'write "unused-endpoint"'


def test_many_comments_and_many_warnings_meet_only_where_they_belong():
    """Each comment answers what stands in its own line; none is held against all others."""
    links = "".join(
        f"  l{each}: {{display_name: L}}  # bgo: ignore unused-link: spare\n" for each in range(4000)
    )
    with not_for_ever():
        loaded = loaded_with("st-elsewhere/site.yaml", SITE.replace("links:\n", f"links:\n{links}"))
    assert len(loaded.silenced) == 4000
    assert not loaded.problems


@pytest.mark.soak
def test_words_that_look_like_secrets_cost_no_more_than_others():
    keys = ", ".join(f"k{each}: 1" for each in range(100))
    lines = "".join(f'a{each}: {{{keys}, x: "{"token" * 1700}"}}\n' for each in range(95))
    with not_for_ever():
        loaded = loaded_with("st-elsewhere/site.yaml", SITE + lines)
    assert [problem.rule for problem in loaded.problems] == ["unknown-key"] * 95


@pytest.mark.parametrize(
    "line",
    [
        "my_password_of_{}: hunter2".format("x" * 200),
        '"{}-secret-of": hunter2'.format("x" * 200),
        "{a: {b: 1, client_secret : hunter2}}",
        "x: 1 # the token: hunter2",
    ],
)
def test_what_looks_like_a_secret_is_hidden_however_long_its_name(line: str):
    """The problem is another one, in the same line."""
    loaded = loaded_with(
        "st-elsewhere/site.yaml", f"{SITE}zzz: {{{line}}}\n" if "#" not in line else SITE + line
    )
    assert loaded.problems
    assert "hunter2" not in print_problems(loaded.problems)


def test_a_secret_beyond_the_report_is_hidden_within_it():
    """The hundred problems that are shown stand in the same line as the one that says that it holds a secret."""
    keys = ", ".join(f"k{each}: 1" for each in range(150))
    line = f'zzz: {{{keys}}}\nlinkz: {{{keys}, x: {{file: 1}}, tls_key: "-----BEGIN PRIVATE KEY----- hunter2"}}\n'
    loaded = loaded_with("st-elsewhere/site.yaml", SITE + line)
    assert "hunter2" not in print_problems(loaded.problems)


def endpoints(number: int) -> str:
    named = "".join(
        f"  e{each}: {{display_name: E, link: server-room, host: h{each}.example.org, port: 6661,\n"
        "    receiving_facility: E, preliminary_results: never}\n"
        for each in range(number)
    )
    return f"version: 1\nehr_endpoints:\n{named}"


CODES = ", ".join(f"C{each}: X" for each in range(MAX_SHARED_VALUES))


@in_one_test(
    ("rule", "path", "text"),
    [
        ("file-too-large", "st-elsewhere/site.yaml", SITE + f"# {'x' * 9000}\n" * (MAX_BYTES // 9000 + 1)),
        ("file-too-large", "st-elsewhere/site.yaml", SITE + "\n" * MAX_LINES),
        ("file-too-large", "st-elsewhere/site.yaml", SITE + "x:\n" + "- [1, 1, 1, 1]\n" * (MAX_VALUES // 5)),
        ("line-too-long", "st-elsewhere/site.yaml", f"{SITE}#{'x' * MAX_LINE}\n"),
        ("layer-too-large", "st-elsewhere/site.yaml", f"{SITE}  exam_codes:\n    {{{CODES}}}\n"),
        ("site-too-large", "st-elsewhere/ehr-endpoints.yaml", endpoints(MAX_ENDPOINTS_PER_SITE + 1)),
        ("too-many-problems", "st-elsewhere/site.yaml", f"{SITE}{KEYS}\n"),
    ],
)
def test_what_is_over_a_limit_is_said_once(rule: str, path: str, text: str):
    loaded = loaded_with(path, text)
    assert [problem.rule for problem in loaded.problems].count(rule) == 1
    assert "st-elsewhere" in loaded.unsound_sites
