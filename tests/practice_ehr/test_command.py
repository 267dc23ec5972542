"""`bgo practice-ehr` as a process: what it prints, how it ends, and what it refuses."""

import asyncio
import contextlib
import re
import signal
import socket
import sys

import pytest

from butterfly_gitops.practice_ehr.journal import JournalKind, read_journal
from tests.dispatcher.scripted_peer import framed
from tests.practice_ehr.messages import result

pytestmark = pytest.mark.journey


@contextlib.asynccontextmanager
async def running(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "butterfly_gitops",
        "practice-ehr",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def ended(process):
    """Exit code, standard output and standard error of a process that ends by itself."""
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_answers_by_its_scenario_and_ends_when_told(number, tmp_path):
    scenario, journal = tmp_path / "scenario.yaml", tmp_path / "journal.jsonl"
    scenario.write_text("- match: {study: S0007, endpoint: seaside/meditech}\n  answer: {code: AE}\n")
    arguments = ["--scenario", scenario, "--journal", journal, "--endpoint", "seaside/meditech"]
    async with running("--listen", "127.0.0.1:0", *arguments) as process:
        line = (await process.stderr.readline()).decode()
        port = int(re.fullmatch(r"listens on 127\.0\.0\.1:(\d+)\n", line)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(result("M1", study="S0007")) + framed(result("M2")))
        assert b"\rMSA|AE|M1\r" in await reader.readuntil(b"\x1c\r")
        assert b"\rMSA|AA|M2\r" in await reader.readuntil(b"\x1c\r")
        process.send_signal(number)
        assert await ended(process) == (0, "", "")
        assert await reader.read() == b""
        writer.close()
    entries = read_journal(journal)
    answers = [(entry.control_id, entry.code) for entry in entries if entry.kind is JournalKind.ANSWER]
    assert answers == [("M1", "AE"), ("M2", "AA")]
    assert entries[-1].kind is JournalKind.CLOSED


async def test_a_port_in_use_is_one_line_and_exit_code_1():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with running("--listen", f"127.0.0.1:{port}") as process:
            says = f"bgo: cannot listen on 127.0.0.1:{port}: address already in use\n"
            assert await ended(process) == (1, "", says)


async def test_a_bad_scenario_is_shown_with_its_place_and_exit_code_1(tmp_path):
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("- answer:\n    cod: AE\n")
    async with running("--scenario", scenario) as process:
        code, out, err = await ended(process)
    assert (code, out) == (1, "")
    assert err.startswith(f'{scenario}:2:5: error[unknown-key]: no setting is called "cod"\n')


async def test_a_port_that_there_is_not_is_wrong_usage():
    async with running("--listen", "127.0.0.1:70000") as process:
        code, _, err = await ended(process)
    assert (code, "the port is from 0 to 65535" in err) == (64, True)


async def test_it_warns_where_others_can_reach_it():
    async with running("--listen", "0.0.0.0:0") as process:
        assert process.stderr is not None
        line = (await process.stderr.readline()).decode()
        assert line == "bgo: 0.0.0.0 is reachable from elsewhere: whoever can connect, can send\n"
        process.send_signal(signal.SIGTERM)
        await ended(process)


@pytest.mark.parametrize("address", ["2575", "localhost", "127.0.0.1:x", ":2575", "[::1]"])
async def test_a_wrong_address_is_wrong_usage(address):
    async with running("--listen", address) as process:
        code, out, err = await ended(process)
    assert (code, out) == (64, "")
    assert "write HOST:PORT, such as 127.0.0.1:2575" in " ".join(err.split())
