"""Encodings by their other names: the hint is the same encoding, never a near one with other characters."""

import codecs
import encodings.aliases

from butterfly_gitops.config.tree import Place, Scalar, SourceFile
from butterfly_gitops.config.values.context import FAILED, Context
from butterfly_gitops.config.values.models import reader_of
from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.model.endpoint import EhrEndpoint, Encoding
from tests.table import in_one_test

OFFERED = EhrEndpoint.model_json_schema()["properties"]["encoding"]["enum"]
PLACE = Place(source=SourceFile(file="f", site=None), line=1, column=1)
KEY = Scalar(place=PLACE, text="encoding", is_plain=True)


def read(name: str) -> tuple[object, str]:
    """The value, and the hint of its problem."""
    context = Context()
    value = reader_of(Encoding).read(Scalar(place=PLACE, text=name, is_plain=False), KEY, context)
    return value, context.problems[0].hint if context.problems else ""


def fixed(name: str) -> str | None:
    value, hint = read(name)
    assert value is FAILED
    return hint.split('"')[1] if '"' in hint else None


@in_one_test("name", OFFERED)
def test_an_offered_one_is_taken_by_its_name_alone(name: str):
    assert read(name) == (name, "")
    for other in {name.lower(), name.upper(), name.replace("-", "_"), name.replace("-", "")} - {name}:
        assert fixed(other) == name


@in_one_test("name", [name for name in OFFERED if charset_of(name).declared])
def test_the_name_in_msh_18_is_known(name: str):
    assert fixed(charset_of(name).declared) == name


@in_one_test(
    ("name", "meant"),
    [
        ("latin1", "ISO-8859-1"),
        ("cp1252", "windows-1252"),
        ("ANSI", "windows-1252"),
        ("ascii", "US-ASCII"),
        ("utf8mb4", None),
        ("UFT-8", None),
        ("ISO-8859-14", None),
        ("windows-1251", None),
        ("Shift_JIS", None),
        ("GB18030-2000", None),
        ("EBCDIC", None),
        ("", None),
    ],
)
def test_another_name_of_one_is_hinted_to_it(name: str, meant: str | None):
    assert fixed(name) == meant


ALIASES = sorted({*encodings.aliases.aliases, *encodings.aliases.aliases.values()})


def test_no_hint_is_another_encoding():
    for alias in ALIASES:
        try:
            codec = codecs.lookup(alias).name
        except LookupError:
            continue  # not on this machine
        if (meant := fixed(alias)) is not None:
            assert codecs.lookup(charset_of(meant).codec).name == codec.replace("utf-8-sig", "utf-8"), alias
