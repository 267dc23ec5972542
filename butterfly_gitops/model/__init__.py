"""The nouns of the product, frozen.

Here belongs what people write in files, what arrives as an event, and the rows that survive a crash:
values, their shapes and their own invariants. Decisions about them belong to `config`, `plan`, `hl7`
and `delivery`; nothing here reads a clock, a file or a socket.
"""
