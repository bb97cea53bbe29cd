-- Rounds and recall. A round after the first is an invitation of its own, made for a slot and for a cause. A link that
-- still serves goes along into the next round: its old row ends as carried, a new row stands for the same link of
-- Leaf's. A grower has one live link at most, over all rounds. What was recalled does not leave any more, whoever asks.

ALTER TABLE campaign ADD COLUMN recalled_at TEXT;

-- The run that planned it, the fixed slot that it belongs to ('' for the first invitation), and why it was due.
ALTER TABLE invitation ADD COLUMN epoch INTEGER;
ALTER TABLE invitation ADD COLUMN slot TEXT NOT NULL DEFAULT '' CHECK ((slot = '') = (round = 0));
ALTER TABLE invitation ADD COLUMN cause TEXT NOT NULL DEFAULT '';
ALTER TABLE invitation ADD COLUMN recalled_at TEXT;
CREATE UNIQUE INDEX one_round_of_a_slot ON invitation (grower_id, slot) WHERE slot <> '';

CREATE TRIGGER rounds_are_counted BEFORE INSERT ON invitation
WHEN NEW.round > 0 AND NOT EXISTS (SELECT 1 FROM invitation WHERE grower_id = NEW.grower_id AND round = NEW.round - 1)
BEGIN SELECT RAISE (ABORT, 'a round comes after the one before it'); END;

CREATE TRIGGER invitation_identity BEFORE UPDATE ON invitation
WHEN NEW.id <> OLD.id OR NEW.campaign_id <> OLD.campaign_id OR NEW.grower_id <> OLD.grower_id OR NEW.round <> OLD.round
  OR NEW.slot <> OLD.slot OR NEW.cause <> OLD.cause OR NEW.epoch IS NOT OLD.epoch OR NEW.created_at <> OLD.created_at
  OR (OLD.recalled_at IS NOT NULL AND NEW.recalled_at IS NOT OLD.recalled_at)
BEGIN SELECT RAISE (ABORT, 'a round is a new entry, never an edit of an old one, and a recall is never taken back'); END;

CREATE TRIGGER campaign_stays_recalled BEFORE UPDATE ON campaign
WHEN OLD.recalled_at IS NOT NULL AND NEW.recalled_at IS NOT OLD.recalled_at
BEGIN SELECT RAISE (ABORT, 'a recall is never taken back'); END;

-- SQLite changes no CHECK of a table that is there: the links move into a table with the new one.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE link_before AS SELECT * FROM link;
DROP TABLE link;
CREATE TABLE link (
  id            INTEGER PRIMARY KEY,
  campaign_id   INTEGER NOT NULL REFERENCES campaign (id),
  grower_id     INTEGER NOT NULL REFERENCES grower (id),
  invitation_id INTEGER NOT NULL REFERENCES invitation (id),
  generation    INTEGER NOT NULL CHECK (generation >= 1),
  state         TEXT    NOT NULL CHECK (state IN ('sending', 'live', 'failed', 'in_doubt', 'expired', 'revoked', 'carried')),
  type          TEXT    NOT NULL CHECK (type IN ('provider', 'authentication', 'file-upload')),
  providers     TEXT    NOT NULL,
  expires_in    INTEGER NOT NULL,
  epoch         INTEGER NOT NULL,
  intent_at     TEXT    NOT NULL,
  made_at       TEXT,
  leaf_link_id  TEXT,
  url           TEXT,
  leaf_user_id  TEXT    NOT NULL DEFAULT '',
  expires_at    TEXT,
  -- An in-doubt generation that was made anew: what Leaf may hold for it is for the orphan report.
  superseded_by INTEGER,
  -- The row of the round before that stood for the same link of Leaf's.
  carried_from  INTEGER CONSTRAINT carried_once UNIQUE REFERENCES link (id),
  error_code    TEXT    NOT NULL DEFAULT '',
  error         TEXT    NOT NULL DEFAULT '',
  created_at    TEXT    NOT NULL,
  updated_at    TEXT    NOT NULL,
  CONSTRAINT one_link_of_a_generation UNIQUE (invitation_id, generation),
  CHECK (state <> 'live' OR (leaf_link_id IS NOT NULL AND url IS NOT NULL AND expires_at IS NOT NULL AND made_at IS NOT NULL))
) STRICT;
INSERT INTO link (id, campaign_id, grower_id, invitation_id, generation, state, type, providers, expires_in, epoch,
                  intent_at, made_at, leaf_link_id, url, leaf_user_id, expires_at, superseded_by, error_code, error,
                  created_at, updated_at)
SELECT l.id, l.campaign_id, i.grower_id, l.invitation_id, l.generation, l.state, l.type, l.providers, l.expires_in,
       l.epoch, l.intent_at, l.made_at, l.leaf_link_id, l.url, l.leaf_user_id, l.expires_at, l.superseded_by,
       l.error_code, l.error, l.created_at, l.updated_at
FROM link_before l JOIN invitation i ON i.id = l.invitation_id;
DROP TABLE link_before;

CREATE UNIQUE INDEX one_live_link ON link (grower_id) WHERE state IN ('sending', 'live');
CREATE UNIQUE INDEX one_row_of_a_leaf_link ON link (leaf_link_id) WHERE state <> 'carried';
CREATE INDEX links_at_leaf ON link (leaf_link_id);
CREATE INDEX sending_links ON link (campaign_id) WHERE state = 'sending';
CREATE INDEX in_doubt_links ON link (campaign_id) WHERE state = 'in_doubt';

DROP TRIGGER transitions_are_fixed_i;
INSERT INTO transition_ok (machine, from_state, to_state) VALUES ('link', 'live', 'carried');
CREATE TRIGGER transitions_are_fixed_i BEFORE INSERT ON transition_ok
BEGIN SELECT RAISE (ABORT, 'the table of transitions is fixed'); END;

CREATE TRIGGER link_begins BEFORE INSERT ON link
WHEN NEW.state <> 'sending'
 AND NOT (NEW.state = 'live'
          AND EXISTS (SELECT 1 FROM link
                      WHERE id = NEW.carried_from AND state = 'carried' AND grower_id = NEW.grower_id
                        AND invitation_id <> NEW.invitation_id AND leaf_link_id = NEW.leaf_link_id AND url = NEW.url
                        AND expires_at = NEW.expires_at))
BEGIN SELECT RAISE (ABORT, 'a link begins as an intent, or goes along from the round before'); END;

CREATE TRIGGER link_of_its_own_grower BEFORE INSERT ON link
WHEN NOT EXISTS (SELECT 1 FROM invitation
                 WHERE id = NEW.invitation_id AND grower_id = NEW.grower_id AND campaign_id = NEW.campaign_id)
BEGIN SELECT RAISE (ABORT, 'a link is of the grower whose invitation it is'); END;

CREATE TRIGGER link_transition BEFORE UPDATE OF state ON link
WHEN NOT EXISTS (SELECT 1 FROM transition_ok
                 WHERE machine = 'link' AND from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE (ABORT, 'a link may not go from its state to that one'); END;

CREATE TRIGGER link_identity BEFORE UPDATE ON link
WHEN NEW.id <> OLD.id OR NEW.campaign_id <> OLD.campaign_id OR NEW.invitation_id <> OLD.invitation_id
  OR NEW.grower_id <> OLD.grower_id OR NEW.generation <> OLD.generation OR NEW.created_at <> OLD.created_at
  OR NEW.epoch < OLD.epoch OR NEW.carried_from IS NOT OLD.carried_from
  OR (OLD.leaf_link_id IS NOT NULL AND NEW.leaf_link_id IS NOT OLD.leaf_link_id)
BEGIN SELECT RAISE (ABORT, 'what a link is never changes'); END;

CREATE TRIGGER link_final BEFORE UPDATE ON link WHEN OLD.state IN ('failed', 'revoked', 'carried')
BEGIN SELECT RAISE (ABORT, 'a final link changes no more'); END;

CREATE TRIGGER link_stays BEFORE DELETE ON link
BEGIN SELECT RAISE (ABORT, 'a link is never deleted'); END;

CREATE TRIGGER recalled_gets_no_link BEFORE INSERT ON link
WHEN EXISTS (SELECT 1 FROM invitation i JOIN campaign c ON c.id = i.campaign_id
             WHERE i.id = NEW.invitation_id AND (i.recalled_at IS NOT NULL OR c.recalled_at IS NOT NULL))
BEGIN SELECT RAISE (ABORT, 'no link is made for what was recalled'); END;

CREATE TRIGGER recalled_does_not_leave BEFORE UPDATE OF state ON message
WHEN NEW.state = 'sending'
 AND EXISTS (SELECT 1 FROM invitation i JOIN campaign c ON c.id = i.campaign_id
             WHERE i.id = NEW.invitation_id AND (i.recalled_at IS NOT NULL OR c.recalled_at IS NOT NULL))
BEGIN SELECT RAISE (ABORT, 'what was recalled does not leave any more'); END;

-- What was known of a link when it was revoked: whether somebody had opened it, and when last.
CREATE TABLE revocation (
  link_id   INTEGER PRIMARY KEY REFERENCES link (id),
  at        TEXT    NOT NULL,
  why       TEXT    NOT NULL CHECK (why IN ('recall', 'next round')),
  opened    INTEGER NOT NULL CHECK (opened IN (0, 1)),
  opened_at TEXT
) STRICT;
CREATE TRIGGER revocation_stays_u BEFORE UPDATE ON revocation
BEGIN SELECT RAISE (ABORT, 'what was revoked stays written down'); END;
CREATE TRIGGER revocation_stays_d BEFORE DELETE ON revocation
BEGIN SELECT RAISE (ABORT, 'what was revoked stays written down'); END;
