-- name: expire_dead_links(invitation_id, now)!
-- Links of the grower's other rounds that died of age: they make room for the next one.
UPDATE link SET state = 'expired', updated_at = :now
WHERE grower_id = (SELECT grower_id FROM invitation WHERE id = :invitation_id) AND invitation_id <> :invitation_id
  AND state = 'live' AND expires_at <= :now;

-- name: live_link_of_grower(invitation_id)$
-- The live link of an earlier round of the same grower.
SELECT l.id FROM link l JOIN invitation i ON i.id = :invitation_id
WHERE l.grower_id = i.grower_id AND l.invitation_id <> i.id AND l.state = 'live';

-- name: carry_link(id, now)!
UPDATE link SET state = 'carried', updated_at = :now WHERE id = :id;

-- name: insert_carried_link(id, invitation_id, epoch, now)!
INSERT INTO link (campaign_id, grower_id, invitation_id, generation, state, type, providers, expires_in, epoch,
                  intent_at, made_at, leaf_link_id, url, leaf_user_id, expires_at, carried_from, created_at, updated_at)
SELECT campaign_id, grower_id, :invitation_id, 1, 'live', type, providers, expires_in, :epoch,
       intent_at, made_at, leaf_link_id, url, leaf_user_id, expires_at, id, :now, :now
FROM link WHERE id = :id;

-- name: revoke_link(invitation_id, generation, now)$
UPDATE link SET state = 'revoked', updated_at = :now
WHERE invitation_id = :invitation_id AND generation = :generation AND state IN ('live', 'expired')
RETURNING id;

-- name: insert_revocation(link_id, why, opened, opened_at, now)!
INSERT INTO revocation (link_id, at, why, opened, opened_at) VALUES (:link_id, :now, :why, :opened, :opened_at);

-- name: recall_campaign(campaign_id, now)!
UPDATE campaign SET recalled_at = :now WHERE id = :campaign_id AND recalled_at IS NULL;

-- name: recall_invitation(id, now)!
UPDATE invitation SET recalled_at = :now WHERE id = :id AND recalled_at IS NULL;

-- name: cancel_messages(campaign_id, reason, now)!
-- What surely did not leave and now never will.
UPDATE message SET state = 'cancelled', not_before = NULL, error_code = '', error = :reason, updated_at = :now
WHERE campaign_id = :campaign_id AND state IN ('planned', 'failed');

-- name: cancel_messages_of(invitation_id, reason, now)!
UPDATE message SET state = 'cancelled', not_before = NULL, error_code = '', error = :reason, updated_at = :now
WHERE invitation_id = :invitation_id AND state IN ('planned', 'failed');

-- name: recalled_at(campaign_id)$
SELECT recalled_at FROM campaign WHERE id = :campaign_id;

-- name: standing_messages(campaign_id)
-- Every round of every grower with its messages, in list order; a round without messages has one line.
SELECT g.external_id, i.round, i.slot, i.cause, i.recalled_at, m.channel, m.to_address, m.state, m.delivery, m.intent_at
FROM grower g JOIN invitation i ON i.grower_id = g.id LEFT JOIN message m ON m.invitation_id = i.id
WHERE g.campaign_id = :campaign_id
ORDER BY g.id, i.round, m.seq;

-- name: standing_links(campaign_id)
-- Every link that was made and did not go along into a later round, the newest of a grower last.
SELECT g.external_id, i.round, l.generation, l.state, l.leaf_link_id, l.url, l.leaf_user_id, l.expires_at, l.type,
       l.providers
FROM link l JOIN invitation i ON i.id = l.invitation_id JOIN grower g ON g.id = i.grower_id
WHERE l.campaign_id = :campaign_id AND l.leaf_link_id IS NOT NULL AND l.state <> 'carried'
ORDER BY g.id, i.round, l.generation;

-- name: contacts(since)
-- What people of any campaign got, or may have got, since then.
SELECT g.external_id, m.to_address, m.invitation_id, m.intent_at
FROM message m JOIN invitation i ON i.id = m.invitation_id JOIN grower g ON g.id = i.grower_id
WHERE m.state IN ('sending', 'accepted', 'in_doubt', 'assumed_sent') AND m.intent_at >= :since
ORDER BY m.seq;

-- name: past_runs(campaign_id)
-- The runs of a campaign that made links or tried messages, the newest first.
SELECT r.id, r.command, r.epoch, r.started_at,
       (SELECT COUNT(*) FROM link l WHERE l.campaign_id = r.campaign_id AND l.epoch = r.epoch),
       (SELECT COUNT(*) FROM message m WHERE m.campaign_id = r.campaign_id AND m.epoch = r.epoch)
FROM run r WHERE r.campaign_id = :campaign_id ORDER BY r.epoch DESC;

-- name: open_links(campaign_id, now, epoch)
-- Links that may still open something, those that were replaced before their time included; of one run where an epoch
-- is given.
SELECT g.external_id, i.round, l.generation, l.state, l.leaf_link_id, l.url, l.leaf_user_id, l.expires_at, l.type,
       l.providers
FROM link l JOIN invitation i ON i.id = l.invitation_id JOIN grower g ON g.id = i.grower_id
WHERE l.campaign_id = :campaign_id AND l.state IN ('live', 'expired') AND l.expires_at > :now
  AND (:epoch IS NULL OR l.epoch = :epoch OR i.epoch = :epoch
       OR EXISTS (SELECT 1 FROM message m WHERE m.invitation_id = i.id AND m.epoch = :epoch))
ORDER BY g.id, i.round, l.generation;

-- name: recallable_invitations(campaign_id, epoch)
-- Every invitation, or those that one run planned or worked on, with the number of its unsent messages.
SELECT g.external_id, i.round,
       (SELECT COUNT(*) FROM message m WHERE m.invitation_id = i.id AND m.state IN ('planned', 'failed'))
FROM invitation i JOIN grower g ON g.id = i.grower_id
WHERE i.campaign_id = :campaign_id
  AND (:epoch IS NULL OR i.epoch = :epoch
       OR EXISTS (SELECT 1 FROM message m WHERE m.invitation_id = i.id AND m.epoch = :epoch)
       OR EXISTS (SELECT 1 FROM link l WHERE l.invitation_id = i.id AND l.epoch = :epoch))
ORDER BY g.id, i.round;

-- name: opened_before_recall(campaign_id)
-- Whose link had been opened when it was revoked, and when last.
SELECT g.external_id, MAX(r.opened_at)
FROM revocation r JOIN link l ON l.id = r.link_id JOIN invitation i ON i.id = l.invitation_id
JOIN grower g ON g.id = i.grower_id
WHERE l.campaign_id = :campaign_id AND r.why = 'recall' AND r.opened = 1
GROUP BY g.id ORDER BY g.id;

-- name: skip_connected(campaign_id, epoch, reason, now)!
-- Of what a retry reopened: whom Leaf last showed connected needs no link any more.
UPDATE message SET state = 'skipped', not_before = NULL, error_code = '', error = :reason, updated_at = :now
WHERE campaign_id = :campaign_id AND state = 'planned' AND reopened_epoch = :epoch
  AND (SELECT c.standing FROM invitation mine JOIN invitation beside ON beside.grower_id = mine.grower_id
       JOIN connection c ON c.invitation_id = beside.id
       WHERE mine.id = message.invitation_id ORDER BY beside.round DESC LIMIT 1) = 'connected';
