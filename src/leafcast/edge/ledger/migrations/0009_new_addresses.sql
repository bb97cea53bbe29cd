-- New addresses. What waits after attempts that surely did not leave goes to where the newest list says, and what one
-- address refused may be planned again for another one. Where something went, or may have gone, stays as it is.

DROP TRIGGER message_frozen_address;
CREATE TRIGGER message_frozen_address BEFORE UPDATE OF to_address ON message
WHEN OLD.attempts > 0 AND NEW.to_address IS NOT OLD.to_address AND OLD.state NOT IN ('planned', 'failed', 'refused')
BEGIN SELECT RAISE (ABORT, 'the address that a message went to, or may have gone to, is frozen'); END;

DROP TRIGGER transitions_are_fixed_i;
INSERT INTO transition_ok (machine, from_state, to_state) VALUES ('message', 'refused', 'planned');
CREATE TRIGGER transitions_are_fixed_i BEFORE INSERT ON transition_ok
BEGIN SELECT RAISE (ABORT, 'the table of transitions is fixed'); END;

DROP TRIGGER message_final;
CREATE TRIGGER message_final BEFORE UPDATE ON message
WHEN OLD.state IN ('accepted', 'refused', 'assumed_sent', 'skipped', 'cancelled')
 AND NOT (OLD.state = 'refused' AND NEW.state = 'planned' AND NEW.to_address IS NOT OLD.to_address
          AND NEW.attempts = OLD.attempts AND NEW.epoch IS OLD.epoch)
 AND (NEW.state <> OLD.state OR NEW.to_address IS NOT OLD.to_address OR NEW.attempts <> OLD.attempts
      OR NEW.epoch IS NOT OLD.epoch OR NEW.link_generation IS NOT OLD.link_generation
      OR NEW.intent_at IS NOT OLD.intent_at OR NEW.not_before IS NOT OLD.not_before
      OR NEW.accepted_at IS NOT OLD.accepted_at OR NEW.error_code <> OLD.error_code OR NEW.error <> OLD.error
      OR (OLD.provider_id IS NOT NULL AND NEW.provider_id IS NOT OLD.provider_id))
BEGIN SELECT RAISE (ABORT, 'a final message changes no more, but for its delivery'); END;

-- The newest trigger speaks first, and what was recalled has its own sentence.
DROP TRIGGER recalled_does_not_leave;
CREATE TRIGGER recalled_does_not_leave BEFORE UPDATE OF state ON message
WHEN NEW.state = 'sending'
 AND EXISTS (SELECT 1 FROM invitation i JOIN campaign c ON c.id = i.campaign_id
             WHERE i.id = NEW.invitation_id AND (i.recalled_at IS NOT NULL OR c.recalled_at IS NOT NULL))
BEGIN SELECT RAISE (ABORT, 'what was recalled does not leave any more'); END;
