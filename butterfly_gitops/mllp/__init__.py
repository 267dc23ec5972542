"""The Minimal Lower Layer Protocol without a socket: bytes and seconds in, blocks and steps out.

Here belongs how a message is framed on the wire and how one exchange of message and answer runs its course.
What an acknowledgement means is read by `hl7` and judged by `delivery`; sockets and clocks are `dispatcher`'s.
"""
