"""The documentation of what the text of a file may not hold; `config.plain_text` and `config.yaml_tree` refuse it."""

from butterfly_gitops.config.abridging import RULE as TOO_MANY_PROBLEMS
from butterfly_gitops.config.rules.documentation import Rule

RULES = (
    Rule(
        id="bad-yaml",
        says="The file must be YAML. The position is where the parser stopped; the cause is often the line above: "
        'a bracket or a quote that is not closed, or a value with ": " in it that needs quotes.',
        wrong="display_name: Epic: production",
        right='display_name: "Epic: production"',
    ),
    Rule(
        id="empty-file",
        says="A file that says nothing is more likely a failed checkout than a wish, so it is refused. "
        "To have no archives, say so.",
        wrong="# archives.yaml with nothing but a comment",
        right="version: 1\narchives: {}",
    ),
    Rule(
        id="duplicate-key",
        says="A key may stand once in a mapping. Many YAML readers silently take the last one.",
        wrong="port: 6661\nport: 6662",
        right="port: 6662",
    ),
    Rule(
        id="anchor",
        says="Anchors and aliases are refused: a change in one place would act in others that the review does not "
        "show. Presets and endpoint_defaults are for what several endpoints share.",
        wrong="retry: &slow {first: 30s}",
        right="retry: {first: 30s}",
    ),
    Rule(
        id="alias",
        says="An alias takes its value from elsewhere in the file. Write the value, or use a preset.",
        wrong="retry: *slow",
        right="preset: slow",
    ),
    Rule(
        id="merge-key",
        says="The merge key `<<` mixes mappings by rules that readers disagree on. Use a preset.",
        wrong="<<: {ack_timeout: 30s}",
        right="preset: epic",
    ),
    Rule(
        id="tag",
        says="A tag such as `!!str` tells the parser a type. Here each setting has one type already: what is "
        "written as 0123 stays 0123 where text is wanted.",
        wrong="receiving_facility: !!str 0123",
        right="receiving_facility: 0123",
    ),
    Rule(
        id="directive",
        says="A `%YAML` or `%TAG` line changes how the file is read. All files are read alike.",
        wrong="%YAML 1.1\n---\nversion: 1",
        right="version: 1",
    ),
    Rule(
        id="several-documents",
        says="A file holds one document. What follows a second `---` would be overlooked.",
        wrong="version: 1\n---\nversion: 1",
        right="version: 1",
    ),
    Rule(
        id="key-not-text",
        says="A key is a name. An empty key, a list or a mapping is none.",
        wrong="? [epic-prod]\n: {port: 6661}",
        right="epic-prod: {port: 6661}",
    ),
    Rule(
        id="several-lines",
        says="Every value fits on one line: names and identifiers go into HL7 fields and tables. A line that has lost "
        "its colon would be read as part of the value above it.",
        wrong="display_name: |\n  Epic\n  production",
        right="display_name: Epic production",
    ),
    Rule(
        id="tab",
        says="Tabs look like spaces and are none. YAML forbids them in indentation; here they are refused wherever "
        "they are not part of a comment line.",
        wrong="port:\\t6661   (\\t: a tab)",
        right="port: 6661",
    ),
    Rule(
        id="hidden-character",
        says="No-break spaces, spaces of another width, soft hyphens, joiners and marks that turn the direction of "
        "text look like nothing, or like a plain space, and make a name another name. They come with text copied from "
        "web pages and documents. A comment line may hold most of them.",
        wrong="host: 10.20.30.40\\u200b   (a zero-width space)",
        right="host: 10.20.30.40",
    ),
    Rule(
        id="control-character",
        says="Control characters, NUL among them, have no place in a file that people read.",
        wrong='sending_facility: "STE\\x0b"',
        right="sending_facility: STE",
    ),
    Rule(
        id="byte-order-mark",
        says="Some Windows editors put a byte order mark before the first character. It hides before `version`.",
        wrong="\\ufeffversion: 1",
        right="version: 1",
    ),
    Rule(
        id="pasted-character",
        says="Word processors turn quotes into curly ones, and the dash before an item into a longer one. To YAML "
        "these are letters: the curly quotes would become a part of the value and of each message. A value that is "
        "meant to begin with such a character stands in plain quotes.",
        wrong="host: “10.20.30.40”",
        right="host: 10.20.30.40",
    ),
    Rule(
        id="not-utf-8",
        says="Files are UTF-8. Another encoding turns names with accents into other names. Of a byte that no UTF-8 has, the "
        "message says what it is in windows-1252, where most such files come from.",
        wrong="display_name: Clinique G\\xe9n\\xe9rale   (saved as ISO-8859-1)",
        right="display_name: Clinique Générale",
    ),
    Rule(
        id="file-too-large",
        says="A file has at most 1 MiB, 50,000 lines, and 20,000 keys and values. Larger ones are no longer written by "
        "people.",
        wrong="(a file of 2 MiB)",
        right="(one folder per site)",
    ),
    Rule(
        id="line-too-long",
        says="A line has at most 10,000 characters. Nobody can review longer ones, and some parsers need a time that "
        "grows with their square.",
        wrong="exam_codes: {…}   (20,000 characters)",
        right="exam_codes:\n  EFAST: {code: EFAST}",
    ),
    Rule(
        id="too-deep",
        says="Mappings and lists nest at most 32 levels deep. No setting needs more than five.",
        wrong="a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        right="a: []",
    ),
    Rule(
        id=TOO_MANY_PROBLEMS,
        says="Of one file a hundred problems are shown; this says at the place of the next one how many follow. "
        "Very many problems mostly have one cause: an indentation, a misspelt key, another kind of file.",
        wrong="(a file in which 500 keys are no settings)",
        right="(one in which they are)",
    ),
)
