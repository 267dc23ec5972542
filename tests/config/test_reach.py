"""A wrong value that several endpoints share is one problem, at its place, that names the endpoints it reaches."""

from dataclasses import replace

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_problem
from butterfly_gitops.model.problem import Problem
from tests.config.examples import sound_files
from tests.table import in_one_test

ENDPOINT = """\
  {name}:
    display_name: One of many
    preset: epic
    link: server-room
{host}    port: 6661
    status: paused
    receiving_facility: STE
"""
EPIC = "    ack_timeout: 30s\n"


def fleet_with(
    *endpoints: str, preset: str, site: str = "", granted: bool = True, host: str = "10.20.30.40"
) -> Loaded:
    """Two sites with the same endpoints of preset epic, given as what each says besides."""
    files = sound_files()
    files["fleet.yaml"] = files["fleet.yaml"].replace(EPIC.encode(), preset.encode())
    many = "".join(
        ENDPOINT.format(name=f"epic-{number}", host=f"    host: {host}\n" if host else "") + says
        for number, says in enumerate(endpoints)
    )
    for name in ("st-elsewhere", "seaside"):
        files[f"{name}/site.yaml"] = sound_files()["st-elsewhere/site.yaml"] + site.encode()
        files[f"{name}/ehr-endpoints.yaml"] = f"version: 1\nehr_endpoints:\n{many}".encode()
        files[f"{name}/archives.yaml"] = b"version: 1\narchives: {}\n"
    roles = files["grants.yaml"].replace(b"[st-elsewhere]", b'["*"]')
    return load(
        {**files, "grants.yaml": roles if granted else roles.replace(b"results: true", b"results: false")}
    )


def problem_of(loaded: Loaded, rule: str) -> Problem:
    (problem,) = [problem for problem in loaded.problems if problem.rule == rule]
    return problem


@in_one_test(
    ("rule", "preset"),
    [
        ("out-of-range", "    ack_timeout: 10m\n"),
        ("bad-duration", "    ack_timeout: 30\n"),
        ("wrong-type", "    minimum_gap: [1s]\n"),
        ("null-value", "    message: {times: }\n"),
        ("wrong-value", "    acknowledgement: {on_refusal: {AE: {then: stop}}}\n"),
        ("unknown-key", "    ack_timout: 30s\n"),
        ("unknown-key", "    acknowledgement: {on_refusal: {AB: {retries: 1}}}\n"),
        ("unknown-zone", "    time_zone: EST\n"),
        ("bad-reference", "    tls: {mode: server, trust: {file: certs/none.pem}}\n"),
        ("tls-off", "    tls: {trust: {env: BGO_SECRET_CA}}\n"),
        ("secret-by-value", "    tls: {mode: server, trust: [a, b]}\n"),
    ],
)
def test_each_wrong_value_of_a_preset_names_the_endpoints_of_all_sites(rule: str, preset: str):
    problem = problem_of(fleet_with("", preset=preset), rule)
    assert problem.origin.file == "sites/fleet.yaml"
    assert problem.reaches == ("seaside/epic-0", "st-elsewhere/epic-0")


@in_one_test(
    ("rule", "setting"),
    [
        ("zone-differs", "time_zone: Europe/Berlin"),
        ("plain-text-to-public", "host: 8.8.4.4"),
        ("not-entitled", "preliminary_results: when_attestation_requested"),
    ],
)
@in_one_test("layer", ["preset", "endpoint_defaults"])
def test_what_is_warned_of_in_a_shared_value_is_said_and_silenced_there(rule: str, setting: str, layer: str):
    def loaded(comment: str) -> Loaded:
        line = f"{setting} {comment}\n"
        at_preset, at_site = (f"    {line}", "") if layer == "preset" else (EPIC, f"  {line}")
        return fleet_with(
            "",
            "",
            preset=at_preset,
            site=at_site,
            granted=False,
            host="" if "host" in setting else "10.20.30.40",
        )

    found = [problem for problem in loaded("").problems if problem.rule == rule]
    assert [problem.origin.file for problem in found] == (
        ["sites/fleet.yaml"]
        if layer == "preset"
        else ["sites/seaside/site.yaml", "sites/st-elsewhere/site.yaml"]
    )
    reached = [f"{site}/epic-{number}" for site in ("seaside", "st-elsewhere") for number in (0, 1)]
    assert [endpoint for problem in found for endpoint in problem.reaches] == reached
    answered = loaded(f"# bgo: ignore {rule}: CHG-4411")
    assert rule not in {problem.rule for problem in answered.problems}
    assert [problem.rule for problem in answered.silenced] == [rule] * len(found)


def test_a_zone_that_one_site_of_several_keeps_is_a_note_of_the_preset_once():
    files = sound_files()
    files["fleet.yaml"] = files["fleet.yaml"].replace(EPIC.encode(), b"    time_zone: UTC\n")
    own = files["st-elsewhere/ehr-endpoints.yaml"].replace(
        b"preset: epic", b"preset: epic\n    time_zone: UTC"
    )
    problem = problem_of(load({**files, "st-elsewhere/ehr-endpoints.yaml": own}), "zone-differs")
    assert (problem.origin.file, problem.reaches) == ("sites/st-elsewhere/ehr-endpoints.yaml", ())
    assert problem_of(load(files), "zone-differs").reaches == ("st-elsewhere/epic-prod",)


def test_who_turns_encryption_off_is_warned_of_it_himself():
    preset = "    host: 8.8.4.4\n    tls: {mode: server, trust: {env: BGO_SECRET_CA}}\n"
    loaded = fleet_with("    tls: {mode: off}\n", preset=preset, host="")
    found = [problem for problem in loaded.problems if problem.rule == "plain-text-to-public"]
    assert [problem.origin.file.split("/")[1] for problem in found] == ["seaside", "st-elsewhere"]


def test_who_says_otherwise_is_not_reached():
    loaded = fleet_with("", "    ack_timeout: 40s\n", preset="    ack_timeout: 10m\n")
    assert problem_of(loaded, "out-of-range").reaches == ("seaside/epic-0", "st-elsewhere/epic-0")


def test_endpoint_defaults_that_say_otherwise_shield_their_site():
    loaded = fleet_with("", preset="    ack_timeout: 10m\n", site="  ack_timeout: 40s\n")
    assert problem_of(loaded, "out-of-range").reaches == ()


def test_a_part_of_a_mapping_reaches_who_changes_another_part():
    preset = "    acknowledgement: {on_no_reply: {resends: 5000}}\n"
    loaded = fleet_with("    acknowledgement: {on_no_reply: {then: stop_lane}}\n", preset=preset)
    assert len(problem_of(loaded, "out-of-range").reaches) == 2


def test_five_are_named_and_the_others_counted():
    loaded = fleet_with("", "", "", "", "", "", preset="    ack_timeout: 10m\n")
    problem = problem_of(loaded, "out-of-range")
    named = [f"seaside/epic-{number}" for number in range(5)]
    assert (list(problem.reaches), problem.reaches_more) == (named, 7)
    assert f" = reaches {', '.join(named)} and 7 more\n" in print_problem(problem)
    document = problem_document(problem)
    assert (document["reaches"], document["reaches_more"]) == (named, 7)


def test_what_an_endpoint_says_itself_reaches_nobody_else():
    loaded = fleet_with("    ack_timeout: 10m\n", preset=EPIC)
    assert [problem.reaches for problem in loaded.problems if problem.rule == "out-of-range"] == [(), ()]


def test_a_value_right_for_others_names_its_layer_at_the_endpoint():
    preset = "    ack_timeout: 30s\n    link: data-center\n"
    files = sound_files()
    files["fleet.yaml"] = files["fleet.yaml"].replace(EPIC.encode(), preset.encode())
    path = "st-elsewhere/ehr-endpoints.yaml"
    files[path] = files[path].replace(b"    link: server-room\n", b"", 1)
    problem = problem_of(load(files), "unknown-link")
    assert " = from preset epic, sites/fleet.yaml:6\n" in print_problem(problem)
    assert [(related["what"], related["line"]) for related in problem_document(problem)["related"]] == [
        ("from preset epic", 6)
    ]


def test_what_is_not_reached_is_not_said():
    problem = replace(problem_of(fleet_with("", preset="    ack_timeout: 10m\n"), "out-of-range"), reaches=())
    assert "reaches" not in print_problem(problem)
    assert not {"reaches", "reaches_more"} & problem_document(problem).keys()
