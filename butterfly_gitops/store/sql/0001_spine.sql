-- Instants are microseconds since 1970 in UTC; sets are sorted JSON arrays.
-- delivery.state: 0 queued, 1 sending, 2 uncertain, 3 set aside; final from 4 on: 4 delivered, 5 superseded, 6 cancelled.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lane (
    id           INTEGER PRIMARY KEY,
    site         TEXT NOT NULL,
    endpoint     TEXT NOT NULL,
    incarnation  INTEGER NOT NULL,
    target       INTEGER NOT NULL,
    on_retarget  TEXT NOT NULL,
    due_at       INTEGER,
    failures     INTEGER NOT NULL,
    bad_run      TEXT NOT NULL,
    stopped      TEXT NOT NULL,
    paused       INTEGER NOT NULL,
    ended        INTEGER NOT NULL
) STRICT;
CREATE INDEX lane_name ON lane (site, endpoint);

CREATE TABLE target (
    lane    INTEGER NOT NULL REFERENCES lane,
    number  INTEGER NOT NULL,
    wire    TEXT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (lane, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule (
    id        INTEGER PRIMARY KEY,
    site      TEXT NOT NULL,
    archive   TEXT NOT NULL,
    endpoint  TEXT NOT NULL,
    lane      INTEGER NOT NULL REFERENCES lane,
    start     INTEGER NOT NULL,
    until     INTEGER
) STRICT;

CREATE TABLE generation (
    site          TEXT NOT NULL,
    number        INTEGER NOT NULL,
    digest        TEXT NOT NULL,
    commit_id     TEXT NOT NULL,
    actor         TEXT NOT NULL,
    applied_at    INTEGER NOT NULL,
    content       TEXT NOT NULL,
    PRIMARY KEY (site, number)
) STRICT;

CREATE TABLE condition (
    site      TEXT NOT NULL,
    endpoint  TEXT NOT NULL,
    kind      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    message   TEXT NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (site, endpoint, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    number       INTEGER PRIMARY KEY,
    event_id     TEXT NOT NULL UNIQUE,
    digest       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    occurred_at  INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    applies      INTEGER NOT NULL,
    site         TEXT NOT NULL,
    archive      TEXT NOT NULL,
    study        TEXT NOT NULL,
    revision     INTEGER NOT NULL,
    accession    TEXT NOT NULL,
    patient      TEXT NOT NULL,
    body         TEXT NOT NULL
) STRICT;
CREATE INDEX event_study ON event (study);
CREATE INDEX event_accession ON event (accession) WHERE accession <> '';
CREATE INDEX event_withdrawn ON event (study) WHERE kind IN ('reverted', 'deleted');
-- Counting the studies of a gap reads nothing but this index.
CREATE INDEX event_finalized ON event (site, archive, occurred_at, study) WHERE kind = 'finalized';

CREATE TABLE report (
    id                     INTEGER PRIMARY KEY,
    lane                   INTEGER NOT NULL REFERENCES lane,
    study                  TEXT NOT NULL,
    patient                TEXT NOT NULL,
    newest_revision        INTEGER NOT NULL,
    newest_occurred_at     INTEGER NOT NULL,
    acknowledged           TEXT,
    acknowledged_revision  INTEGER,
    maybe_received         INTEGER NOT NULL,
    maybe_final            INTEGER NOT NULL,
    maybe_event            INTEGER,
    filler                 TEXT,
    last_status_time       TEXT,
    printed_revision       INTEGER,
    version                INTEGER NOT NULL
) STRICT;
CREATE INDEX report_study ON report (study);

CREATE TABLE delivery (
    id              INTEGER PRIMARY KEY,
    lane            INTEGER NOT NULL REFERENCES lane,
    event           INTEGER NOT NULL REFERENCES event,
    body            INTEGER NOT NULL REFERENCES event,
    report          INTEGER NOT NULL REFERENCES report,
    content         TEXT NOT NULL,
    cause           TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    occurred_at     INTEGER NOT NULL,
    accepted_at     INTEGER NOT NULL,
    state           INTEGER NOT NULL,
    then_state      INTEGER,
    then_reason     TEXT NOT NULL,
    reason          TEXT NOT NULL,
    by_policy       INTEGER NOT NULL,
    due_at          INTEGER,
    attempts        INTEGER NOT NULL,
    refusals        INTEGER NOT NULL,
    silences        INTEGER NOT NULL,
    maybe_received  INTEGER NOT NULL,
    message         INTEGER NOT NULL,
    control_id      TEXT,
    target          INTEGER,
    settled_at      INTEGER
) STRICT;
CREATE INDEX delivery_report ON delivery (report);
-- Two indexes, so that a lane's first deliveries are found at once however many were set aside before them.
CREATE INDEX delivery_in_lane ON delivery (lane) WHERE state < 3;
CREATE INDEX delivery_set_aside ON delivery (lane) WHERE state = 3;

-- What has ended is counted as it ends, for it grows for ever; what is open is counted by the two indexes above.
CREATE TABLE settled (
    lane   INTEGER NOT NULL,
    state  INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (lane, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER delivery_made AFTER INSERT ON delivery WHEN new.state >= 4 BEGIN
    INSERT INTO settled VALUES (new.lane, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON delivery
WHEN new.state <> old.state AND (new.state >= 4 OR old.state >= 4) BEGIN
    UPDATE settled SET count = count - 1 WHERE lane = old.lane AND state = old.state;
    INSERT INTO settled SELECT new.lane, new.state, 1 WHERE new.state >= 4
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TABLE decision (
    event     INTEGER NOT NULL REFERENCES event,
    rule      INTEGER NOT NULL REFERENCES rule,
    lane      INTEGER NOT NULL REFERENCES lane,
    verdict   TEXT NOT NULL,
    delivers  INTEGER NOT NULL,
    delivery  INTEGER REFERENCES delivery,
    PRIMARY KEY (event, rule)
) STRICT, WITHOUT ROWID;

-- The key of an attempt and of a message is delivery * 2^20 + number: one tree each, in the order of deliveries.
CREATE TABLE attempt (
    key         INTEGER PRIMARY KEY,
    epoch       INTEGER NOT NULL,
    target      INTEGER NOT NULL,
    message     INTEGER NOT NULL,
    control_id  TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    outcome     TEXT,
    code        TEXT NOT NULL,
    detail      TEXT NOT NULL,
    reply       BLOB NOT NULL
) STRICT;

CREATE TABLE message (
    key          INTEGER PRIMARY KEY,
    target       INTEGER NOT NULL,
    text         TEXT NOT NULL,
    control_id   TEXT NOT NULL,
    status       TEXT NOT NULL,
    filler       TEXT NOT NULL,
    status_time  TEXT NOT NULL,
    data         BLOB NOT NULL
) STRICT;

CREATE TABLE done (
    key          TEXT PRIMARY KEY,
    fingerprint  TEXT NOT NULL,
    delivery     INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    reason   TEXT NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit (subject);
