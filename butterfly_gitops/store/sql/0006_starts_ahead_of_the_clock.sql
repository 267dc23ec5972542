-- The start that a rule was applied with, where our clock was ahead then, and has been set back since.

ALTER TABLE rule ADD COLUMN start_was INTEGER;
