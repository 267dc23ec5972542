-- What an operator paused, what left the configuration while results wait, and what waits for approval.

ALTER TABLE lane ADD COLUMN pause_by TEXT;
ALTER TABLE lane ADD COLUMN pause_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE lane ADD COLUMN pause_since INTEGER;
ALTER TABLE lane ADD COLUMN pause_until INTEGER;
ALTER TABLE lane ADD COLUMN leaving TEXT NOT NULL DEFAULT '';
ALTER TABLE lane ADD COLUMN settings TEXT NOT NULL DEFAULT '';

CREATE TABLE hold (
    id        TEXT PRIMARY KEY,
    site      TEXT NOT NULL,
    what      TEXT NOT NULL,
    changes   TEXT NOT NULL,
    since     INTEGER NOT NULL,
    approved  TEXT
) STRICT, WITHOUT ROWID;
