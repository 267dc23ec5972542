"""The token of a state: made once, its owner's alone, and refused where somebody else could know it."""

from pathlib import Path

import pytest

from butterfly_gitops.store.token_file import TokenRefused, made_token, read_token


def test_it_is_made_once_and_is_the_owners_alone(tmp_path: Path):
    token = made_token(tmp_path)
    assert len(token) >= 40
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert made_token(tmp_path) == read_token(tmp_path) == token


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (b"", 0o600, "shorter than 32 characters: remove "),
        (b"x" * 31 + b"\n", 0o600, "shorter than 32 characters: remove "),
        (b"x" * 31 + b" " * 10, 0o600, "shorter than 32 characters: remove "),
        (b"x" * 40, 0o640, "others than its owner may read "),
        (b"x" * 40, 0o604, "others than its owner may read "),
        (b"x" * 40, 0o622, "others than its owner may read "),
        (b"\xff" * 40, 0o600, "cannot be read: it is no text"),
    ],
    ids=["empty", "31", "31 and blanks", "the group", "everybody", "who may write it", "no text"],
)
@pytest.mark.parametrize("take", [made_token, read_token])
def test_one_that_others_could_know_is_refused_with_the_way_out(
    tmp_path: Path, content: bytes, mode: int, says: str, take
):
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(TokenRefused) as refused:
        take(tmp_path)
    assert says in str(refused.value)
    assert f"remove {file}, and the next start" in str(refused.value)
    assert "x" * 31 not in str(refused.value)
    assert file.read_bytes() == content


def test_the_way_out_leads_out(tmp_path: Path):
    file = tmp_path / "token"
    file.write_bytes(b"x" * 40)
    file.chmod(0o644)
    file.chmod(0o600)
    assert read_token(tmp_path) == "x" * 40
    file.unlink()
    assert made_token(tmp_path) != "x" * 40


def test_a_token_that_is_missing_is_refused_where_none_is_made(tmp_path: Path):
    with pytest.raises(TokenRefused, match="No such file"):
        read_token(tmp_path)
