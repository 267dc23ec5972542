"""Rules between values and between files, one module for each family.

Each module has its checks, which take a reading and yield problems, and the documentation of its rules, which
`bgo explain RULE` prints. What one value must look like belongs to `config.decode`, the text to `config.yaml_text`;
their rules are documented here too.
"""
