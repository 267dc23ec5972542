"""The documentation of what one value must look like; `config.decode` refuses it."""

from butterfly_gitops.config.rules.documentation import Rule

RULES = (
    Rule(
        id="unknown-key",
        says="No setting has this name at this place. A misspelt setting would silently keep its default, so it is "
        "refused; one that belongs elsewhere is named with its place.",
        wrong="ack_timout: 30s",
        right="ack_timeout: 30s",
    ),
    Rule(
        id="missing-value",
        says="A setting that has no default is written in no layer. An endpoint is merged from its preset, its "
        "site's endpoint_defaults and what it says itself; the message names the layers that were searched.",
        wrong="epic-prod: {display_name: Epic, link: server-room, host: 10.20.30.40}",
        right="epic-prod: {display_name: Epic, link: server-room, host: 10.20.30.40, port: 6661}",
    ),
    Rule(
        id="null-value",
        says="A key with nothing behind it is read as null by YAML, and says neither a value nor its absence. "
        "Where a setting may be taken back to none, write null.",
        wrong="link:",
        right="link: server-room",
    ),
    Rule(
        id="wrong-type",
        says="The setting wants another kind of value. Numbers stand without quotes and leading zeros; true and "
        "false are the only words for yes and no.",
        wrong='port: "6661"',
        right="port: 6661",
    ),
    Rule(
        id="out-of-range",
        says="The value is of the right kind and too small, too large, too short or too long.",
        wrong="port: 70000",
        right="port: 6661",
    ),
    Rule(
        id="wrong-value",
        says="The setting takes one of a few words, or text without certain characters; the message names them.",
        wrong="purpose: clincal",
        right="purpose: clinical",
    ),
    Rule(
        id="bad-name",
        says="Names of sites, Links, endpoints, archives and presets are identities: 1 to 63 small letters, digits "
        "and hyphens. What people call the thing goes into display_name.",
        wrong="Epic Prod: {port: 6661}",
        right="epic-prod: {display_name: Epic Prod, port: 6661}",
    ),
    Rule(
        id="bad-duration",
        says="A duration is a whole number and a unit: ms, s, m or h. A bare 30 might mean seconds or minutes.",
        wrong="ack_timeout: 30",
        right="ack_timeout: 30s",
    ),
    Rule(
        id="secret-by-value",
        says="Keys, certificates and passwords are never written in these files, which many people read and which "
        "git never forgets. `{file: …}` refers to public content below the folder, `{env: …}` and `{path: …}` "
        "to secrets where the socket opens. Tokens of GitHub, GitLab, AWS and Slack, JSON Web Tokens, and a value behind "
        "`password=`, `secret=` or `token=` are known anywhere, in comments too. A secret that was committed must be "
        "changed.",
        wrong='tls: {mode: mutual, key: "-----BEGIN PRIVATE KEY-----…"}',
        right="tls: {mode: mutual, key: {env: BGO_SECRET_STE_KEY}}",
    ),
    Rule(
        id="site-too-large",
        says="A site has at most 300 EHR endpoints: what the archives of a whole fleet can forward to. The endpoints "
        "behind these are not looked at.",
        wrong="ehr_endpoints: {…}   (301 of them)",
        right="ehr_endpoints: {…}   (3 of them)",
    ),
    Rule(
        id="layer-too-large",
        says="A preset, or a site's endpoint_defaults, holds at most 1,000 values, for every endpoint that starts from "
        "it has each of them. Long tables of exam codes stand at the endpoint whose EHR needs them.",
        wrong="presets: {epic: {message: {exam_codes: {…}}}}   (2,000 codes)",
        right="message: {exam_codes: {…}}   (at the endpoint)",
    ),
)
