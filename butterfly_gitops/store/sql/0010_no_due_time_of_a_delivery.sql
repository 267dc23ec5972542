-- A lane has a due time, and no delivery: nothing ever read this column.

ALTER TABLE delivery DROP COLUMN due_at;
