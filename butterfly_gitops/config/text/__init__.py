"""Bytes become lines, and lines a tree with positions, or problems that say why they do not.

Here belongs what knows encodings, YAML and comments. What a value must be belongs to `values`.
"""
