"""How fast it is, beside what this machine allows: `python -m benchmarks` prints one table.

Here belongs what measures whole ways of a result and of a configuration. What must be true stands in `tests/`; nothing
of the product imports from here.
"""
