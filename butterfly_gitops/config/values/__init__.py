"""Nodes of a tree become values: one reader for each type that models have, and the words for what it refuses.

What must hold between several values belongs to `rules`.
"""
