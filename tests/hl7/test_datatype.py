"""What is written quickly for the usual text is what is written component by component, for any text."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.datatype import coded, composite, cx, ndl, pl, xcn, xpn
from butterfly_gitops.hl7.escape import escape, escaped
from butterfly_gitops.hl7.timestamp import WallClock, remembered
from butterfly_gitops.model.message import Authority
from butterfly_gitops.model.study import Attending, Location, PatientIdentifier, Person

TEXTS = st.none() | st.text(
    st.one_of(st.sampled_from('|^~\\&"\r\n\x0b\x1c\x00\x7f\x85 aZ0é山'), st.characters(codec="utf-8")),
    max_size=12,
)
IDS = TEXTS.filter(bool)
KNOWN = {"STE": Authority(universal_id="1.2.3", universal_id_type="ISO")}
AUTHORITIES = TEXTS | st.just("STE")


def joined(*parts: str | None, separator: str = "^") -> str:
    return separator.join([escape(part or "") for part in parts]).rstrip(separator)


@given(st.lists(TEXTS))
def test_values_are_escaped_together_as_each_alone(values: list[str | None]):
    assert escaped(*values) == [escape(value or "") for value in values]


@pytest.mark.parametrize("write", [composite, coded])
@given(parts=st.lists(TEXTS))
def test_components_are_escaped_and_joined(write, parts: list[str | None]):
    assert write(*parts) == joined(*parts)


@given(IDS, AUTHORITIES, TEXTS)
def test_an_identifier_has_its_authority_and_type(identifier: str, authority: str | None, kind: str | None):
    given_one = PatientIdentifier.model_construct(id=identifier, authority=authority, type=kind)
    assert cx(given_one, {}) == joined(identifier, "", "", authority, kind)


@given(TEXTS, TEXTS)
def test_a_patients_name_says_of_which_kind_it_is(family: str | None, given_name: str | None):
    kind = "L" if family or given_name else "U"
    assert xpn(family, given_name, unnamed="U") == joined(family, given_name, "", "", "", "", kind)


@given(TEXTS, TEXTS, TEXTS)
def test_a_place_is_unit_room_and_bed(unit: str | None, room: str | None, bed: str | None):
    assert pl(Location.model_construct(unit=unit, room=room, bed=bed)) == joined(unit, room, bed)


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_a_person_is_written_in_components_and_in_one(
    number: str | None, family: str | None, given_name: str | None, authority: str | None, kind: str | None
):
    words = {"id": number, "family": family, "given": given_name, "authority": authority, "id_type": kind}
    nothing, numbered = [""] * 5, bool(number)
    rest = [*nothing, authority, "", "", "", kind] if numbered else []
    for person in (Person.model_construct(role="performer", **words), Attending.model_construct(**words)):
        assert xcn(person, {}) == joined(number, family, given_name, *rest)
    person = Person.model_construct(role="performer", **words)
    assert ndl(person, {}) == joined(
        number, family, given_name, *nothing, authority if numbered else "", separator="&"
    )


@given(IDS)
def test_a_known_authority_has_its_universal_id_wherever_it_stands(number: str):
    words = {"id": number, "authority": "STE"}
    full = "STE&1.2.3&ISO"
    assert cx(PatientIdentifier.model_construct(**words), KNOWN) == f"{escape(number)}^^^{full}"
    assert xcn(Attending.model_construct(**words), KNOWN) == f"{escape(number)}^^^^^^^^{full}"
    person = Person.model_construct(role="scribe", **words)
    assert ndl(person, KNOWN) == f"{escape(number)}&&&&&&&&{full}"


ZONES = st.sampled_from(
    ["America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
)
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS, ZONES)
def test_times_are_printed_as_the_calendar_has_them(instant: datetime, zone: str):
    shown = instant.astimezone(ZoneInfo(zone))
    # strftime gives an offset's seconds, too, as there were long ago.
    digits, offset = shown.strftime("%Y%m%d%H%M%S"), shown.strftime("%z")[: len("+HHMM")]
    clock, exact = (WallClock(zone=ZoneInfo(zone), prints_offset=printed) for printed in (False, True))
    assert clock.prints(instant) == digits
    assert (
        exact.prints(instant) == remembered(clock, instant) == remembered(exact, instant) == digits + offset
    )
    east = instant.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert exact.prints(east) == exact.prints(instant)
