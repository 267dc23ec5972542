-- Whether a decision leaves a gap is decided by routing, and stored: nothing reads a verdict's words for it any more.

ALTER TABLE decision ADD COLUMN leaves_gap INTEGER NOT NULL DEFAULT 0;
UPDATE decision SET leaves_gap = 1
WHERE delivery IS NULL AND (verdict LIKE 'before-effective-from%' OR verdict = 'rule-missing');

DROP TRIGGER gap_opened;
CREATE TRIGGER gap_opened AFTER INSERT ON decision WHEN new.leaves_gap BEGIN
    INSERT OR REPLACE INTO gap SELECT event.study, new.lane, new.event, new.verdict FROM event
    WHERE event.number = new.event AND NOT EXISTS (
        SELECT 1 FROM report JOIN lane ON lane.id = report.lane JOIN lane AS own ON own.id = new.lane
        WHERE report.study = event.study AND (lane.site, lane.endpoint) = (own.site, own.endpoint)
    ) AND NOT EXISTS (
        SELECT 1 FROM event AS ended WHERE ended.study = event.study AND ended.kind IN ('reverted', 'deleted')
            AND (ended.revision, ended.occurred_at) >= (event.revision, event.occurred_at));
END;
