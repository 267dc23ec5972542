"""YAML text in, a fleet or problems out.

Here belongs what turns the bytes of a configuration folder into the effective whole: reading text with
positions, merging layers, checking each value and what stands between files, and printing problems. Reading
files from disk belongs to `source`, what a change does to `plan`. Nothing here touches the world.
"""
