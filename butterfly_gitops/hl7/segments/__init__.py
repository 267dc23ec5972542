"""The segments of an ORU^R01, one file each: which value of a result stands in which field.

Layouts pick from these tables and change single fields. What a value may look like belongs to `datatype`.
"""
