-- Settling: what the services showed of a message in doubt, what settled the doubt, and the links that lost answers
-- left at Leaf. A message leaves doubt only by an attempt that says what settled it, and that only on evidence: a
-- service that shows it, two looks that show no trace, or a person's word that is written down.

CREATE TABLE look (
  id         INTEGER PRIMARY KEY,
  attempt_id INTEGER NOT NULL REFERENCES attempt (id),
  at         TEXT    NOT NULL,
  showed     TEXT    NOT NULL CHECK (showed IN ('found', 'absent', 'unknown')),
  why        TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX looks_of_an_attempt ON look (attempt_id, id);

CREATE TRIGGER look_stays_u BEFORE UPDATE ON look
BEGIN SELECT RAISE (ABORT, 'a look is never changed'); END;
CREATE TRIGGER look_stays_d BEFORE DELETE ON look
BEGIN SELECT RAISE (ABORT, 'a look is never deleted'); END;

ALTER TABLE attempt ADD COLUMN settled_at TEXT;
ALTER TABLE attempt ADD COLUMN settled_as TEXT CHECK (settled_as IN ('found', 'absent', 'assumed_sent', 'resend'));

CREATE INDEX operator_actions_on ON operator_action (subject);
CREATE TRIGGER operator_action_stays_u BEFORE UPDATE ON operator_action
BEGIN SELECT RAISE (ABORT, 'what a person did is never changed'); END;
CREATE TRIGGER operator_action_stays_d BEFORE DELETE ON operator_action
BEGIN SELECT RAISE (ABORT, 'what a person did is never deleted'); END;

DROP TRIGGER attempt_completed_once;
CREATE TRIGGER attempt_completed_once BEFORE UPDATE ON attempt
WHEN NEW.id <> OLD.id OR NEW.message_id IS NOT OLD.message_id OR NEW.link_id IS NOT OLD.link_id
  OR NEW.number <> OLD.number OR NEW.epoch <> OLD.epoch OR NEW.started_at <> OLD.started_at
  OR (OLD.verdict IS NOT NULL
      AND (NEW.verdict IS NOT OLD.verdict OR NEW.ended_at IS NOT OLD.ended_at OR NEW.code <> OLD.code
           OR NEW.reason <> OLD.reason OR NEW.provider_id IS NOT OLD.provider_id
           OR NEW.settled_as IS NULL OR OLD.settled_as IS NOT NULL))
BEGIN SELECT RAISE (ABORT, 'an attempt is completed once, settled once where it is in doubt, and changes no more'); END;

CREATE TRIGGER attempt_settled_on_evidence BEFORE UPDATE OF settled_as ON attempt
WHEN NEW.settled_as IS NOT NULL
 AND (NEW.settled_at IS NULL OR OLD.verdict IS NOT 'in_doubt'
      OR (NEW.settled_as = 'found'
          AND NOT EXISTS (SELECT 1 FROM look WHERE attempt_id = NEW.id AND showed = 'found'))
      OR (NEW.settled_as = 'absent'
          AND (SELECT COUNT(DISTINCT at) FROM look WHERE attempt_id = NEW.id AND showed = 'absent') < 2)
      OR (NEW.settled_as IN ('assumed_sent', 'resend')
          AND NOT EXISTS (SELECT 1 FROM operator_action WHERE subject = NEW.message_id AND action = NEW.settled_as)))
BEGIN SELECT RAISE (ABORT, 'a doubt is settled by what a service shows or by a person whose word is written down'); END;

CREATE TRIGGER doubt_is_settled_first BEFORE UPDATE OF state ON message
WHEN OLD.state = 'in_doubt'
 AND NOT EXISTS (SELECT 1 FROM attempt
                 WHERE message_id = OLD.id AND number = OLD.attempts
                   AND CASE settled_as WHEN 'found' THEN NEW.state = 'accepted'
                                       WHEN 'absent' THEN NEW.state = 'planned'
                                       WHEN 'assumed_sent' THEN NEW.state = 'assumed_sent'
                                       WHEN 'resend' THEN NEW.state = 'planned' END)
BEGIN SELECT RAISE (ABORT, 'a message leaves doubt only as its attempt was settled'); END;

-- A link at Leaf that a lost answer left behind. It is never one that the ledger gave to a grower.
CREATE TABLE orphan (
  id           INTEGER PRIMARY KEY,
  link_id      INTEGER NOT NULL REFERENCES link (id),
  leaf_link_id TEXT    NOT NULL CONSTRAINT one_orphan_of_a_leaf_link UNIQUE,
  leaf_user_id TEXT    NOT NULL,
  made_at      TEXT    NOT NULL,
  found_at     TEXT    NOT NULL,
  revoked_at   TEXT
) STRICT;
CREATE TRIGGER orphan_is_nobodys BEFORE INSERT ON orphan
WHEN EXISTS (SELECT 1 FROM link WHERE leaf_link_id = NEW.leaf_link_id)
BEGIN SELECT RAISE (ABORT, 'a link that a grower has is no orphan'); END;
CREATE TRIGGER orphan_stays BEFORE DELETE ON orphan
BEGIN SELECT RAISE (ABORT, 'an orphan is never deleted'); END;
