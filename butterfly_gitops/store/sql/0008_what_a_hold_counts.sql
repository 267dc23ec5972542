-- A hold names the endpoints that it counts, for the files of its site may be unreadable in a later pass.

ALTER TABLE hold ADD COLUMN endpoints TEXT NOT NULL DEFAULT '[]';
