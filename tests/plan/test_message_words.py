"""Every setting that an EHR can see in a message says in words what becomes of results."""

from typing import Any

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.coding import Authority, ExamCode
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.message import Message
from butterfly_gitops.plan.change import Change, change_of
from butterfly_gitops.plan.consequence import Consequence, class_of_setting
from butterfly_gitops.plan.diff import Entity, branches_of, settings_of
from butterfly_gitops.plan.message_words import arrive_with, results_set_aside
from butterfly_gitops.plan.planning import make_diff
from tests.plan.fleets import archive, endpoint, fleet, side, site
from tests.table import in_one_test

IDENTITY = Consequence.IDENTITY_CHANGES
CODE = ExamCode(code="76705")


def leaves() -> list[str]:
    """Each setting that can change by itself, those of a mapping under one name of its own."""
    oid = Authority(universal_id="1.2.3")
    message = Message(exam_codes={"EFAST": CODE}, authorities={"STE": oid}, fields={"PV1-3.4": "ED"})
    value = endpoint(message=message).model_dump(mode="json")
    return sorted(settings_of(Entity(kind="ehr_endpoint", value={"kind": "ehr_endpoint", **value})))


def change(setting: str, new: Any = "x") -> Change:
    address = Address(site="ste", name="epic", field=setting)
    return change_of(kind="ehr_endpoint", address=address, old="before", new=new)


IN_A_MESSAGE = [path for path in leaves() if class_of_setting("ehr_endpoint", path) is IDENTITY]


def test_all_settings_of_a_message_are_among_them() -> None:
    assert {f"message.{name}" for name in Message.model_fields} <= {
        ".".join(path.split(".")[:2]) for path in IN_A_MESSAGE
    }
    assert "message" in branches_of(EhrEndpoint)


@in_one_test("path", IN_A_MESSAGE)
def test_each_has_words_of_one_kind(path: str) -> None:
    found = change(path)
    assert found.owner == Address(site="ste", name="epic")
    assert len(arrive_with([found])) + len(results_set_aside([found])) == 1


def sentence(before: dict[str, Any], after: dict[str, Any], **settings: Any) -> str:
    old, new = (
        fleet(site("ste", endpoints={"epic": endpoint(message=Message(**one), **settings)}, archives={"ed": archive("epic")}))
        for one in (before, after)
    )  # fmt: skip
    (effect,) = make_diff(desired=side(new), before=side(old), engine="0").effects
    assert effect.consequence is IDENTITY
    assert effect.brief == f"{effect.sentence.removesuffix(WAITING).removesuffix('.')}, waiting ones too"
    return effect.sentence.removesuffix(WAITING)


WAITING = " Those that wait at that time change too."
ASIDE = "are set aside for a person."


@in_one_test(
    ("before", "after", "expected"),
    [
        ({}, {"layout": "lines"}, "Results arrive with another layout."),
        (
            {"layout": "lines"},
            {"layout": "lines", "hl7_version": "2.3"},
            "Results arrive with another version of HL7.",
        ),
        ({}, {"exam_codes": {"EFAST": CODE}}, "Results arrive with other exam codes."),
        (
            {"exam_codes": {"E.FAST": CODE}},
            {"exam_codes": {"E.FAST": ExamCode(code="1")}, "exam_code": "order"},
            "Results arrive with other exam codes.",
        ),
        ({}, {"fields": {"PV1-3.4": "ED"}}, "Results arrive with other fixed values."),
        (
            {},
            {"when_missing": {"visit_number": "set_aside"}},
            f"Results without a visit number {ASIDE}",
        ),
        ({}, {"when_missing": {"document": "send"}}, "Results without a PDF are sent."),
        (
            {},
            {"unencodable": "transliterate"},
            "Results with a character that the encoding lacks are sent in plain letters.",
        ),
        (
            {"unencodable": "transliterate"},
            {},
            f"Results with a character that the encoding lacks {ASIDE}",
        ),
        ({}, {"too_long": "send"}, "Results with a value longer than HL7 allows are sent."),
        ({"too_long": "send"}, {}, f"Results with a value longer than HL7 allows {ASIDE}"),
        (
            {},
            {"max_value_bytes": 65536, "max_message_bytes": 1000000},
            f"Results of more than 1000000 bytes {ASIDE} Results with more than 65536 bytes in OBX-5 {ASIDE}",
        ),
        (
            {"max_value_bytes": 65536, "max_message_bytes": 1000000},
            {},
            "Results are sent whatever their length. Results are sent whatever the length of OBX-5.",
        ),
        (
            {},
            {"times": "local_with_offset", "study_uid": "ZDS", "max_message_bytes": 1000},
            (
                f"Results of more than 1000 bytes {ASIDE} "
                "Results arrive with another form of the Study UID and another form of times."
            ),
        ),
    ],
)
def test_what_a_clinician_reads(before: dict[str, Any], after: dict[str, Any], expected: str) -> None:
    assert sentence(before, after) == expected
