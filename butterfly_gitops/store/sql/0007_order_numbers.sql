-- An EHR keeps a report by OBR-3: whether one is in use is asked before each report's first message.

CREATE INDEX report_filler ON report (filler) WHERE filler IS NOT NULL;

-- What generated numbers are made with. It never leaves the state.
INSERT INTO setting VALUES ('order_number_key', hex(randomblob(32)));
