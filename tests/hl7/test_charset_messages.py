"""Each layout, in each of its versions, is shown in each encoding; the bytes are what the golden files show."""

from tests.hl7 import standard
from tests.hl7.charset_messages import FAMILIES, FOLDER, PAIRS, text_of
from tests.table import in_one_test


def test_each_layout_and_version_has_its_file():
    wanted = sorted(f"{layout}-{version}.txt" for layout, version in PAIRS)
    assert sorted(path.name for path in FOLDER.iterdir()) == wanted


@in_one_test(("layout", "version"), PAIRS)
def test_we_render_what_the_golden_file_shows(layout: str, version: str):
    shown = (FOLDER / f"{layout}-{version}.txt").read_text(encoding="utf-8")
    assert shown == text_of(layout, version)


@in_one_test(("layout", "version"), PAIRS)
def test_each_encoding_is_shown_with_its_name_and_its_letters(layout: str, version: str):
    blocks = (FOLDER / f"{layout}-{version}.txt").read_text(encoding="utf-8").split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == list(standard.CODECS)
    for block in blocks:
        encoding, header, patient, *_ = block.split("\n")
        fields = header.split("|")
        assert fields[11] == version
        assert (fields[17] if len(fields) > 17 else "") == standard.CODECS[encoding][1]
        assert patient.split("|")[5].split("^")[0] == FAMILIES[encoding]
