"""HL7 v2 message text: a study event in, bytes out; reply bytes in, an acknowledgement out.

Here belongs how a result is written and how an answer is read: escaping, character sets, times, segments and one
file per ORU layout. How bytes are framed belongs to `mllp`; which status a result has and what a reply does to a
delivery belong to `delivery`.
"""
