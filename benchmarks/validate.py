"""`bgo` as somebody at a prompt waits for it: files of many sites, of one, and the help."""

import statistics
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, at_most
from benchmarks.fleet import write_fleet
from benchmarks.processes import Used, finished
from benchmarks.sizes import Sizes

_ENDPOINTS = 5
_MOST_S = 2
_MOST_MB = 300
_MOST_OF_ONE_MS = 300
_MOST_OF_HELP_MS = 150
_SCHEMAS = Path(__file__).parents[1] / "schemas"
_KINDS = ("fleet", "grants", "site", "ehr-endpoints", "archives")


def measure(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """Run each in processes of their own, the first of which is not counted."""
    many, one = folder / "validated" / "sites", folder / "validated-one" / "sites"
    write_fleet(many, sites=sizes.sites, endpoints=_ENDPOINTS)
    write_fleet(one, sites=1, endpoints=_ENDPOINTS)
    files = sorted(many.rglob("*.yaml"))
    ours = _used(sizes.rounds, "validate", str(many))
    theirs_s = sum(_check_jsonschema(kind, files) for kind in _KINDS)
    yield Figure(
        name=f"validate of {sizes.sites:,} sites",
        value=ours.seconds,
        unit="s",
        wanted=f"at most {_MOST_S} s",
        is_enough=at_most(_MOST_S),
    )
    yield Figure(name=f"validate of {sizes.sites:,} sites: processor", value=ours.cpu_s, unit="s")
    yield Figure(
        name=f"validate of {sizes.sites:,} sites: most memory",
        value=ours.most_mb,
        unit="MB",
        wanted=f"at most {_MOST_MB} MB",
        is_enough=at_most(_MOST_MB),
    )
    yield Figure(
        name="validate, files (bare: check-jsonschema)",
        value=len(files) / ours.seconds,
        unit="/s",
        bare=len(files) / theirs_s,
    )
    yield _in_ms("validate of one site", _used(sizes.rounds, "validate", str(one)), _MOST_OF_ONE_MS)
    yield _in_ms("bgo --help", _used(sizes.rounds, "--help"), _MOST_OF_HELP_MS)


def _in_ms(name: str, used: Used, most_ms: int) -> Figure:
    wanted = f"at most {most_ms} ms"
    return Figure(name=name, value=1000 * used.seconds, unit="ms", wanted=wanted, is_enough=at_most(most_ms))


def _used(rounds: int, *arguments: str) -> Used:
    """Tell the median times and the most memory of some runs."""
    command = (sys.executable, "-m", "butterfly_gitops", *arguments)
    finished(*command)
    runs = [finished(*command) for _ in range(rounds)]
    return Used(
        seconds=statistics.median(run.seconds for run in runs),
        cpu_s=statistics.median(run.cpu_s for run in runs),
        most_mb=max(run.most_mb for run in runs),
    )


def _check_jsonschema(kind: str, files: list[Path]) -> float:
    command = Path(sysconfig.get_path("scripts")) / "check-jsonschema"
    of_kind = [str(file) for file in files if file.stem == kind]
    schema = _SCHEMAS / f"{kind}.v1.schema.json"
    return finished(str(command), "--schemafile", str(schema), *of_kind).seconds
