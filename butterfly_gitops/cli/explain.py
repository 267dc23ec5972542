"""`bgo explain`: why a rule exists, or what holds at an address and who wrote it where."""

import re
import textwrap
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli.options import with_sites
from butterfly_gitops.cli.output import print_json, say_lines
from butterfly_gitops.cli.suggestions import rules_and_addresses
from butterfly_gitops.config.effective import EffectiveSetting, addresses_near, settings_at
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.rules.catalog import RULES, DocumentedRule
from butterfly_gitops.config.silencing import NEVER_SILENT
from butterfly_gitops.config.tree import print_origin
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.model.address import Address, parse_address
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.problem import Severity
from butterfly_gitops.source.folder import read_folder, sites_folder_of

_WIDTH = 80
_MOST_NAMED = 5
# As a problem has a rule in its line.
_IN_BRACKETS = re.compile(r"^(?:(?:error|warning|note)?\[)?([^\[\]]*)\]?:?$", re.IGNORECASE)


class NothingToExplain(GitopsError):  # noqa: N818 - it is told to a person as it stands
    """Neither a rule nor a sound part of the configuration has this name."""


@click.command("explain")
@click.argument("what", metavar="RULE|ADDRESS", shell_complete=rules_and_addresses)
@with_sites
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar="BGO_EXPLAIN_FORMAT",
    help="For people, or for programs.",
)
def command(*, what: str, sites: Path, style: str) -> None:
    """Explain a rule, or show where each setting comes from.

    \b
    RULE     as it stands in a problem's brackets:  bgo explain unknown-endpoint
    ADDRESS  SITE, SITE/NAME or SITE/NAME.field:    bgo explain st-elsewhere/epic-prod.port
             fleet.… or grants.…:                   bgo explain fleet.guard
    """  # noqa: D301 - \b is click's mark for lines that keep their breaks
    what = what.strip()
    if rule := RULES.get(_IN_BRACKETS.sub(r"\1", what).lower()):
        if style == "json":
            print_json(_rule_document(rule))
        else:
            say_lines(_rule_text(rule))
        return
    folder = sites_folder_of(sites)
    settings = _settings(what, load(read_folder(folder), root=str(folder)))
    if style == "json":
        print_json([_setting_document(setting) for setting in settings])
    else:
        say_lines(_settings_text(settings))


def _settings(what: str, loaded: Loaded) -> tuple[EffectiveSetting, ...]:
    try:
        address = parse_address(what)
    except ValueError as error:
        raise NothingToExplain(str(error)) from error
    if settings := settings_at(loaded, address):
        return settings
    if loaded.fleet is None or address.site in loaded.unsound_sites:
        raise NothingToExplain(f"{what} cannot be explained while its files have problems; run bgo validate")
    if shared := _shared(address, loaded):
        raise NothingToExplain(shared)
    named = [at for at in loaded.origins if at.partition("/")[2] == what]
    meant = named[0] if named else typo_of(what, (*RULES, *addresses_near(loaded, address)))
    raise NothingToExplain(
        f'there is no rule, site, name or setting "{what}"' + (f'; did you mean "{meant}"?' if meant else "")
    )


def _shared(address: Address, loaded: Loaded) -> str:
    """Explain an address in presets or defaults, which hold only at endpoints; empty for any other."""
    origin = loaded.origins.get(str(address))
    head, *rest = (address.field or "").split(".")
    if address.name is not None or head not in ("presets", "endpoint_defaults"):
        return ""
    if head == "presets" and not rest:
        return _presets(loaded)
    if origin is None:
        return ""
    layer, field = (f"preset {rest[0]}", rest[1:]) if head == "presets" else (head, rest)
    of_site = "" if address.site == "fleet" else f"{address.site}/"
    below = f"{'.'.join(field)}." if field else ""
    having = dict.fromkeys(
        at.partition(".")[0]
        for at, each in loaded.layers.items()
        if each == layer and at.startswith(of_site) and f"{at.partition('.')[2]}.".startswith(below)
    )
    place = f"{address} stands at {print_origin(origin)}"
    if not having:
        return f"{place}; no endpoint has anything from there"
    return f"{place}; what comes of it is explained where it holds: bgo explain {_listed(having)}"


def _presets(loaded: Loaded) -> str:
    """List each preset and its place."""
    presets = [
        f"{name} ({print_origin(origin)})"
        for name, origin in loaded.origins.items()
        if name.startswith("fleet.presets.") and name.count(".") == 2
    ]
    if not presets:
        return "there are no presets"
    return f"presets hold at the endpoints that name one; bgo explain says at which: {', '.join(presets)}"


def _listed(endpoints: Iterable[str]) -> str:
    """Join names as `a, b or c`; of very many only the first."""
    names = list(endpoints)
    shown, more = names[:_MOST_NAMED], len(names) - _MOST_NAMED
    if more > 0:
        return f"{', '.join(shown)} or one of {more} more"
    return " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _rule_text(rule: DocumentedRule) -> str:
    says = textwrap.fill(rule.says, _WIDTH, break_on_hyphens=False)
    parts = [f"{rule.id} ({rule.severity.value})", says]
    for word, example in (("Wrong", rule.wrong), ("Right", rule.right)):
        parts.append(f"{word}:\n{textwrap.indent(example, '    ')}")
    if _may_be_silenced(rule):
        where = "at the end of the line that it underlines, or alone above it"
        which = (
            f"Where it is only a {Severity.WARNING}, it"
            if rule.severity is Severity.ERROR
            else f"This {rule.severity}"
        )
        head = textwrap.fill(f"{which} can be silenced, with a reason, {where}:", _WIDTH)
        parts.append(f"{head}\n    # bgo: ignore {rule.id}: REASON")
    return "\n\n".join(parts)


def _may_be_silenced(rule: DocumentedRule) -> bool:
    return rule.may_be_silenced and rule.id not in NEVER_SILENT


def _settings_text(settings: tuple[EffectiveSetting, ...]) -> str:
    """Print settings in columns (name, value, origin), with a heading for each entity."""
    rows = [(one.address.field or "", _value_text(one), _origin_text(one)) for one in settings]
    first, second = (max(map(len, column)) for column in list(zip(*rows, strict=True))[:2])
    lines: list[str] = []
    entity = ""
    for setting, (name, value, origin) in zip(settings, rows, strict=True):
        if (heading := str(replace(setting.address, field=None))) != entity:
            lines += ["", heading] if lines else [heading]
            entity = heading
        lines.append(f"  {name:<{first}}  {value:<{second}}  {origin}")
    return "\n".join(lines)


def _origin_text(setting: EffectiveSetting) -> str:
    if setting.origin is None:
        return setting.layer or "default"
    place = print_origin(setting.origin)
    return f"{place} ({setting.layer})" if setting.layer else place


def _value_text(setting: EffectiveSetting) -> str:
    value, field = setting.value, setting.address.field or ""
    match value:
        case None if ".on_refusal." in field:
            return "as above"
        case None if field == "message.patient_id":
            return "first identifier"
        case None:
            return "-"
        case [] | {}:
            return "none"
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)


def _rule_document(rule: DocumentedRule) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "severity": rule.severity.value,
        "says": rule.says,
        "wrong": rule.wrong,
        "right": rule.right,
        "may_be_silenced": _may_be_silenced(rule),
    }


def _setting_document(setting: EffectiveSetting) -> dict[str, Any]:
    document = {"address": str(setting.address), "value": setting.value, "is_default": setting.origin is None}
    if setting.origin is not None:
        document |= {"file": setting.origin.file, "line": setting.origin.line}
    return {**document, "layer": setting.layer} if setting.layer else document
