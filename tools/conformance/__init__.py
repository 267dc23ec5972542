"""The conformance statement, for a hospital's interface analyst: what we send, and what we make of the answer.

Here belongs what turns layouts, segments, lengths, character sets and settings into `docs/conformance.md`. What a field
holds stands with the field itself; only what holds for the whole message, or for the conversation, is written here.
"""
