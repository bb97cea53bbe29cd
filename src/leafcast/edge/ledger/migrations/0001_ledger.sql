-- The ledger, first form. Times are ISO 8601 UTC text of one width, so that they sort as they read; JSON is text.
-- The rules that must survive a bug in the program stand here and not in Python: which state may follow which, that
-- final rows never change, that a slot exists once, that no message leaves without a live link of its own grower.

CREATE TABLE ledger (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  uuid       TEXT    NOT NULL,
  epoch      INTEGER NOT NULL CHECK (epoch >= 0),
  created_at TEXT    NOT NULL
) STRICT;

CREATE TABLE campaign (
  id           INTEGER PRIMARY KEY,
  name         TEXT    NOT NULL CONSTRAINT one_campaign_of_a_name UNIQUE,
  epoch        INTEGER NOT NULL DEFAULT 0,
  list_columns TEXT    NOT NULL DEFAULT '[]',
  created_at   TEXT    NOT NULL
) STRICT;

CREATE TABLE run (
  id          TEXT    PRIMARY KEY,
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  epoch       INTEGER NOT NULL CONSTRAINT one_run_of_an_epoch UNIQUE,
  command     TEXT    NOT NULL,
  host        TEXT    NOT NULL,
  pid         INTEGER NOT NULL,
  version     TEXT    NOT NULL,
  started_at  TEXT    NOT NULL,
  ended_at    TEXT,
  exit_reason TEXT
) STRICT;

CREATE TABLE grower (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  external_id TEXT    NOT NULL CHECK (external_id <> ''),
  list_row    INTEGER NOT NULL,
  name        TEXT    NOT NULL,
  email       TEXT,
  phone       TEXT,
  cells       TEXT    NOT NULL,
  -- The last run whose list named this grower.
  listed_epoch INTEGER NOT NULL,
  created_at  TEXT    NOT NULL,
  updated_at  TEXT    NOT NULL,
  CONSTRAINT one_grower_of_an_external_id UNIQUE (campaign_id, external_id)
) STRICT;
CREATE INDEX growers_in_list_order ON grower (campaign_id, id);

-- The id is the place in the list: invitations are numbered as planning meets them.
CREATE TABLE invitation (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  grower_id   INTEGER NOT NULL REFERENCES grower (id),
  round       INTEGER NOT NULL CHECK (round >= 0),
  created_at  TEXT    NOT NULL,
  CONSTRAINT one_invitation_of_a_round UNIQUE (grower_id, round)
) STRICT;

CREATE TABLE link (
  id            INTEGER PRIMARY KEY,
  campaign_id   INTEGER NOT NULL REFERENCES campaign (id),
  invitation_id INTEGER NOT NULL REFERENCES invitation (id),
  generation    INTEGER NOT NULL CHECK (generation >= 1),
  state         TEXT    NOT NULL CHECK (state IN ('sending', 'live', 'failed', 'in_doubt', 'expired', 'revoked')),
  type          TEXT    NOT NULL CHECK (type IN ('provider', 'authentication', 'file-upload')),
  providers     TEXT    NOT NULL,
  expires_in    INTEGER NOT NULL,
  epoch         INTEGER NOT NULL,
  intent_at     TEXT    NOT NULL,
  made_at       TEXT,
  leaf_link_id  TEXT    CONSTRAINT one_row_of_a_leaf_link UNIQUE,
  url           TEXT,
  leaf_user_id  TEXT    NOT NULL DEFAULT '',
  expires_at    TEXT,
  -- An in-doubt generation that was made anew: what Leaf may hold for it is for the orphan report.
  superseded_by INTEGER,
  error_code    TEXT    NOT NULL DEFAULT '',
  error         TEXT    NOT NULL DEFAULT '',
  created_at    TEXT    NOT NULL,
  updated_at    TEXT    NOT NULL,
  CONSTRAINT one_link_of_a_generation UNIQUE (invitation_id, generation),
  CHECK (state <> 'live' OR (leaf_link_id IS NOT NULL AND url IS NOT NULL AND expires_at IS NOT NULL AND made_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX one_live_link ON link (invitation_id) WHERE state IN ('sending', 'live');
CREATE INDEX sending_links ON link (campaign_id) WHERE state = 'sending';
CREATE INDEX in_doubt_links ON link (campaign_id) WHERE state = 'in_doubt';

-- `seq` is the order of preference within an invitation; `id` is random and all of us that a provider may see.
CREATE TABLE message (
  seq             INTEGER PRIMARY KEY,
  id              TEXT    NOT NULL CONSTRAINT one_message_of_an_id UNIQUE CHECK (length(id) >= 16),
  campaign_id     INTEGER NOT NULL REFERENCES campaign (id),
  invitation_id   INTEGER NOT NULL REFERENCES invitation (id),
  channel         TEXT    NOT NULL CHECK (channel IN ('email', 'sms')),
  to_address      TEXT,
  state           TEXT    NOT NULL CHECK (state IN ('planned', 'sending', 'accepted', 'refused', 'failed', 'in_doubt',
                                                    'assumed_sent', 'skipped', 'cancelled')),
  delivery        TEXT    CHECK (delivery IN ('unknown', 'queued', 'delivered', 'opened', 'bounced', 'undelivered',
                                              'dropped', 'complained', 'unsubscribed')),
  attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  epoch           INTEGER,
  link_generation INTEGER,
  -- The last run that reopened it after it had failed.
  reopened_epoch  INTEGER,
  intent_at       TEXT,
  not_before      TEXT,
  accepted_at     TEXT,
  provider_id     TEXT,
  error_code      TEXT    NOT NULL DEFAULT '',
  error           TEXT    NOT NULL DEFAULT '',
  created_at      TEXT    NOT NULL,
  updated_at      TEXT    NOT NULL,
  CONSTRAINT once UNIQUE (invitation_id, channel),
  FOREIGN KEY (invitation_id, link_generation) REFERENCES link (invitation_id, generation),
  CHECK (state NOT IN ('planned', 'sending') OR (to_address IS NOT NULL AND to_address <> '')),
  CHECK (state <> 'sending' OR (epoch IS NOT NULL AND intent_at IS NOT NULL AND link_generation IS NOT NULL)),
  CHECK (state <> 'accepted' OR accepted_at IS NOT NULL),
  CHECK (state <> 'skipped' OR error <> ''),
  CHECK (not_before IS NULL OR state = 'planned')
) STRICT;
CREATE INDEX planned_messages ON message (campaign_id, invitation_id, not_before) WHERE state = 'planned';
CREATE INDEX sending_messages ON message (campaign_id) WHERE state = 'sending';
CREATE INDEX in_doubt_messages ON message (campaign_id) WHERE state = 'in_doubt';

-- Every API call: written with the intent, completed once by its answer, never touched again.
CREATE TABLE attempt (
  id          INTEGER PRIMARY KEY,
  message_id  TEXT    REFERENCES message (id),
  link_id     INTEGER REFERENCES link (id),
  number      INTEGER NOT NULL CHECK (number >= 1),
  epoch       INTEGER NOT NULL,
  started_at  TEXT    NOT NULL,
  ended_at    TEXT,
  verdict     TEXT    CHECK (verdict IN ('accepted', 'refused', 'failed', 'in_doubt', 'pause', 'stop')),
  code        TEXT    NOT NULL DEFAULT '',
  reason      TEXT    NOT NULL DEFAULT '',
  provider_id TEXT,
  CHECK ((message_id IS NULL) <> (link_id IS NULL)),
  CHECK ((verdict IS NULL) = (ended_at IS NULL)),
  CONSTRAINT one_attempt_of_a_message UNIQUE (message_id, number),
  CONSTRAINT one_attempt_of_a_link UNIQUE (link_id, number)
) STRICT;

-- The rows of the last list that could not be growers, so that every row of it is accounted for.
CREATE TABLE excluded (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  list_row    INTEGER NOT NULL,
  reason      TEXT    NOT NULL,
  created_at  TEXT    NOT NULL
) STRICT;
CREATE INDEX excluded_of_a_campaign ON excluded (campaign_id, id);

CREATE TABLE operator_action (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER REFERENCES campaign (id),
  at          TEXT    NOT NULL,
  who         TEXT    NOT NULL,
  action      TEXT    NOT NULL,
  subject     TEXT    NOT NULL DEFAULT '',
  details     TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE transition_ok (
  machine    TEXT NOT NULL CHECK (machine IN ('message', 'link')),
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  PRIMARY KEY (machine, from_state, to_state)
) STRICT, WITHOUT ROWID;
INSERT INTO transition_ok (machine, from_state, to_state) VALUES
  ('message', 'planned', 'sending'),
  ('message', 'planned', 'failed'),
  ('message', 'planned', 'skipped'),
  ('message', 'planned', 'cancelled'),
  ('message', 'sending', 'accepted'),
  ('message', 'sending', 'refused'),
  ('message', 'sending', 'failed'),
  ('message', 'sending', 'in_doubt'),
  ('message', 'sending', 'planned'),
  ('message', 'in_doubt', 'accepted'),
  ('message', 'in_doubt', 'assumed_sent'),
  ('message', 'in_doubt', 'planned'),
  ('message', 'failed', 'planned'),
  ('message', 'failed', 'cancelled'),
  ('link', 'sending', 'live'),
  ('link', 'sending', 'failed'),
  ('link', 'sending', 'in_doubt'),
  ('link', 'live', 'expired'),
  ('link', 'live', 'revoked'),
  ('link', 'expired', 'revoked'),
  ('link', 'in_doubt', 'live'),
  ('link', 'in_doubt', 'failed'),
  ('link', 'in_doubt', 'revoked');

CREATE TRIGGER transitions_are_fixed_i BEFORE INSERT ON transition_ok
BEGIN SELECT RAISE (ABORT, 'the table of transitions is fixed'); END;
CREATE TRIGGER transitions_are_fixed_u BEFORE UPDATE ON transition_ok
BEGIN SELECT RAISE (ABORT, 'the table of transitions is fixed'); END;
CREATE TRIGGER transitions_are_fixed_d BEFORE DELETE ON transition_ok
BEGIN SELECT RAISE (ABORT, 'the table of transitions is fixed'); END;

CREATE TRIGGER message_begins BEFORE INSERT ON message WHEN NEW.state NOT IN ('planned', 'skipped')
BEGIN SELECT RAISE (ABORT, 'a message begins as planned or skipped'); END;

CREATE TRIGGER message_transition BEFORE UPDATE OF state ON message
WHEN NOT EXISTS (SELECT 1 FROM transition_ok
                 WHERE machine = 'message' AND from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE (ABORT, 'a message may not go from its state to that one'); END;

CREATE TRIGGER message_needs_its_link BEFORE UPDATE OF state ON message
WHEN NEW.state = 'sending'
 AND NOT EXISTS (SELECT 1 FROM link
                 WHERE invitation_id = NEW.invitation_id AND generation = NEW.link_generation AND state = 'live')
BEGIN SELECT RAISE (ABORT, 'a message may not leave without a live link of its invitation'); END;

CREATE TRIGGER message_identity BEFORE UPDATE ON message
WHEN NEW.seq <> OLD.seq OR NEW.id <> OLD.id OR NEW.campaign_id <> OLD.campaign_id
  OR NEW.invitation_id <> OLD.invitation_id OR NEW.channel <> OLD.channel OR NEW.created_at <> OLD.created_at
  OR NEW.attempts < OLD.attempts OR NEW.epoch < OLD.epoch OR (OLD.epoch IS NOT NULL AND NEW.epoch IS NULL)
BEGIN SELECT RAISE (ABORT, 'what a message is, and how often it was tried, never goes back'); END;

CREATE TRIGGER message_frozen_address BEFORE UPDATE OF to_address ON message
WHEN OLD.attempts > 0 AND NEW.to_address IS NOT OLD.to_address
BEGIN SELECT RAISE (ABORT, 'the address of a message that was tried is frozen'); END;

CREATE TRIGGER message_final BEFORE UPDATE ON message
WHEN OLD.state IN ('accepted', 'refused', 'assumed_sent', 'skipped', 'cancelled')
 AND (NEW.state <> OLD.state OR NEW.to_address IS NOT OLD.to_address OR NEW.attempts <> OLD.attempts
      OR NEW.epoch IS NOT OLD.epoch OR NEW.link_generation IS NOT OLD.link_generation
      OR NEW.intent_at IS NOT OLD.intent_at OR NEW.not_before IS NOT OLD.not_before
      OR NEW.accepted_at IS NOT OLD.accepted_at OR NEW.error_code <> OLD.error_code OR NEW.error <> OLD.error
      OR (OLD.provider_id IS NOT NULL AND NEW.provider_id IS NOT OLD.provider_id))
BEGIN SELECT RAISE (ABORT, 'a final message changes no more, but for its delivery'); END;

CREATE TRIGGER message_stays BEFORE DELETE ON message WHEN OLD.state <> 'planned' OR OLD.attempts > 0
BEGIN SELECT RAISE (ABORT, 'a message is never deleted, unless a newer list replaces it before it was ever tried'); END;

CREATE TRIGGER link_begins BEFORE INSERT ON link WHEN NEW.state <> 'sending'
BEGIN SELECT RAISE (ABORT, 'a link begins as an intent'); END;

CREATE TRIGGER link_transition BEFORE UPDATE OF state ON link
WHEN NOT EXISTS (SELECT 1 FROM transition_ok
                 WHERE machine = 'link' AND from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE (ABORT, 'a link may not go from its state to that one'); END;

CREATE TRIGGER link_identity BEFORE UPDATE ON link
WHEN NEW.id <> OLD.id OR NEW.campaign_id <> OLD.campaign_id OR NEW.invitation_id <> OLD.invitation_id
  OR NEW.generation <> OLD.generation OR NEW.created_at <> OLD.created_at OR NEW.epoch < OLD.epoch
  OR (OLD.leaf_link_id IS NOT NULL AND NEW.leaf_link_id IS NOT OLD.leaf_link_id)
BEGIN SELECT RAISE (ABORT, 'what a link is never changes'); END;

CREATE TRIGGER link_final BEFORE UPDATE ON link WHEN OLD.state IN ('failed', 'revoked')
BEGIN SELECT RAISE (ABORT, 'a final link changes no more'); END;

CREATE TRIGGER link_stays BEFORE DELETE ON link
BEGIN SELECT RAISE (ABORT, 'a link is never deleted'); END;

CREATE TRIGGER attempt_begins BEFORE INSERT ON attempt WHEN NEW.verdict IS NOT NULL
BEGIN SELECT RAISE (ABORT, 'an attempt is written before its answer'); END;

CREATE TRIGGER attempt_completed_once BEFORE UPDATE ON attempt
WHEN OLD.verdict IS NOT NULL OR NEW.id <> OLD.id OR NEW.message_id IS NOT OLD.message_id
  OR NEW.link_id IS NOT OLD.link_id OR NEW.number <> OLD.number OR NEW.epoch <> OLD.epoch
  OR NEW.started_at <> OLD.started_at
BEGIN SELECT RAISE (ABORT, 'an attempt is completed once and changes no more'); END;

CREATE TRIGGER attempt_stays BEFORE DELETE ON attempt
BEGIN SELECT RAISE (ABORT, 'an attempt is never deleted'); END;

CREATE TRIGGER epochs_only_grow BEFORE UPDATE OF epoch ON ledger WHEN NEW.epoch < OLD.epoch
BEGIN SELECT RAISE (ABORT, 'an epoch never goes back'); END;

CREATE TRIGGER campaign_epochs_only_grow BEFORE UPDATE OF epoch ON campaign WHEN NEW.epoch < OLD.epoch
BEGIN SELECT RAISE (ABORT, 'an epoch never goes back'); END;
