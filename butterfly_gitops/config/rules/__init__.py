"""Rules between values and between files, one module for each family.

Each module has its checks, which take a reading and yield problems, and the documentation of its rules, which
`bgo explain RULE` prints. One value belongs to `config.values`, the text of a file to `config.text`;
their rules are documented here too.
"""
