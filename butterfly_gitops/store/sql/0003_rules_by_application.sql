-- Which application started and ended a rule: clocks may step back, and the count of applications does not.
-- What is stored was routed by clock, so each rule takes the counts that name the same events.

ALTER TABLE rule ADD COLUMN started_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rule ADD COLUMN ended_by INTEGER;

UPDATE rule SET
    started_by = coalesce((SELECT max(applies) + 1 FROM event WHERE received_at < rule.start), 0),
    ended_by = CASE WHEN until IS NOT NULL THEN
        coalesce((SELECT max(applies) + 1 FROM event WHERE received_at < rule.until), 0)
    END;
