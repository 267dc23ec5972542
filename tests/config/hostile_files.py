"""Files that nobody writes by hand: each as large as is read at all, or larger. Run it to see what each one costs."""

import json
import resource
import sys
import time
from collections.abc import Callable

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_text import print_problems, print_summary
from butterfly_gitops.config.text import yaml_events
from butterfly_gitops.config.text.plain_text import MAX_BYTES, MAX_LINE, MAX_LINES
from tests.config.examples import sound_files

FLEET, GRANTS = "fleet.yaml", "grants.yaml"
SITE, ENDPOINTS, ARCHIVES = (f"st-elsewhere/{name}.yaml" for name in ("site", "ehr-endpoints", "archives"))

Files = dict[str, bytes]
# Below MAX_VALUES of `yaml_tree`, with room for what stands around.
_VALUES = 19_000
_LINES = MAX_LINES - 10


def filled(piece: str, size: int = MAX_BYTES) -> str:
    return (piece * (size // len(piece) + 1))[:size]


def endpoints(body: str) -> Files:
    return {ENDPOINTS: f"version: 1\nehr_endpoints:\n{body}".encode()}


def one_endpoint(body: str) -> Files:
    return endpoints(f"  epic-prod:\n{body}")


def archives(body: str) -> Files:
    return {ARCHIVES: f"version: 1\narchives:\n{body}".encode()}


def rows(row: str, count: int) -> str:
    return "".join(row.format(n=number) for number in range(count))


def long_lines(piece: str, *, between: str = "\n") -> str:
    """As many lines of the longest length as a file holds."""
    line = filled(piece, MAX_LINE - len(between))
    return filled(f"{line}{between}", MAX_BYTES - 100).rpartition("\n")[0]


def preset(body: str) -> bytes:
    return f"version: 1\nname: mercy-health\npresets:\n  epic:\n{body}".encode()


def codes(count: int) -> str:
    return f"    message:\n      exam_codes:\n{rows('        C{n}: C{n}' + chr(10), count)}"


WITH_PRESET = rows("  e{n}: {{preset: epic}}\n", 290)

# What must be said, whatever else is.
CASES: dict[str, tuple[str, Callable[[], Files]]] = {
    "more than is read": ("file-too-large", lambda: {ENDPOINTS: b"a" * (MAX_BYTES + 1)}),
    "nothing but NUL": ("line-too-long", lambda: {ENDPOINTS: b"\0" * MAX_BYTES}),
    "line ends": ("file-too-large", lambda: {ENDPOINTS: b"\n" * MAX_BYTES}),
    "line ends of old": ("file-too-large", lambda: {ENDPOINTS: b"\r" * MAX_BYTES}),
    "line ends of Windows": ("file-too-large", lambda: {ENDPOINTS: b"\r\n" * (MAX_BYTES // 2)}),
    "spaces": ("line-too-long", lambda: {ENDPOINTS: b" " * MAX_BYTES}),
    "comments": ("empty-file", lambda: {ENDPOINTS: b"#\n" * _LINES}),
    "tabs": ("tab", lambda: {ENDPOINTS: b"\t\n" * _LINES}),
    "one value": ("line-too-long", lambda: one_endpoint(f"    host: {filled('x', MAX_BYTES - 200)}")),
    "one key": ("line-too-long", lambda: one_endpoint(f"    {filled('x', MAX_BYTES - 200)}: 1")),
    "brackets": ("line-too-long", lambda: {ENDPOINTS: b"[" * MAX_BYTES}),
    "brackets in lines": ("too-deep", lambda: {ENDPOINTS: long_lines("[").encode()}),
    "braces in lines": ("too-deep", lambda: {ENDPOINTS: long_lines("{").encode()}),
    "braces and keys": ("too-deep", lambda: {ENDPOINTS: long_lines("{a: ").encode()}),
    "brackets below one another": ("too-deep", lambda: {ENDPOINTS: b"[\n" * _LINES}),
    "explicit keys": ("too-deep", lambda: {ENDPOINTS: long_lines("? ").encode()}),
    "dashes": ("too-deep", lambda: {ENDPOINTS: long_lines("- ").encode()}),
    "indentation": ("too-deep", lambda: {ENDPOINTS: "\n".join(" " * n + "a:" for n in range(1400)).encode()}),
    "empty lists": ("file-too-large", lambda: archives(f"  a: [\n{long_lines('[],')}]")),
    "items": ("file-too-large", lambda: archives(f"  a: [\n{long_lines('a,')}]")),
    "items below one another": ("file-too-large", lambda: archives("  a:\n" + "  - a\n" * _LINES)),
    "keys": ("file-too-large", lambda: one_endpoint(rows("    key{n}: 1\n", 49_000))),
    "keys in lines": ("duplicate-key", lambda: {ENDPOINTS: f"{{{long_lines('a,')}}}".encode()}),
    "keys that are no settings": (
        "too-many-problems",
        lambda: one_endpoint(rows("    receiving_facilitie{n}: 1\n", _VALUES // 2)),
    ),
    "keys that stand twice": ("duplicate-key", lambda: one_endpoint("    port: 1\n" * (_VALUES // 2))),
    "long keys that stand twice": ("duplicate-key", lambda: one_endpoint(f"    {'a' * 900}: 1\n" * 1_100)),
    "complex keys": ("key-not-text", lambda: {ENDPOINTS: b"? [a]\n: b\n" * 6_000}),
    "empty keys": ("key-not-text", lambda: {ENDPOINTS: b": a\n" * (_VALUES // 2)}),
    "colons": ("several-lines", lambda: {ENDPOINTS: long_lines("a:").encode()}),
    "colons and spaces": ("bad-yaml", lambda: {ENDPOINTS: long_lines("a: ").encode()}),
    "anchors": ("anchor", lambda: {ENDPOINTS: b"- &a a\n" * _VALUES}),
    "aliases of aliases": (
        "alias",
        lambda: {ENDPOINTS: f"a0: &a0 [x]\n{rows('b{n}: &a{n} [*a0, *a{n}, *a{n}]' + chr(10), 3_000)}".encode()},
    ),
    "anchors in a line": ("anchor", lambda: archives(f"  a: [\n{filled('&a x, ', MAX_LINE - 6)}\n  ]\n" * 6)),
    "tags": ("tag", lambda: {ENDPOINTS: b"- !!str a\n" * _VALUES}),
    "exclamation marks": ("anchor", lambda: archives(f"  a: [{'!' * 4_000} &a x, {'&b y, ' * 500}]\n")),
    "handles": (
        "directive",
        lambda: {ENDPOINTS: f"{rows('%TAG !a{n}! tag:x' + chr(10), _LINES - 100)}---\na: 1\n".encode()},
    ),
    "directives": ("directive", lambda: {ENDPOINTS: b"%YAML 1.1\n" * _LINES}),
    "documents": ("empty-file", lambda: {ENDPOINTS: b"---\n" * _LINES}),
    "documents that say something": ("several-documents", lambda: {ENDPOINTS: b"a: 1\n---\n" * 20_000}),
    "ends of documents": ("bad-yaml", lambda: {ENDPOINTS: b"...\n" * _LINES}),
    "an open quote": ("bad-yaml", lambda: one_endpoint(f'    host: "\n{long_lines("x")}')),
    "escapes": ("bad-yaml", lambda: one_endpoint(f'    host: "\n{long_lines(chr(92) + "x41")}')),
    "half characters": ("control-character", lambda: one_endpoint(f'    host: "{filled(chr(92) + "ud800", 9_000)}"')),
    "quoted lines": ("several-lines", lambda: one_endpoint('    host: "' + "    x\n" * 40_000 + '"\n')),
    "quoted empty lines": ("several-lines", lambda: one_endpoint('    host: "a' + "\n" * _LINES + '"')),
    "empty lines in a value": ("several-lines", lambda: one_endpoint("    host: a" + "\n" * 40_000 + "     b")),
    "a block": ("several-lines", lambda: one_endpoint("    host: |\n" + "      x\n" * 40_000)),
    "hidden characters": ("hidden-character", lambda: {ENDPOINTS: "a: \u00a0\n".encode() * 40_000}),
    "curly quotes": ("pasted-character", lambda: {ENDPOINTS: "- “a”\n".encode() * _VALUES}),
    "names of no endpoint": (
        "unknown-endpoint",
        lambda: {
            **endpoints(rows("  endpoint-{n}: {{}}\n", 290)),
            **archives(rows("  archive-{n}: {{forward_to: [endpont-{n}, endpoin-{n}, endpoit-{n}]}}\n", 2_700)),
        },
    ),
    "names of no preset": ("unknown-preset", lambda: endpoints(rows("  e{n}: {{preset: epi}}\n", 290))),
    "hosts that are none": ("bad-host", lambda: endpoints(rows('  e{n}: {{host: "a b"}}\n', 290))),
    "endpoints": ("site-too-large", lambda: endpoints(rows("  e{n}: {{}}\n", _VALUES // 2))),
    "a large preset": (
        "layer-too-large",
        lambda: {FLEET: preset(codes(_VALUES // 2)), **endpoints(WITH_PRESET)},
    ),
    "large defaults": (
        "layer-too-large",
        lambda: {
            SITE: sound_files()[SITE] + codes(_VALUES // 2).replace("    ", "  ", 1).encode(),
            **endpoints(WITH_PRESET),
        },
    ),
    "a preset as large as may be": (
        "missing-value",
        lambda: {FLEET: preset(codes(900)), **endpoints(WITH_PRESET)},
    ),
    "a preset that is all wrong": (
        "unknown-key",
        lambda: {FLEET: preset(rows("    wrong{n}: 1\n", 900)), **endpoints(WITH_PRESET)},
    ),
    "passwords": ("anchor", lambda: archives(f"  a: [\n{filled('&a password, ', 1_900)}\n  ]\n" * 100)),
    "passwords in URLs": (
        "wrong-type",
        lambda: archives("  a: [\n" + ("   " + '"x://a:b@c", ' * 150 + "\n") * 100 + "  ]\n"),
    ),
    "comments that silence nothing": (
        "cannot-silence",
        lambda: {ARCHIVES: sound_files()[ARCHIVES] + b"# bgo: ignore unknown-key: it is so\n" * 27_000},
    ),
    "comments among quotes": (
        "unknown-rule",
        lambda: {ARCHIVES: b"version: 1\narchives:\n" + b'  "a": "b" # bgo: ignore x: it is so\n' * 9_000},
    ),
    "comments in a block": (
        "several-lines",
        lambda: one_endpoint("    host: |\n" + "      x # bgo: ignore x: so\n" * 30_000),
    ),
    "zones": ("unknown-zone", lambda: endpoints(rows("  e{n}: {{time_zone: Europa/Berln{n}}}\n", 4_000))),
    "members": (
        "too-many-problems",
        lambda: {
            GRANTS: b"version: 1\nsubscription: enterprise\naccess_roles:\n"
            + rows("  r{n}: {{members: [x], sites: [nowhere-{n}, elsewhere-{n}]}}\n", 1_300).encode()
        },
    ),
}  # fmt: skip


def read(name: str, parser: str) -> Loaded:
    events = yaml_events.python_events if parser == "python" else yaml_events.fastest_events
    return load({**sound_files(), **CASES[name][1]()}, events=events)


def costs(name: str, parser: str) -> dict[str, object]:
    """Seconds, most memory of the process so far, and what is said."""
    began_s = time.process_time()
    loaded = read(name, parser)
    printed = print_problems(loaded.problems) + print_summary(loaded)
    return {
        "case": name,
        "seconds": round(time.process_time() - began_s, 2),
        "most_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "problems": len(loaded.problems),
        "printed": len(printed),
        "rules": sorted({problem.rule for problem in loaded.problems}),
    }


if __name__ == "__main__":
    parser, most_mb, *names = sys.argv[1:]
    if most := int(most_mb):
        resource.setrlimit(resource.RLIMIT_AS, (most << 20, most << 20))
    for one in names or CASES:
        print(json.dumps(costs(one, parser)), flush=True)
