"""What the statement says in words: the roles, the conversation, and what holds for every layout."""

START = """\
# HL7 conformance statement

<!-- Made from the program's own layouts, segments and settings by `make reference`. Change those, not this page. -->

This page says what an EHR receives from butterfly-gitops and what butterfly-gitops makes of the answer. It is for the
analyst who builds or tests the interface on the side of the hospital. How an endpoint is set up stands in
[configuration.md](configuration.md); a word such as `message.layout` here is a setting there.

## Role

| | |
|---|---|
| Message | ORU^R01, unsolicited: results of point-of-care ultrasound studies. No other message is sent |
| Role | sender of results, MLLP initiator; IHE transactions: RAD-128, RAD-132 and CARD-7, by layout |
| Transport | MLLP Release 1 over TCP, or over TLS (`tls.mode`): butterfly-gitops opens the connection, the EHR listens |
| Messages at a time | one for each connection, and one connection for each listener (host and port); the next message follows the answer to the last |
| Encoding | vertical bar (ER7), one PID and one OBR in each message; no batches, no continuation, no sequence numbers |
| Versions | {versions}, as the layout allows (`message.hl7_version`) |
| What is not done | queries, orders, ADT, acknowledgements of a second connection (MSH-16 other than NE), HL7 over HTTP |

## The message

One message tells of one study of one patient. It always holds the whole report as it is now: whatever came before under
the same OBR-3 is replaced by it. The one exception is a correction with `message.corrections: addendum`: its text, which
is the whole new report again, has the suffix `&ADT` in OBX-3, in place of `&GDT`, `&IMP` and `&REC`, and is appended to
what the EHR has. Measured values carry no suffix: they are sent with the status of the correction, and replace.

| | |
|---|---|
| OBR-3 | the filler order number of the study, else its accession number, else `BF` and 14 characters. It stays the same for all messages of a study, patient and endpoint, and no other report of the endpoint ever has it: keep the report by it |
| MSH-10 | 20 random characters of Crockford's base32. Repeated without a change of any byte when the same message is sent again; new with each new content. A message whose MSH-10 is known may be acknowledged and dropped |
| OBR-22 | when the study reached this state. For each new revision it is later, as printed, than in the message before |
| OBX-11 and OBR-25 | agree in every message but a withdrawal (OBR-25 `C`, OBX-11 `W`), save for what a layout says below |
| Set IDs | OBX-1 counts from 1. OBX-3 and OBX-4 together name a row: no two rows of a message have the same pair |

Two studies may come with one order number: an order for two exams, a number typed for the wrong study, a number that is
another patient's. An EHR that replaces by OBR-3 would lose the report that came first, so the second one gets a generated
OBR-3, and the history of its deliveries says so (`bgo delivery show`). Nothing is replaced and no result waits: OBR-2 and
OBR-18 still tell the order, PID the patient. Where the EHR files by OBR-2 or OBR-18, or where a person shall look at each
of them, `message.filler_in_use: set_aside` lets the result wait. The number counts as in use for all reports that this
EHR was ever sent: of the endpoint, of an endpoint of that name that was removed, and of any endpoint, at whatever site,
with the same host, port, MSH-5 and MSH-6. A generated OBR-3 is the same at every endpoint that gets the study, so that
systems can be matched by it; it is made with a key of the state, and tells nothing of study or patient. A report that
has its number already, and whose endpoint moves to an EHR that has another one by it, waits for a person.
"""

LAYOUTS = """\
## Layouts

`message.layout` chooses the shape of the message. The segments stand in the order of these tables.
"""

SEGMENTS = """\
## Segments and fields

What is not listed is not sent, unless `message.fields` fixes a value there. *Type* is the data type of v2.5.1 (NDL is
written CM before v2.5; a CWE in OBX-5 is a CE there). *Usage*: **R** is valued in every message, **RE** where the study
or a setting has something for it, **C** under the condition that stands beside it. *Longest* is the length that the
version's table allows, where a value could be longer at all; a longer value is set aside for a person, or sent as it is (`message.too_long`). Before v2.4 the
lengths of PID-3, PID-18, PV1-7, PV1-19 and OBR-16 are those of their first component. PID-2 and PID-4 are never sent,
and nothing can put a value there: the one identifier of the patient is PID-3.
"""

COMPONENTS = """\
## Components

Of a field that is made of components these are filled, unless `message.fields` fixes another. Components that are empty
at the end are cut. A field of any other type holds one text.
"""

FIXABLE = """\
Fields that say who, what or when are always written from the study. Of those `message.fields` may fix these components
and their `&` parts, in each repetition; each is left out where what stands beside it is empty.

| Field | Components that may be fixed | Beside |
|---|---|---|
{rows}
"""

CODES = """\
## Code systems

The sections of a report stand under LOINC codes; in the layout `lines` OBX-3 is the exam with a suffix.

| Section | LOINC | Display | Suffix in `lines` |
|---|---|---|---|
{sections}

Study UID: `{study_uid}`. Attestation: `{attestation}` in the layout `report`; in
`lines` it is lines of the exam without a suffix, behind the report. Link to the images: `{images}`.
The last two are local codes, since no LOINC code says so. A document has a LOINC document code, as in the rows of the
layout `pdf`. Measured values and coded findings have the codes of the study, OBR-4 the exam type, the order's code
(`message.exam_code`) or what `message.exam_codes` makes of it. An addendum (`message.corrections`) has the suffix
`&{addendum}` in OBX-3.

With `message.unit_system: UCUM` OBX-6.3 is `UCUM` where the unit of the study is, letter for letter, one of these
symbols; any other unit stands in OBX-6.1 alone, and none is ever rewritten: {units}.

## Tables

The codes that are written, or read in an answer. Where a table has no codes here, the study or the EHR brings its own.
"""

STATUS = """\
## What is sent when

The status follows from what *this* EHR has acknowledged for the report, that is for the OBR-3.

| The study is | nothing acknowledged yet | P acknowledged | F or C acknowledged |
|---|---|---|---|
| waiting for attestation, and `preliminary_results` says so | P | P | nothing |
| finalized | F | F | C, or F with `message.corrected_as: F` |
| sent by hand | F | F | its last status again if that revision was acknowledged, with the same OBR-22; else C |
| reverted to draft, or deleted | nothing, and what has not left is withdrawn | same | same: the EHR keeps what it has, and people are told |
| finalized for another patient | F for that patient | a withdrawal of the old report, F for the new patient | same |

- P becomes F without C: the step from preliminary to final is no correction.
- Never P after F, and never C before an F was acknowledged.
- A withdrawal carries the old PID and OBR-3, OBR-25 `C` and OBX-11 `W` (in `notice`: OBR-25 `X`, ORC-5 `CA`). It waits for
  a person before it leaves.
- Another patient is another report, with an OBR-3 of its own. Identifiers that were merged are no other patient: the
  next message carries the surviving identifier.
- With several revisions waiting, only the newest is sent.
"""

ACKNOWLEDGEMENT = """\
## Acknowledgement

| `acknowledgement.mode` | MSH-15 | MSH-16 | Delivered by |
|---|---|---|---|
| `original` | empty | empty | MSA-1 `AA` |
| `commit` | `AL` | `NE` | MSA-1 `CA` or `AA` |

The answer must come on the connection that carried the message. A message is *delivered* only if MSA-1 is exactly that
code (capitals, no blanks) **and** MSA-2 is its MSH-10, whole and unchanged. There must be one MSA. Other fields of the
answer are not judged: MSH-5 and MSH-6, MSH-7 and MSH-18 may hold anything. An FS ends the block only before CR, before VT
or before a silence of 0.25 s; before anything else it is content, of MSA-2 for example.

| The answer | What follows |
|---|---|
| `AA`, or `CA` in mode commit | delivered; the next message is sent |
| `AE`, `AR`, `CE`, `CR`, with our MSH-10 | refused. The same bytes again after a wait, `acknowledgement.on_refusal.retries` times (3), also by code; then set aside for a person, or the lane stops (`then`) |
| `CA` in mode original | uncertain: set the mode to `commit` |
| another MSA-1, or none | uncertain |
| MSA-2 empty, of another message, or our MSH-10 padded, cut off or with more | uncertain, whatever MSA-1 says; the connection is closed |
| no MSA, more than one MSA, no MSH, XML, HTML | uncertain; the connection is closed |
| an answer to a message that was settled before, on the same connection | dropped and counted |
| nothing within `ack_timeout` (30 s from the moment the message begins to leave), or no end of it soon after (as long again, at most 10 s) | uncertain; the connection is closed |
| the connection ends, or the answer is over 1 MiB | uncertain |

*Uncertain* means that the message may have been received. It is sent again, with the same bytes and the same MSH-10,
`acknowledgement.on_no_reply.resends` times (10); then it is set aside, or the lane stops. **A receiver must therefore
expect repeats and know them by MSH-10.** After three different messages in a row that were refused or not answered
(`acknowledgement.stop_after`) the lane stops and waits for a person, so that one wrong table at the EHR does not use up
every result.

An answer that is delivered, and one that is refused (in original mode; each segment ends in CR):

```
MSH|^~\\&|EPIC|STE|BUTTERFLY|STE|20261124090316||ACK^R01^ACK|5521|P|2.5.1
MSA|AA|K7Q2M4ZP0V9T3XNB6RWC
```

```
MSH|^~\\&|EPIC|STE|BUTTERFLY|STE|20261124090316||ACK^R01^ACK|5522|P|2.5.1
MSA|AE|K7Q2M4ZP0V9T3XNB6RWC
ERR||PID^1^3|204^Unknown key identifier^HL70357|E||||No such patient
```

ERR is read and shown to operators: ERR-3 (table 0357) with ERR-4 (table 0516), or ERR-1.4 before v2.5; ERR-7, ERR-8 and
MSA-3 as text. It changes nothing in what follows: codes 206 and 207 mean different things at different sites.

| Time | Setting | Unless said |
|---|---|---|
| to connect | `connection_timeout` | 10 s |
| to the first byte of the answer | `ack_timeout` | 30 s |
| wait before the next try | `retry` | up to 5 s, doubling up to 10 min, drawn evenly from nothing to that |
| between two messages | `minimum_gap` | none |
| a connection that fails | never ends a message | it waits, for as long as it takes |

What is tolerated in an answer: no final CR, segments that end in line feeds, bytes outside of blocks, other delimiters
(those of its MSH are used), any character set, a byte order mark, the end of a block (FS and CR) in pieces, an FS in a
field that is not judged. Each is named in the history, beside all that came back. Order is kept: a message that waits
blocks those behind it, and one that is set aside blocks none.
"""

TEXT = """\
## Text

| In the study | In the message |
|---|---|
| `\\|` `^` `&` `~` `\\` | `\\F\\` `\\S\\` `\\T\\` `\\R\\` `\\E\\`, in every field |
| a line end in a text (CR, LF, CR LF, NEL, LS, PS) | `\\.br\\`, or `\\X0D0A\\` with `message.line_break: crlf`; in the layout `lines` the next OBX |
| a tab in a text | as many blanks as it stands for, to columns of eight |
| any other control character | `\\Xdd\\`, so that none can end a segment or a block |
| nothing | an empty field: no change of what the EHR has |
| nothing, in a field that `message.empty_as_null` names | `""`: delete what you have |
| a text of two quotes | `\\X2222\\`, since `""` would mean delete |

Formatting that a person typed is kept as text. Other escape sequences are not written. Base64 in OBX-5 has no line ends
and needs no escape.

## Character sets

The whole message is in one character set; escapes that switch it are not used. A character that the set lacks sets the
result aside with the field named; it is never a question mark. With `message.unencodable: transliterate` it is written in
plain letters (é as e, ß as ss) in what is written for people: names, displays, the report. Identifiers, codes, units and
numbers are never rewritten. `declare_encoding: false` leaves MSH-18 empty.

| `encoding` | MSH-18 |
|---|---|
{charsets}

UTF-16, UTF-32 and the sets of East Asia are not offered: their bytes may be those of MLLP or of a delimiter.

## Times

Times are those of the EHR's wall clock (`time_zone`, an IANA zone), `YYYYMMDDHHMMSS`; with
`message.time_precision: minute` without seconds; with `message.times: local_with_offset` followed by the offset from UTC.
A birth date is as precise as it is known, and no time zone shifts it. In autumn's repeated hour a clock without offsets
runs backwards: a revision whose OBR-22 could not be later as printed is set aside.

## Sizes

| What | Most |
|---|---|
| a document | 20 MB (a study event is at most 32 MiB of JSON) |
| OBX-5, and the message | as long as it is, or `message.max_value_bytes` and `message.max_message_bytes`; what is longer is set aside |
| other fields | as *Longest* above |
"""

VERSIONS = """\
## What differs by version
"""

SETTINGS = """\
## Settings of the message

All of them are settings of one endpoint, below `message`; each value is explained in
[configuration.md](configuration.md#{anchor}).
"""

MISSING = """\
## What a study may lack

A result is never half built. Without a patient identifier (or without the one that `message.patient_id` wants) it is
always set aside with PID-3 named. For the rest the endpoint decides with `message.when_missing`: sent without it, or set
aside with the field named. A value that is no number, though it is said to be one, is refused before it is taken.

A message without any OBX is never sent, whatever `message.when_missing` says: a study that holds nothing of what the
layout reports is set aside with OBX-5 named. The Study UID or the link to the images, sent as an OBX, is enough.
"""

SAMPLES = """\
## Sample messages

Each is what the program writes, byte for byte, and is checked with every change of it: the library `hl7` parses it and
writes it alike, and `hl7apy` has nothing to report at its strictest but
[what is listed with reasons](../tests/hl7/test_golden_messages.py). All patients are invented. In these files a segment
ends with its line; on the wire it ends in CR.
"""
