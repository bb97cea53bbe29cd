-- Following: what Leaf last showed of a link and of a grower's connection. It is reported and decides who is invited
-- again; it never changes the state of a link or of a message.

CREATE TABLE link_sight (
  link_id          INTEGER PRIMARY KEY REFERENCES link (id),
  standing         TEXT    NOT NULL CHECK (standing IN ('open', 'expired', 'used_up', 'gone')),
  expires_at       TEXT,
  usage_count      INTEGER NOT NULL CHECK (usage_count >= 0),
  max_usage        INTEGER,
  last_accessed_at TEXT,
  looked_at        TEXT    NOT NULL
) STRICT;

CREATE TABLE connection (
  invitation_id INTEGER PRIMARY KEY REFERENCES invitation (id),
  standing      TEXT    NOT NULL CHECK (standing IN ('connected', 'broken', 'not_connected', 'user_gone')),
  providers     TEXT    NOT NULL,
  looked_at     TEXT    NOT NULL,
  -- When a look first showed the grower connected.
  connected_at  TEXT,
  CHECK (standing <> 'connected' OR connected_at IS NOT NULL)
) STRICT;

CREATE TRIGGER first_connection_stays BEFORE UPDATE OF connected_at ON connection
WHEN OLD.connected_at IS NOT NULL AND NEW.connected_at IS NOT OLD.connected_at
BEGIN SELECT RAISE (ABORT, 'when a grower was first seen connected never changes'); END;
