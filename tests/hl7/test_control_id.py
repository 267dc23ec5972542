"""Control ids: every character as likely as any other."""

from collections import Counter

from butterfly_gitops.hl7.control_id import crockford


def test_each_byte_is_one_character():
    assert crockford(bytes([0, 9, 10, 31, 32, 255])) == "09AZ0Z"


def test_all_bytes_together_make_each_character_equally_often():
    assert set(Counter(crockford(bytes(range(256)))).values()) == {8}


def test_nothing_looks_like_something_else():
    assert not set("ILOU") & set(crockford(bytes(range(32))))
