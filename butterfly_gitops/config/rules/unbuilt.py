"""What the format has and this version does not do yet: refused, so that nobody relies on it."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Place, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="not-built-yet",
        says="The format has this setting, and this version of the program cannot act on it. Refused are: tls.mode "
        "other than off, and Links that run at an agent.",
        wrong="runs: agent",
        right="runs: here",
    ),
)

_BUILT = {("tls", "mode"): ("off", ("server", "mutual"))}
_UNBUILT_RUNS = "agent"


def is_unbuilt(setting: str, value: str) -> bool:
    """Whether a setting, by the last part of its path, has this value in the format alone."""
    of_path = {path[-1]: unbuilt for path, (_, unbuilt) in _BUILT.items()}
    return value in of_path.get(setting, ()) or (setting, value) == ("runs", _UNBUILT_RUNS)


def check_unbuilt(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, in each layer, used or not."""
    presets = reading.presets
    for name in presets.entries if presets else ():
        yield from _settings(mapping_at(presets, name))
    for site in reading.sites:
        yield from _settings(mapping_at(site.site_tree, "endpoint_defaults"))
        for endpoint in site.endpoints.values():
            yield from _settings(endpoint.own)
        yield from _agents(site.links)


def _settings(layer: Mapping | None) -> Iterator[Problem]:
    for path, (built, unbuilt) in _BUILT.items():
        value = text_at(layer, *path)
        if value and value.text in unbuilt:
            hint = f'write "{built}"' + _also_to_go(mapping_at(layer, *path[:-1]))
            yield _refused(value.place, f"{'.'.join(path)}: {value.text}", hint=hint)


def _also_to_go(tls: Mapping | None) -> str:
    """What would do nothing once the hint is written, and be refused for it."""
    idle: list[str] = [name for name in ("trust", "certificate", "key") if tls and name in tls.entries]
    *all_but_last, last = idle or [""]
    names = f"{', '.join(all_but_last)} and {last}" if all_but_last else last
    return f", and take {names} out" if idle else ""


def _agents(links: Mapping | None) -> Iterator[Problem]:
    for name in links.entries if links else ():
        runs = text_at(links, name, "runs")
        if runs and runs.text == _UNBUILT_RUNS:
            yield _refused(runs.place, "runs: agent", hint='write "here"')


def _refused(place: Place, what: str, *, hint: str) -> Problem:
    message = f"{what} is not built yet"
    return problem_at(place, rule="not-built-yet", message=message, hint=hint)
