"""A body is read once, and says what the event says that it comes from."""

from pathlib import Path

import pytest

from butterfly_gitops.model.study import canonical_text
from butterfly_gitops.store.body import Body, BodyUnreadable
from tests.hl7.samples import study

SAMPLES = sorted(path.name for path in (Path(__file__).parents[1] / "studies").glob("*.json"))


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_read_is_the_event_that_was_written(name: str) -> None:
    event = study(name)
    assert Body(canonical_text(event)).event() == event


def test_it_is_read_once() -> None:
    body = Body(canonical_text(study("efast.json")))
    assert body.event() is body.event()


def test_what_comes_with_its_event_is_not_read() -> None:
    event = study("efast.json")
    assert Body("no JSON", event).event() is event


def test_what_cannot_be_read_is_told_by_its_place_and_quotes_nothing() -> None:
    text = canonical_text(study("efast.json")).replace('"A4711"', '" A4711"')
    with pytest.raises(BodyUnreadable, match=r"cannot read its study/accession_number$") as unreadable:
        Body(text).event()
    assert (unreadable.value.__cause__, unreadable.value.__context__) == (None, None)
