-- Studies of which an event met a rule that did not send it for its start, or for want of its row, and of which the
-- endpoint has had nothing: kept as they come, so that counting and listing them reads no history.

CREATE TABLE gap (
    study    TEXT NOT NULL,
    lane     INTEGER NOT NULL REFERENCES lane,
    event    INTEGER NOT NULL REFERENCES event,
    verdict  TEXT NOT NULL,
    PRIMARY KEY (study, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX gap_lane ON gap (lane, event);

CREATE TRIGGER gap_opened AFTER INSERT ON decision
WHEN new.delivery IS NULL AND (new.verdict LIKE 'before-effective-from%' OR new.verdict = 'rule-missing') BEGIN
    INSERT OR REPLACE INTO gap SELECT event.study, new.lane, new.event, new.verdict FROM event
    WHERE event.number = new.event AND NOT EXISTS (
        SELECT 1 FROM report JOIN lane ON lane.id = report.lane JOIN lane AS own ON own.id = new.lane
        WHERE report.study = event.study AND (lane.site, lane.endpoint) = (own.site, own.endpoint)
    ) AND NOT EXISTS (
        SELECT 1 FROM event AS ended WHERE ended.study = event.study AND ended.kind IN ('reverted', 'deleted')
            AND (ended.revision, ended.occurred_at) >= (event.revision, event.occurred_at));
END;

CREATE TRIGGER gap_filled AFTER INSERT ON report
WHEN EXISTS (SELECT 1 FROM gap WHERE study = new.study) BEGIN
    DELETE FROM gap WHERE study = new.study AND lane IN (
        SELECT lane.id FROM lane JOIN lane AS own ON own.id = new.lane
        WHERE (lane.site, lane.endpoint) = (own.site, own.endpoint));
END;

CREATE TRIGGER gap_withdrawn AFTER INSERT ON event WHEN new.kind IN ('reverted', 'deleted') BEGIN
    DELETE FROM gap WHERE study = new.study AND EXISTS (
        SELECT 1 FROM event WHERE event.number = gap.event
            AND (event.revision, event.occurred_at) <= (new.revision, new.occurred_at));
END;

INSERT OR REPLACE INTO gap
SELECT event.study, decision.lane, decision.event, decision.verdict
FROM decision JOIN event ON event.number = decision.event JOIN lane AS own ON own.id = decision.lane
WHERE decision.delivery IS NULL
    AND (decision.verdict LIKE 'before-effective-from%' OR decision.verdict = 'rule-missing')
    AND NOT EXISTS (
        SELECT 1 FROM report JOIN lane ON lane.id = report.lane
        WHERE report.study = event.study AND (lane.site, lane.endpoint) = (own.site, own.endpoint))
    AND NOT EXISTS (
        SELECT 1 FROM event AS ended WHERE ended.study = event.study AND ended.kind IN ('reverted', 'deleted')
            AND (ended.revision, ended.occurred_at) >= (event.revision, event.occurred_at))
ORDER BY decision.event;
