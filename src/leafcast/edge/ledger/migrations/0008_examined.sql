-- From what a campaign was last planned, to the last row: a run that finds the same again need not examine it again.
ALTER TABLE campaign ADD COLUMN examined TEXT;
ALTER TABLE campaign ADD COLUMN examined_epoch INTEGER;
ALTER TABLE campaign ADD COLUMN examined_removals INTEGER;
