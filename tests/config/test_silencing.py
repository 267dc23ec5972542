"""A comment with a reason answers a warning; it never answers an error, and never one that is not there."""

from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_problem, print_summary
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.config.text import yaml_events, yaml_text
from butterfly_gitops.config.text.comments import find_remarks
from butterfly_gitops.config.tree import SourceFile
from butterfly_gitops.model.problem import Severity
from tests.config.examples import examples, sound_files
from tests.table import in_one_test

ENDPOINTS = "st-elsewhere/ehr-endpoints.yaml"
ASKS = "    preliminary_results: when_attestation_requested\n"
COMMENT = "# bgo: ignore not-entitled: the grant comes in May"


def files_with(
    lines: str, *, granted: str = "false", path: str = ENDPOINTS, old: str = ASKS
) -> dict[str, bytes]:
    """The sound files without the entitlement, and with other lines in place of those that ask for it."""
    files = sound_files()
    text = files[path].decode()
    assert old in text
    files[path] = text.replace(old, lines).encode()
    grants = files["grants.yaml"].replace(
        b"preliminary_results: true", f"preliminary_results: {granted}".encode()
    )
    return {**files, "grants.yaml": grants}


def loaded_with(lines: str, **how: str) -> Loaded:
    return load(files_with(lines, **how))


def rules(loaded: Loaded) -> list[str]:
    return [problem.rule for problem in loaded.problems]


@in_one_test(
    "lines",
    [
        ASKS.replace("\n", f"   {COMMENT}\n"),
        f"    {COMMENT}\n{ASKS}",
        f"{COMMENT}\n{ASKS}",
        f"    {COMMENT}\n    # and not before\n{ASKS}",
        f"    # asked for in April\n    {COMMENT}\n    # bgo: ignore not-entitled: said twice\n{ASKS}",
        ASKS.replace("\n", f" # CHG-4411 {COMMENT}\n"),
        ASKS.replace("\n", " #bgo:ignore not-entitled :the grant comes in May\n"),
        ASKS.replace("when", '"when').replace("requested", f'requested"  {COMMENT}'),
    ],
    ids=[
        "at the end of the line",
        "alone above",
        "at another indentation",
        "above another comment",
        "among other comments",
        "behind another comment",
        "with other spaces",
        "behind quotes",
    ],
)
def test_a_comment_with_a_reason_answers_a_warning(lines: str):
    loaded = loaded_with(lines)
    assert rules(loaded) == []
    (silenced,) = loaded.silenced
    assert (silenced.rule, silenced.silenced) == ("not-entitled", "the grant comes in May")
    assert print_summary(loaded) == "5 files, 1 site, 2 EHR endpoints: no problems, 1 warning silenced"


@in_one_test(
    ("lines", "rule"),
    [
        (f"    {COMMENT}\n\n{ASKS}", "needless-silence"),
        (f"{ASKS}    {COMMENT}\n", "needless-silence"),
        (ASKS.replace("\n", " # bgo: ignore not-entitled\n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo: ignore not-entitled:  \n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo: ignore\n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo: ignroe not-entitled: in May\n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo ignore not-entitled: in May\n"), "bad-silence"),
        (ASKS.replace("\n", " # BGO: ignore not-entitled: in May\n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo: not-entitled: in May\n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo: ignore not-entitled, unused-link: in May\n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo: ignore not-entitled,unused-link: in May\n"), "bad-silence"),
        (ASKS.replace("\n", " # bgo: ignore not-entiteld: in May\n"), "unknown-rule"),
        (ASKS.replace("\n", " # bgo: ignore unknown-link: in May\n"), "cannot-silence"),
        (ASKS.replace("\n", " # bgo: ignore needless-silence: in May\n"), "cannot-silence"),
    ],
    ids=[
        "an empty line between",
        "below",
        "no reason",
        "an empty reason",
        "no rule",
        "another word",
        "no colon",
        "capitals",
        "no ignore",
        "two rules",
        "two rules without a space",
        "an unknown rule",
        "an error",
        "a comment about a comment",
    ],
)
def test_another_comment_answers_nothing_and_is_warned_of(lines: str, rule: str):
    loaded = loaded_with(lines)
    assert sorted(rules(loaded)) == sorted(["not-entitled", rule])
    assert {problem.severity for problem in loaded.problems} == {Severity.WARNING}
    assert loaded.silenced == ()
    assert loaded.fleet is not None


def test_what_is_wrong_with_a_comment_is_underlined_in_it():
    (_, problem) = loaded_with(ASKS.replace("\n", "  # bgo: ignore not-entiteld: in May\n")).problems
    line, carets = print_problem(problem).splitlines()[2:4]
    assert line[carets.index("^") : carets.rindex("^") + 1] == "not-entiteld"
    assert problem.hint == 'write "not-entitled"'


def test_an_error_stays_and_the_comment_that_would_silence_it_is_warned_of():
    files = files_with(
        "    port: 70000 # bgo: ignore out-of-range: our EHR is special\n",
        old="    port: 6661\n",
        granted="true",
    )
    loaded = load(files)
    assert sorted(rules(loaded)) == ["cannot-silence", "out-of-range"]
    assert loaded.unsound_sites == {"st-elsewhere"}


def test_a_rule_that_is_an_error_here_says_so():
    archives = "    forward_to: [epic-prod, registry]\n"
    files = files_with(
        archives.replace("\n", " # bgo: ignore duplicate-listener-identity: two charts are fine\n"),
        path="st-elsewhere/archives.yaml",
        old=archives,
    )
    text = files[ENDPOINTS].decode()
    same = text.replace("registry.example.org", "10.20.30.40").replace("2575", "6661").replace("REG", "STE")
    same = same.replace("    host: 10.20.30.40\n", "    receiving_application: EPIC\n    host: 10.20.30.40\n")
    found = load({**files, ENDPOINTS: same.encode()}).problems
    (problem,) = [each for each in found if each.rule == "cannot-silence"]
    assert problem.message.startswith("duplicate-listener-identity is an error here: ")


@in_one_test(
    "value",
    [
        f'"Epic {COMMENT}"',
        f"'Epic {COMMENT}'",
        f'"Epic\n    {COMMENT}"',
        f"'Epic\n\n    {COMMENT}'",
        "Epic#bgo:ignore",
        f"|-\n      {COMMENT}",
        f">-\n      {COMMENT}",
    ],
)
@in_one_test("events", [yaml_events.fastest_events, yaml_events.python_events], ids=["fast", "python"])
def test_what_stands_inside_of_a_value_is_no_comment(value: str, events: yaml_events.Events):
    text = f"a: {value}\nb:\n  - 'c' # bgo: ignore x: y\n"
    read = yaml_text.read_text(text.encode(), file="f", site=None, events=events)
    assert [remark.text for remark in read.remarks] == ["# bgo: ignore x: y"]


@in_one_test(
    "text",
    [
        f"a: |-\n  b\n{COMMENT}\nc: d\n",
        f"a: |-  {COMMENT}\n  b\nc: d\n",
        f"a:\n- >-\n  b\n  {COMMENT}\n{COMMENT}\nc: d\n",
        f"a: [b, {COMMENT}\n  c]\n",
        f"{COMMENT}\na: b\n",
        f"a: b\n{COMMENT}",
        f"a: \"it's\" {COMMENT}\nb: 'it\"s'\n",
        f"---\na: b # see 'c' {COMMENT}\n",
    ],
)
@in_one_test("events", [yaml_events.fastest_events, yaml_events.python_events], ids=["fast", "python"])
def test_what_stands_beside_a_value_is_a_comment(text: str, events: yaml_events.Events):
    read = yaml_text.read_text(text.encode(), file="f", site=None, events=events)
    assert [remark.text for remark in read.remarks] == [COMMENT]


PIECES = st.sampled_from(
    [
        "a: b",
        "'",
        '"',
        "|-",
        ">",
        " ",
        "\n",
        "\n  ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "#",
        "# bgo: ignore x: y",
        " # bgo: no",
    ]
)


@given(st.lists(PIECES, max_size=24).map("".join))
def test_both_parsers_find_the_same(text: str):
    fast, slow = (
        yaml_text.read_text(text.encode(), file="f", site=None, events=events)
        for events in (yaml_events.fastest_events, yaml_events.python_events)
    )
    if fast.root is not None and slow.root is not None:
        assert fast.remarks == slow.remarks


@given(st.text(alphabet="#bgo: ignre\r\nx", max_size=60))
def test_a_remark_covers_its_own_line_or_one_below(text: str):
    lines = tuple(text.splitlines())
    for remark in find_remarks(SourceFile(file="f", site=None, lines=lines), "\n".join(lines), ()):
        assert remark.place.excerpt[remark.place.column - 1 :].rstrip() == remark.text
        assert remark.line == 0 or remark.line >= remark.place.line


def test_an_unread_site_is_not_judged():
    lines = ASKS.replace("when_attestation_requested", f"never {COMMENT}")
    assert rules(loaded_with(lines)) == ["needless-silence"]
    broken = files_with(lines)
    broken[ENDPOINTS] = broken[ENDPOINTS].replace(b"port: 6661", b"port: 66610")
    assert rules(load(broken)) == ["out-of-range"]


def test_a_comment_in_a_preset_answers_for_all_that_it_reaches():
    preset = "    ack_timeout: 30s\n"
    asking = f"{preset}    {ASKS.strip()}  {COMMENT}\n"
    files = files_with("", granted="false")
    files["fleet.yaml"] = files["fleet.yaml"].replace(preset.encode(), asking.encode())
    files[ENDPOINTS] = files[ENDPOINTS].replace(
        b"name: Regional registry", b"name: Registry\n    preset: epic"
    )
    loaded = load(files)
    assert rules(loaded) == []
    assert len(loaded.silenced) == 1


def test_a_document_gives_the_reason():
    loaded = loaded_with(f"    {COMMENT}\n{ASKS}")
    (document,) = map(problem_document, loaded.silenced)
    assert document["silenced"] == "the grant comes in May"
    assert " = silenced: the grant comes in May\n" in print_problem(loaded.silenced[0])


def test_a_reload_knows_the_comments():
    files = files_with(f"    {COMMENT}\n{ASKS}")
    granted = {**files, "grants.yaml": sound_files()["grants.yaml"]}
    assert rules(load(granted, before=load(files))) == ["needless-silence"]
    assert load(granted, before=load(files)) == load(granted)


@in_one_test("example", examples("invalid"), ids=lambda each: each.name)
def test_a_rule_that_warns_can_be_silenced(example):
    loaded = load(example.files)
    warned = {problem.rule for problem in loaded.problems if problem.severity is not Severity.ERROR}
    assert {rule for rule in warned if not RULES[rule].may_be_silenced} == set()


def _with_a_twin(*comments: str) -> Loaded:
    """Two rules warn at the key of one endpoint: it is another's twin, and no archive forwards to it."""
    (twins,) = [each for each in examples("invalid") if each.name == "duplicate-listener-identity--warning"]
    above = "".join(f"  # bgo: ignore {rule}: CHG-4411\n" for rule in comments)
    text = twins.files[ENDPOINTS].decode().replace("  epic-again:\n", f"{above}  epic-again:\n")
    return load({**twins.files, ENDPOINTS: text.encode()})


def test_one_warning_hides_no_other_and_to_silence_one_uncovers_none():
    first, second = "duplicate-listener-identity", "unused-endpoint"
    assert rules(_with_a_twin()) == [first, second]
    assert rules(_with_a_twin(first)) == [second]
    assert rules(_with_a_twin(second)) == [first]
    answered = _with_a_twin(first, second)
    assert rules(answered) == []
    assert [problem.rule for problem in answered.silenced] == [first, second]


def test_two_sites_with_names_alike_are_answered_in_the_file_of_the_later_one():
    (sites,) = [each for each in examples("invalid") if each.name == "near-identical-name--of-sites"]
    path, comment = "stelsewhere/site.yaml", "# bgo: ignore near-identical-name: both names are on the door"
    text = sites.files[path].decode().replace("display_name:", f"{comment}\ndisplay_name:", 1)
    loaded = load({**sites.files, path: text.encode()})
    assert rules(loaded) == []
    assert [problem.rule for problem in loaded.silenced] == ["near-identical-name"]
