"""The whole page: prose, the settings of each file, and every rule with a wrong and a right example."""

from collections.abc import Iterator, Mapping

from butterfly_gitops.config.rules.catalog import RULES, DocumentedRule
from butterfly_gitops.config.silencing import NEVER_SILENT
from tools.reference import prose, settings


def reference(samples: Mapping[str, str]) -> str:
    """The reference as Markdown; `samples` has the text of one file of each kind, such as `ehr-endpoints`."""
    versions = sorted({settings.version_of(kind) for kind in settings.KINDS})
    sections = [
        prose.START,
        prose.FILES,
        prose.TEXT,
        prose.LAYERS,
        prose.ADDRESSES,
        prose.SILENCING,
        prose.VERSIONS.format(versions=" or ".join(map(str, versions))),
        prose.SETTINGS,
        *settings.files(samples),
        *settings.groups(),
        prose.HL7,
        _hl7_table(),
        prose.RULES,
        _rule_table(),
        *_rules(),
    ]
    return "\n".join(sections)


def _hl7_table() -> str:
    lines = ["| Field | Settings |", "|---|---|"]
    for field, names in settings.by_hl7_field():
        lines.append(f"| {field} | {', '.join(f'`{name}`' for name in names)} |")
    return "\n".join([*lines, ""])


def _rule_table() -> str:
    lines = ["| Rule | Severity | May be silenced |", "|---|---|---|"]
    for rule in _sorted():
        silenced = "yes" if rule.may_be_silenced and rule.id not in NEVER_SILENT else "no"
        lines.append(f"| [`{rule.id}`](#{rule.id}) | {_severity(rule)} | {silenced} |")
    return "\n".join([*lines, ""])


def _rules() -> Iterator[str]:
    for rule in _sorted():
        parts = [f"### {rule.id}", f"*{_severity(rule)}.* {rule.says}"]
        for word, example in (("Wrong", rule.wrong), ("Right", rule.right)):
            parts.append(f"{word}:\n\n```yaml\n{example}\n```")
        yield "\n\n".join(parts) + "\n"


def _sorted() -> list[DocumentedRule]:
    return [RULES[name] for name in sorted(RULES)]


def _severity(rule: DocumentedRule) -> str:
    words = rule.severity.value
    return f"{words}, in some cases a warning" if rule.may_warn else words
