"""The movement of results: events in, messages out over wires.

Here belongs doing: waiting, sending, storing. What to do next is decided by `delivery`; how a message reads is
`hl7`'s, how it is framed `mllp`'s.
"""
