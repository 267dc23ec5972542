"""`bgo diff --preview` on real repositories: the messages of sample studies before and after a change."""

import json
import shutil
from pathlib import Path

import pytest

from butterfly_gitops import __version__
from butterfly_gitops.cli.output import ExitCode
from butterfly_gitops.cli.study_files import MOST_BYTES, MOST_STUDIES
from butterfly_gitops.plan.document import from_document
from tests.cli.command_line import ROOT, run
from tests.cli.git_repository import GitRepository, repository_with_sites

ENDPOINTS = "sites/st-elsewhere/ehr-endpoints.yaml"
GOLDEN = ROOT / "tests" / "golden"
# What a person may look for who wants to know whether a patient is in a comment.
TOLD = ("Muster", "Erika", "MRN1001", "V1001", "A1001", "Lindqvist", "Υποδειγματική", "Παράδειγμα", "TEMP-4", "No free fluid", "2026112")  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    made = repository_with_sites(tmp_path / "fleet")
    shutil.copytree(ROOT / "studies", made.root / "studies")
    made.commit()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.chdir(made.root)
    return made


def change_how_results_read(repository: GitRepository) -> None:
    """Another facility, department, code and form of the UID at one endpoint; one encoding for another."""
    repository.edit(
        ENDPOINTS,
        "    receiving_facility: STE            # MSH-6\n",
        "    receiving_facility: ED\n"
        "    message:\n"
        "      diagnostic_service: CUS\n"
        "      study_uid: none\n"
        "      corrected_as: F\n"
        "      exam_codes: {EFAST: {code: '76705', system: C4}}\n"
        "      when_missing: {accession_number: set_aside}\n",
    )
    repository.edit("sites/seaside/ehr-endpoints.yaml", "    receiving_facility: SEASIDE\n", "    receiving_facility: SEASIDE\n    encoding: US-ASCII\n")  # fmt: skip


def test_text_reads_as_the_golden_file_shows(repository, capfd):
    change_how_results_read(repository)
    ran = run(capfd, "diff", "--preview")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    shown = ran.out.partition("MESSAGES OF SAMPLE STUDIES")
    assert shown[1] + shown[2] == (GOLDEN / "diff-preview.txt").read_text(encoding="utf-8")


def test_the_comment_reads_as_the_golden_file_shows(repository, capfd):
    change_how_results_read(repository)
    before = repository.git("rev-parse", "--short=7", "HEAD")
    ran = run(capfd, "diff", "--preview", "--format", "markdown")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    shown = ran.out.replace(before, "9c0d3aa").replace(__version__, "0.1.0")
    assert shown == (GOLDEN / "pull-request-preview.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("style", ["text", "markdown", "json"])
def test_nothing_of_a_patient_or_a_physician_is_told(repository, capfd, style):
    change_how_results_read(repository)
    out = run(capfd, "diff", "--preview", "--format", style).out
    assert [word for word in TOLD if word in out] == []


def test_json_is_the_plan_with_its_preview(repository, capfd):
    change_how_results_read(repository)
    document = json.loads(run(capfd, "diff", "--preview", "--format", "json").out)
    plan = from_document(document)
    assert plan.preview is not None
    assert plan.preview.folder == "studies/"
    assert plan.preview.set_aside == 2
    assert {str(effect.places[0]) for effect in plan.preview.effects} == {
        "seaside/athena",
        "st-elsewhere/epic-prod",
    }


def test_without_it_nothing_is_rendered(repository, capfd):
    change_how_results_read(repository)
    assert "SAMPLE STUDIES" not in run(capfd, "diff").out
    assert "preview" not in json.loads(run(capfd, "diff", "--format", "json").out)


def test_a_change_of_no_message_has_no_effect_on_any(repository, capfd):
    repository.edit(ENDPOINTS, "port: 6661", "port: 6662")
    assert "In 4 sample studies of studies/, no message changes." in run(capfd, "diff", "--preview").out
    assert "<details>" not in run(capfd, "diff", "--preview", "--format", "markdown").out


def test_nothing_changed_is_still_said_in_a_line(repository, capfd):
    assert run(capfd, "diff", "--preview").out.startswith("No changes.\n")


def test_studies_elsewhere_mean_a_preview(repository, capfd):
    repository.git("mv", "studies", "samples")
    change_how_results_read(repository)
    assert "of samples/, messages to" in run(capfd, "diff", "--studies", "samples").out
    ran = run(capfd, "diff", "--studies", "samples/cardiac.json", "--format", "markdown")
    assert "<summary>In 1 sample study, messages to" in ran.out


def test_studies_that_are_nowhere_are_wrong_usage_and_no_folder_beside_is_said(repository, capfd):
    assert run(capfd, "diff", "--studies", "nowhere").code == ExitCode.USAGE
    repository.git("mv", "studies", "samples")
    change_how_results_read(repository)
    ran = run(capfd, "diff", "--preview")
    assert ran.code == ExitCode.DONE
    assert ran.err == "bgo: no preview, for there is no folder studies; --studies names another\n"
    assert ran.out == run(capfd, "diff").out


def test_the_folder_lies_beside_the_sites_wherever_they_are(repository, capfd):
    (repository.root / "clinics").mkdir()
    repository.git("mv", "sites", "studies", "clinics")
    repository.commit()
    repository.edit(f"clinics/{ENDPOINTS}", "receiving_facility: STE ", "receiving_facility: ED ")
    assert (
        "of clinics/studies/, messages to"
        in run(capfd, "diff", "HEAD", "--preview", "--sites", "clinics/sites").out
    )


def test_what_cannot_be_read_is_told_and_the_rest_shown(repository, capfd):
    folder = repository.root / "studies"
    event = json.loads((folder / "cardiac.json").read_text(encoding="utf-8"))
    lines = [json.dumps({**event, "event_id": "A"}), json.dumps({**event, "patient": None})]
    (folder / "more.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "broken.json").write_text('{"event_id": "SECRET', encoding="utf-8")
    (folder / "notes.txt").write_text("no study", encoding="utf-8")
    (folder / "link.json").symlink_to("cardiac.json")
    (folder / "folder.json").mkdir()
    change_how_results_read(repository)
    ran = run(capfd, "diff", "--preview")
    assert ran.code == ExitCode.DONE
    assert [line.partition(": no study event")[0] for line in ran.err.splitlines()] == [
        "bgo: studies/broken.json",
        "bgo: studies/folder.json: no plain file",
        "bgo: studies/link.json: a symbolic link; put the file itself there",
        "bgo: studies/more.jsonl:2",
    ]
    assert "In 5 sample studies of studies/" in ran.out
    assert "Not read: more.jsonl:2: no study event: /patient:" in " ".join(ran.out.split())
    assert "SECRET" not in ran.out + ran.err


def test_very_many_studies_are_cut_and_very_large_files_not_read(repository, capfd):
    folder = repository.root / "studies"
    event = json.loads((folder / "cardiac.json").read_text(encoding="utf-8"))
    (folder / "many.jsonl").write_text("\n".join([json.dumps(event)] * MOST_STUDIES), encoding="utf-8")
    with (folder / "large.json").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    change_how_results_read(repository)
    ran = run(capfd, "diff", "--preview")
    assert ran.code == ExitCode.DONE
    assert f"In {MOST_STUDIES} sample studies of" in ran.out
    assert ran.err.splitlines() == [
        "bgo: studies/large.json: over 40 MiB",
        f"bgo: studies/many.jsonl:{MOST_STUDIES - 1} and what follows: more than {MOST_STUDIES} sample studies",
    ]


def test_every_sample_study_of_the_repository_makes_a_message_for_its_site(capfd):
    for path, endpoint in (
        ("emergency-efast.json", "st-elsewhere/epic-prod"),
        ("unidentified.json", "st-elsewhere/epic-prod"),
        ("cardiac.json", "county-general/oracle-prod"),
        ("twins-not-latin.json", "seaside/registry"),
    ):
        ran = run(
            capfd,
            "study",
            "render",
            str(ROOT / "studies" / path),
            "--endpoint",
            endpoint,
            "--sites",
            str(ROOT / "sites"),
        )
        assert (ran.code, ran.err) == (ExitCode.DONE, "")
