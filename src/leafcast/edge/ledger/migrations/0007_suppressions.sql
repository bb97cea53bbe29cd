-- Suppressions: addresses that no campaign of this ledger may write to. Addresses are kept in small letters; every
-- address of a message is ASCII (international domains as punycode), so that lower() compares them.

CREATE TABLE suppression (
  id         INTEGER PRIMARY KEY,
  channel    TEXT    NOT NULL,
  address    TEXT    NOT NULL CHECK (address <> '' AND address = lower(address)),
  reason     TEXT    NOT NULL,
  source     TEXT    NOT NULL,
  since      TEXT    NOT NULL,
  created_at TEXT    NOT NULL,
  CONSTRAINT one_suppression_of_an_address UNIQUE (channel, address)
) STRICT;

-- How often the list lost an address: a plan that was made before does not know of that.
CREATE TABLE suppressions_removed (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  times INTEGER NOT NULL
) STRICT;
INSERT INTO suppressions_removed (one, times) VALUES (1, 0);
CREATE TRIGGER suppressions_removed_are_counted AFTER DELETE ON suppression
BEGIN UPDATE suppressions_removed SET times = times + 1 WHERE one = 1; END;

CREATE TRIGGER message_withheld BEFORE UPDATE OF state ON message
WHEN NEW.state = 'sending'
 AND EXISTS (SELECT 1 FROM suppression WHERE channel = NEW.channel AND address = lower(NEW.to_address))
BEGIN SELECT RAISE (ABORT, 'withheld: the address of the message is suppressed'); END;
