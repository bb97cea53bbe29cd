-- Deliveries: what became of an accepted message only ever goes forward, whatever order the services tell it in.

CREATE TABLE delivery_rank (
  delivery TEXT    PRIMARY KEY,
  rank     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_rank (delivery, rank) VALUES
  ('unknown', 0), ('queued', 1), ('delivered', 2), ('opened', 3),
  ('undelivered', 4), ('dropped', 4), ('bounced', 4), ('unsubscribed', 5), ('complained', 6);
CREATE TRIGGER delivery_ranks_are_fixed_i BEFORE INSERT ON delivery_rank
BEGIN SELECT RAISE (ABORT, 'the order of deliveries is fixed'); END;
CREATE TRIGGER delivery_ranks_are_fixed_u BEFORE UPDATE ON delivery_rank
BEGIN SELECT RAISE (ABORT, 'the order of deliveries is fixed'); END;
CREATE TRIGGER delivery_ranks_are_fixed_d BEFORE DELETE ON delivery_rank
BEGIN SELECT RAISE (ABORT, 'the order of deliveries is fixed'); END;

CREATE TRIGGER delivery_goes_forward BEFORE UPDATE OF delivery ON message
WHEN OLD.delivery IS NOT NULL AND NEW.delivery IS NOT OLD.delivery
 AND (NEW.delivery IS NULL OR (SELECT rank FROM delivery_rank WHERE delivery = NEW.delivery)
                              <= (SELECT rank FROM delivery_rank WHERE delivery = OLD.delivery))
BEGIN SELECT RAISE (ABORT, 'what became of a message never goes back'); END;

-- Each step once, with the code that the receiving side gave and the service's own time.
CREATE TABLE delivery_step (
  message_id TEXT NOT NULL REFERENCES message (id),
  delivery   TEXT NOT NULL REFERENCES delivery_rank (delivery),
  code       TEXT NOT NULL DEFAULT '',
  at         TEXT,
  seen_at    TEXT NOT NULL,
  PRIMARY KEY (message_id, delivery)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER delivery_step_stays_u BEFORE UPDATE ON delivery_step
BEGIN SELECT RAISE (ABORT, 'what a service said of a message is never changed'); END;
CREATE TRIGGER delivery_step_stays_d BEFORE DELETE ON delivery_step
BEGIN SELECT RAISE (ABORT, 'what a service said of a message is never deleted'); END;

-- How far a service's list was read for a campaign.
CREATE TABLE watermark (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  source      TEXT    NOT NULL,
  upto        TEXT    NOT NULL,
  PRIMARY KEY (campaign_id, source)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER watermarks_only_rise BEFORE UPDATE OF upto ON watermark WHEN NEW.upto < OLD.upto
BEGIN SELECT RAISE (ABORT, 'what was read is not read again'); END;
