"""The shapes of an ORU^R01, one file each.

A layout maps a `Result` to segments and decides nothing else: status, OBR-3 and OBR-22 come decided. It raises
RenderingRefused for a value that its fields cannot hold.
"""
