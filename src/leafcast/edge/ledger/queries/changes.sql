-- name: find_invitation(campaign_id, external_id, round)$
SELECT i.id FROM grower g JOIN invitation i ON i.grower_id = g.id AND i.round = :round
WHERE g.campaign_id = :campaign_id AND g.external_id = :external_id;

-- name: place_for_link(campaign_id, external_id, round)^
-- The invitation, and whether anything may stand in the way of a link for it: one of its own, or a live one of the grower.
SELECT i.id,
       EXISTS (SELECT 1 FROM link WHERE invitation_id = i.id)
       OR EXISTS (SELECT 1 FROM link WHERE grower_id = g.id AND state IN ('sending', 'live'))
FROM grower g JOIN invitation i ON i.grower_id = g.id AND i.round = :round
WHERE g.campaign_id = :campaign_id AND g.external_id = :external_id;

-- name: live_link(invitation_id)^
SELECT id, expires_at, type, providers, leaf_user_id FROM link
WHERE invitation_id = :invitation_id AND state = 'live';

-- name: expire_link(id, now)!
UPDATE link SET state = 'expired', updated_at = :now WHERE id = :id;

-- name: supersede_links(invitation_id, generation, now)!
UPDATE link SET superseded_by = :generation, updated_at = :now
WHERE invitation_id = :invitation_id AND state = 'in_doubt' AND superseded_by IS NULL;

-- name: insert_link(campaign_id, invitation_id, generation, type, providers, expires_in, leaf_user_id, epoch, now)$
INSERT INTO link (campaign_id, grower_id, invitation_id, generation, state, type, providers, expires_in, leaf_user_id,
                  epoch, intent_at, created_at, updated_at)
VALUES (:campaign_id, (SELECT grower_id FROM invitation WHERE id = :invitation_id), :invitation_id, :generation,
        'sending', :type, :providers, :expires_in, :leaf_user_id, :epoch, :now, :now, :now)
RETURNING id;

-- name: settle_link(invitation_id, generation, state, error_code, error, now)$
UPDATE link SET state = :state, error_code = :error_code, error = :error, updated_at = :now
WHERE invitation_id = :invitation_id AND generation = :generation AND state = 'sending'
RETURNING id;

-- name: link_made(invitation_id, generation, leaf_link_id, url, leaf_user_id, expires_at, providers, type, now)$
UPDATE link SET state = 'live', leaf_link_id = :leaf_link_id, url = :url, leaf_user_id = :leaf_user_id,
                expires_at = :expires_at, type = :type, providers = :providers, made_at = :now, error_code = '',
                error = '', updated_at = :now
WHERE invitation_id = :invitation_id AND generation = :generation AND state = 'sending'
RETURNING id;

-- name: begin_message(id, campaign_id, epoch, link_generation, now)$
UPDATE message SET state = 'sending', attempts = attempts + 1, epoch = :epoch, link_generation = :link_generation,
                   intent_at = :now, not_before = NULL, error_code = '', error = '', updated_at = :now
WHERE id = :id AND campaign_id = :campaign_id
RETURNING attempts;

-- name: accept_message(id, campaign_id, provider_id, now)$
UPDATE message SET state = 'accepted', delivery = COALESCE(delivery, 'unknown'), accepted_at = :now,
                   provider_id = COALESCE(:provider_id, provider_id), error_code = '', error = '', updated_at = :now
WHERE id = :id AND campaign_id = :campaign_id AND state = 'sending'
RETURNING id;

-- name: settle_message(id, campaign_id, state, not_before, error_code, error, provider_id, now)$
UPDATE message SET state = :state, not_before = :not_before, error_code = :error_code, error = :error,
                   provider_id = COALESCE(:provider_id, provider_id), updated_at = :now
WHERE id = :id AND campaign_id = :campaign_id AND state = 'sending'
RETURNING id;

-- name: give_up_message(id, campaign_id, error_code, error, now)$
-- Only one that is planned: what is under way ends by its own answer.
UPDATE message SET state = 'failed', not_before = NULL, error_code = :error_code, error = :error, updated_at = :now
WHERE id = :id AND campaign_id = :campaign_id AND state = 'planned'
RETURNING id;

-- name: reopen_beside(id, campaign_id)!
-- What follows a refusal belongs to the retry that the refused one belonged to.
UPDATE message SET reopened_epoch = (SELECT MAX(o.reopened_epoch) FROM message o WHERE o.invitation_id = message.invitation_id)
WHERE id = :id AND campaign_id = :campaign_id;

-- name: insert_attempt(message_id, link_id, number, epoch, now)!
INSERT INTO attempt (message_id, link_id, number, epoch, started_at)
VALUES (:message_id, :link_id, :number, :epoch, :now);

-- name: end_attempt_of_message(message_id, verdict, code, reason, provider_id, now)!
UPDATE attempt SET ended_at = :now, verdict = :verdict, code = :code, reason = :reason, provider_id = :provider_id
WHERE message_id = :message_id AND verdict IS NULL;

-- name: end_attempt_of_link(link_id, verdict, code, reason, now)!
UPDATE attempt SET ended_at = :now, verdict = :verdict, code = :code, reason = :reason
WHERE link_id = :link_id AND verdict IS NULL;

-- name: failed_messages(campaign_id)
-- The failed messages of each grower's newest round (an older round is over), and those that an earlier run reopened and
-- did not come to.
SELECT m.id, m.channel, g.external_id, m.state
FROM message m JOIN invitation i ON i.id = m.invitation_id JOIN grower g ON g.id = i.grower_id
WHERE m.campaign_id = :campaign_id AND m.to_address IS NOT NULL
  AND (m.state = 'failed' OR (m.state = 'planned' AND m.reopened_epoch IS NOT NULL))
  AND NOT EXISTS (SELECT 1 FROM invitation newer WHERE newer.grower_id = i.grower_id AND newer.round > i.round)
  AND i.recalled_at IS NULL AND NOT EXISTS (SELECT 1 FROM campaign WHERE id = :campaign_id AND recalled_at IS NOT NULL);

-- name: reopen_message(id, epoch, now)!
UPDATE message SET state = 'planned', reopened_epoch = :epoch, not_before = NULL, error_code = '', error = '', updated_at = :now WHERE id = :id;

-- name: still_reopened(id, epoch)!
UPDATE message SET reopened_epoch = :epoch WHERE id = :id;

-- name: hold_message(id, campaign_id, not_before, now)$
UPDATE message SET not_before = :not_before, updated_at = :now
WHERE id = :id AND campaign_id = :campaign_id AND state = 'planned'
RETURNING id;

-- name: clear_excluded(campaign_id)!
DELETE FROM excluded WHERE campaign_id = :campaign_id;

-- name: insert_excluded(campaign_id, list_row, reason, now)!
INSERT INTO excluded (campaign_id, list_row, reason, created_at) VALUES (:campaign_id, :list_row, :reason, :now);
