-- The statements that find rows, by name; those that write a whole row are made by `tables`, and so are the columns
-- of a `{table}`. `{many}` becomes as many parameters as there are values.

-- name: setting
SELECT value FROM setting WHERE name = ?;

-- name: put_setting
INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value;

-- name: last_event
SELECT max(number) FROM event;

-- name: last_report
SELECT max(id) FROM report;

-- name: last_delivery
SELECT max(id) FROM delivery;

-- name: last_lane
SELECT max(number) FROM (SELECT max(id) AS number FROM lane UNION ALL SELECT max(lane) FROM target);

-- name: last_rule
SELECT max(id) FROM rule;

-- name: event
SELECT {event} FROM event WHERE number = ?;

-- name: event_body
SELECT body FROM event WHERE number = ?;

-- name: event_by_id
SELECT {event} FROM event WHERE event_id = ?;

-- name: latest_of_study
SELECT {event} FROM event WHERE number = (
    SELECT number FROM event WHERE study = ? AND kind IN ({many})
    ORDER BY revision DESC, occurred_at DESC, number DESC LIMIT 1
);

-- name: decisions_of
SELECT {decision}, delivery FROM decision WHERE event = ? ORDER BY rule;

-- name: report
SELECT {report} FROM report WHERE id = ?;

-- name: reports_of_study
SELECT id FROM report WHERE study = ? ORDER BY id;

-- name: update_filler
UPDATE report SET filler = ? WHERE id = ?;

-- name: reports_with_filler
SELECT id FROM report WHERE filler = ? ORDER BY id;

-- name: delivery
SELECT {delivery} FROM delivery WHERE id = ?;

-- name: open_of_reports
SELECT id FROM delivery WHERE report IN ({many}) AND state < 4 ORDER BY id;

-- name: in_lane_waiting
SELECT {delivery} FROM delivery INDEXED BY delivery_in_lane
WHERE lane = ? AND state < 3 AND state IN ({many}) ORDER BY id;

-- name: in_lane_set_aside
SELECT {delivery} FROM delivery INDEXED BY delivery_set_aside WHERE lane = ? AND state = 3 ORDER BY id;

-- name: in_lane_final
SELECT {delivery} FROM delivery WHERE lane = ? AND state IN ({many}) ORDER BY id;

-- name: heads
SELECT id FROM delivery INDEXED BY delivery_in_lane WHERE lane = ? AND state < 3 ORDER BY id LIMIT ?;

-- name: attempt
SELECT {attempt} FROM attempt WHERE key = ?;

-- name: attempts_of
SELECT {attempt} FROM attempt WHERE key BETWEEN ? AND ? ORDER BY key;

-- name: message
SELECT {message} FROM message WHERE key = ?;

-- name: messages_of
SELECT {message} FROM message WHERE key BETWEEN ? AND ? ORDER BY key;

-- name: lane
SELECT {lane} FROM lane WHERE id = ?;

-- name: lanes
SELECT {lane} FROM lane WHERE NOT ended ORDER BY id;

-- name: lanes_of_site
SELECT {lane} FROM lane WHERE site = ? AND NOT ended ORDER BY id;

-- name: lost_lanes
SELECT DISTINCT lane FROM target WHERE lane NOT IN (SELECT id FROM lane) ORDER BY lane DESC;

-- name: incarnations
SELECT count(*) FROM lane WHERE site = ? AND endpoint = ?;

-- name: holds
SELECT {hold} FROM hold ORDER BY site, id;

-- name: delete_hold
DELETE FROM hold WHERE id = ?;

-- name: target
SELECT {target} FROM target WHERE lane = ? AND number = ?;

-- name: targets_of
SELECT {target} FROM target WHERE lane = ? ORDER BY number;

-- name: targets_of_report
SELECT {target} FROM target WHERE (lane, number) IN (
    SELECT delivery.lane, attempt.target FROM delivery
    CROSS JOIN attempt ON attempt.key > delivery.id << 20 AND attempt.key < (delivery.id + 1) << 20
    WHERE delivery.report = ?
) ORDER BY lane, number;

-- name: rules
SELECT {rule} FROM rule ORDER BY id;

-- name: rules_of_site
SELECT {rule} FROM rule WHERE site = ? ORDER BY id;

-- name: generations
SELECT {generation}, content FROM generation AS newest
WHERE number = (SELECT max(number) FROM generation WHERE site = newest.site) ORDER BY site;

-- name: generation
SELECT {generation} FROM generation WHERE site = ? ORDER BY number DESC LIMIT 1;

-- name: content_of
SELECT content FROM generation WHERE site = ? ORDER BY number DESC LIMIT 1;

-- name: archive_names_taken
SELECT name, site FROM archive_name WHERE name IN ({many}) AND site <> ? ORDER BY name;

-- name: delete_archive_names
DELETE FROM archive_name WHERE site = ?;

-- name: add_archive_name
INSERT INTO archive_name VALUES (?, ?);

-- name: conditions
SELECT {condition} FROM condition ORDER BY site, endpoint, kind;

-- name: delete_conditions
DELETE FROM condition;

-- name: done
SELECT {done} FROM done WHERE key = ?;

-- name: audit_of
SELECT {audit} FROM audit WHERE subject = ? ORDER BY id;

-- name: open_of_archive
SELECT {delivery} FROM delivery WHERE id IN (
    SELECT id FROM delivery INDEXED BY delivery_in_lane WHERE state < 3
    UNION ALL
    SELECT id FROM delivery INDEXED BY delivery_set_aside WHERE state = 3
) AND EXISTS (SELECT 1 FROM event WHERE event.number = delivery.event AND event.site = ? AND event.archive = ?)
ORDER BY id;

-- name: state_counts
SELECT lane, state, count FROM settled WHERE count > 0
UNION ALL
SELECT lane, state, count(*) FROM delivery INDEXED BY delivery_in_lane WHERE state < 3 GROUP BY lane, state
UNION ALL
SELECT lane, state, count(*) FROM delivery INDEXED BY delivery_set_aside WHERE state = 3 GROUP BY lane;

-- name: oldest_in_lane
SELECT first.lane, delivery.accepted_at FROM (
    SELECT lane, min(id) AS id FROM delivery INDEXED BY delivery_in_lane WHERE state < 3 GROUP BY lane
) AS first CROSS JOIN delivery ON delivery.id = first.id;

-- name: finalized_since
SELECT count(DISTINCT study) FROM event INDEXED BY event_finalized
WHERE kind = 'finalized' AND site = ? AND archive = ? AND occurred_at >= ?;

-- name: undecided
SELECT {event} FROM event
WHERE site = ? AND archive = ? AND applies >= ?
    AND NOT EXISTS (SELECT 1 FROM decision WHERE decision.event = event.number AND decision.rule = ?)
ORDER BY number;

-- name: unmet
SELECT study FROM event INDEXED BY event_finalized
WHERE kind = 'finalized' AND site = ? AND archive = ? AND occurred_at >= ? AND NOT EXISTS (
    SELECT 1 FROM decision
    WHERE decision.event = event.number AND decision.lane = ? AND verdict NOT LIKE 'before-effective-from%'
)
GROUP BY study ORDER BY min(number);

-- name: gap_counts
SELECT lane, count(*) FROM gap INDEXED BY gap_lane GROUP BY lane;

-- name: gap_of
SELECT {event}, why FROM (
    SELECT event AS newest, verdict AS why FROM gap INDEXED BY gap_lane WHERE lane = ? ORDER BY event DESC LIMIT ?
) CROSS JOIN event ON number = newest ORDER BY number DESC;

-- name: withheld_of_ended
SELECT report.id, report.lane, report.study, shown.revision
FROM (SELECT DISTINCT study FROM event INDEXED BY event_withdrawn WHERE kind IN ('reverted', 'deleted')) AS ended
CROSS JOIN report ON report.study = ended.study
CROSS JOIN event AS shown ON shown.number = report.maybe_event
WHERE report.maybe_received AND (
    SELECT kind FROM event WHERE event.study = ended.study
    ORDER BY revision DESC, occurred_at DESC, number DESC LIMIT 1
) IN ('reverted', 'deleted');

-- name: withheld_of_others
SELECT report.id, report.lane, report.study, shown.revision, report.patient, newest.patient,
    newest.body -> '$.patient.merged_from'
FROM (SELECT DISTINCT report FROM delivery INDEXED BY delivery_withdrawal WHERE content = 'withdrawal') AS withdrawn
CROSS JOIN report ON report.id = withdrawn.report
CROSS JOIN event AS shown ON shown.number = report.maybe_event
CROSS JOIN event AS newest ON newest.number = (
    SELECT number FROM event WHERE event.study = report.study AND kind = 'finalized'
    ORDER BY revision DESC, occurred_at DESC, number DESC LIMIT 1
)
WHERE report.maybe_received;

-- name: find
SELECT {delivery} FROM delivery
WHERE {candidates}
    AND (:before IS NULL OR id < :before)
    AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
    AND (:lanes IS NULL OR lane IN (SELECT value FROM json_each(:lanes)))
    AND (:study = '' OR EXISTS (
        SELECT 1 FROM event
        WHERE event.number = delivery.event AND (event.study = :study OR event.accession = :study)))
    AND (:patient IS NULL OR EXISTS (
        SELECT 1 FROM report JOIN json_each(report.patient) AS known
        WHERE report.id = delivery.report AND known.value IN (SELECT value FROM json_each(:patient))))
ORDER BY id DESC LIMIT :limit;

-- name: lanes_named
SELECT id FROM lane WHERE (?1 = '' OR site = ?1) AND (?2 = '' OR endpoint = ?2);

-- Where `find` looks: the narrowest of these that holds all that the query can match.

-- part: anywhere
TRUE

-- part: of_study
report IN (
    SELECT id FROM report WHERE study = :study
        OR study IN (SELECT event.study FROM event WHERE accession <> '' AND accession = :study))

-- part: of_patient
report IN (
    SELECT report.id FROM report JOIN json_each(report.patient) AS known
    WHERE known.value IN (SELECT value FROM json_each(:patient)))

-- part: open
id IN (
    SELECT id FROM delivery INDEXED BY delivery_in_lane WHERE state < 3
    UNION ALL
    SELECT id FROM delivery INDEXED BY delivery_set_aside WHERE state = 3)

-- name: event_count
SELECT count(*) FROM event;

-- name: decision_count
SELECT count(*) FROM decision;

-- name: considered
SELECT count(*), count(decision.event)
FROM event
JOIN rule ON rule.site = event.site AND rule.archive = event.archive AND rule.started_by <= event.applies AND (
    rule.ended_by IS NULL OR rule.ended_by > event.applies
    OR rule.start <= event.occurred_at AND event.occurred_at < rule.until
)
LEFT JOIN decision ON decision.event = event.number AND decision.rule = rule.id;

-- name: verdict_counts
SELECT substr(verdict, 1, instr(verdict || ' ', ' ') - 1) AS reason, count(*)
FROM decision WHERE delivery IS NULL GROUP BY reason ORDER BY reason;

-- name: states_of_causes
SELECT cause, state, count(*) FROM delivery GROUP BY cause, state ORDER BY cause, state;
