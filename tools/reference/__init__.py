"""The reference of the configuration, for people: every file, every setting and every rule, as one page of Markdown.

Here belongs what turns the published schemas and the rules' documentation into `docs/configuration.md`. What a
setting or a rule says stands with the setting or the rule itself; only what holds for all of them is written here.
"""
