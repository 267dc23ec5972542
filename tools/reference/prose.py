"""What the reference says of all files together: the words around the tables."""

START = """\
# Configuration

<!-- Made from the program's own models and rules by `make reference`. Change those, not this page. -->

Everything that decides which results reach which EHR stands in text files below one folder, `sites/`. Nothing else
does: what is not in these files is not wanted. This page describes each file, each setting and each rule.

You do not need to know it by heart. `bgo validate` checks all files at once and says of each mistake where it is and
what to write instead. `bgo explain st-elsewhere/epic-prod` shows what holds for one endpoint in the end, and which line
of which file says so. `bgo explain RULE` prints what this page says of a rule.
"""

FILES = """\
## The files

A folder that holds the files of a site is that site, and must hold all three. The file's name says what it is about,
the folder's name is the site's name, and the word before a colon is the name of the thing below it.

| File | Says | Usually owned by |
|---|---|---|
| [`sites/fleet.yaml`](#fleetyaml) | the fleet's name, presets, and when changes wait for approval | the integration team |
| [`sites/grants.yaml`](#grantsyaml) | the subscription, what was granted, and who may do what | the implementation team |
| [`sites/SITE/site.yaml`](#siteyaml) | the hospital: its time zone, its Links, what its endpoints have in common | the integration team |
| [`sites/SITE/ehr-endpoints.yaml`](#ehr-endpointsyaml) | where and how results reach each EHR | Connectivity Management |
| [`sites/SITE/archives.yaml`](#archivesyaml) | which endpoints each archive forwards its results to | the archive administrators |

Other files are welcome below `sites/` if their names do not end in `.yaml` or `.yml`; certificates, for example.
"""

TEXT = """\
## How a file is written

A setting is one line: its name, a colon, a space and its value. What belongs to a thing stands below it, two spaces
further to the right. Whatever follows a `#` with a space before it is a comment.

```yaml
version: 1
archives:
  emergency:                           # the name: small letters, digits and hyphens
    display_name: Emergency Department # what people call it
    forward_to: [epic-prod, registry]  # a list, in brackets
```

- **The setting decides what a value is.** A facility called `0123` stays `0123`; a port of `06661` is refused. Quotes are
  only needed around text that holds `: ` or ` #`, or that begins with a character such as `[`, `{`, `*` or `&`.
- **`true` and `false`** are the only words for yes and no. `null` means that a setting is not set, where it may be so.
- **A time** is a whole number with its unit: `250ms`, `30s`, `10m` or `2h`.
- **What YAML offers beyond this is refused,** because a reviewer could overlook it: anchors, aliases, merge keys, tags,
  several documents in a file, a key that stands twice, tabs, and characters that nobody sees. Each refusal has a rule
  [below](#rules).
- **A secret is never written.** A reference says where it is: `{env: BGO_SECRET_STE_KEY}` in the environment of the
  program, or `{path: /run/secrets/ste.key}` on the machine that opens the connection. `{file: certs/epic-ca.pem}` is for
  public content below `sites/`.

`bgo fmt` lays files out alike, and keeps comments and quotes.
"""

LAYERS = """\
## Where an endpoint's settings come from

Three layers make an endpoint, and a later one wins over an earlier one:

1. **A preset** in `fleet.yaml`, if the endpoint names one with `preset: NAME`: what EHRs of one product have in common.
2. **`endpoint_defaults`** in the site's `site.yaml`: what all endpoints of a hospital have in common.
3. **The endpoint** itself, in `ehr-endpoints.yaml`.

A group of settings, such as `retry`, is merged setting by setting: a layer that says only `retry.first` leaves
`retry.longest` as it was. A list and a reference to a file are replaced as a whole. What must be written may be
written in any layer; what no layer says has the default of the tables below.

With the preset `epic` and the endpoint as they are in the samples below, `ack_timeout` comes from the preset and
`port` from the endpoint:

```console
$ bgo explain st-elsewhere/epic-prod.ack_timeout
```

Each layer is also checked by itself, so that a mistake in a preset that nobody uses yet is found today. A preset can
reach endpoints of many sites: `bgo diff` names each of them.
"""

ADDRESSES = """\
## How a thing is addressed

Plans, problems and commands call things by one kind of address.

| Address | Names |
|---|---|
| `SITE` | a site |
| `SITE.time_zone` | a setting of the site itself |
| `SITE/NAME` | an endpoint, an archive or a Link of the site; a site uses each name once |
| `SITE/NAME.retry.first` | a setting of it |
| `SITE/ARCHIVE.forward_to.ENDPOINT` | a forwarding rule |
| `fleet.guard.max_endpoints`, `grants.subscription` | a setting of the whole fleet |
"""

SILENCING = """\
## Silencing a warning

An error keeps its site as it runs until it is fixed. A warning or a note keeps nothing; if it does not fit your case,
a comment answers it, at the end of the line that it underlines or alone on the line above:

```yaml
    status: paused   # bgo: ignore RULE: goes live in May, CHG-4411
```

In place of `RULE` stands the rule, as in the brackets of the warning. The reason is needed: it tells whoever reads the
file next whether the comment still holds. The comment silences that rule at that line and nothing else, and `bgo
validate` counts what is silenced. One that silences nothing any more is a warning itself.
"""

VERSIONS = """\
## Versions

`version` is the format of a file. Today every kind of file has version {versions}; a file of another version is refused
([`unknown-version`](#unknown-version)).
"""

SETTINGS = """\
## Settings

First each file, then the groups of settings that stand in them. *Default* is what holds where nothing is written.
*Address* is how `bgo explain` is asked what holds: `bgo explain st-elsewhere/epic-prod.retry`, for example.
"""

HL7 = """\
## Settings by HL7 field

Where a setting decides what stands in a field of the message, or what a field means.
"""

RULES = """\
## Rules

Each problem that `bgo validate` reports names its rule in brackets. An **error** keeps its site as it runs; a
**warning** and a **note** do not.
"""
