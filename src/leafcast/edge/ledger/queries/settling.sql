-- name: doubts(campaign_id)
-- Every message in doubt with its attempt, its link and what the looks showed, in list order.
SELECT g.external_id, i.round, m.channel, m.attempts, m.id, m.to_address, l.leaf_link_id, l.url, m.intent_at,
       a.code, a.reason, a.ended_at,
       (SELECT MIN(at) FROM look WHERE attempt_id = a.id AND showed = 'absent'),
       last.at, last.showed, last.why
FROM message m
JOIN invitation i ON i.id = m.invitation_id
JOIN grower g ON g.id = i.grower_id
JOIN attempt a ON a.message_id = m.id AND a.number = m.attempts
LEFT JOIN link l ON l.invitation_id = m.invitation_id AND l.generation = m.link_generation
LEFT JOIN look last ON last.id = (SELECT MAX(id) FROM look WHERE attempt_id = a.id)
WHERE m.campaign_id = :campaign_id AND m.state = 'in_doubt'
ORDER BY g.id, i.round, m.seq;

-- name: witness(campaign_id, channel, left_at)^
-- The accepted message that left next at or after a time; where there is none, the last one before it.
SELECT m.id, m.to_address, l.leaf_link_id, l.url, m.intent_at
FROM message m LEFT JOIN link l ON l.invitation_id = m.invitation_id AND l.generation = m.link_generation
WHERE m.campaign_id = :campaign_id AND m.channel = :channel AND m.state = 'accepted'
ORDER BY m.intent_at < :left_at, CASE WHEN m.intent_at >= :left_at THEN m.intent_at END, m.intent_at DESC LIMIT 1;

-- name: links_in_doubt(campaign_id)
-- With the Leaf user where the row or a link of the same grower names it.
SELECT g.external_id, i.round, l.generation, l.type, l.providers, l.expires_in, l.intent_at,
       COALESCE(NULLIF(l.leaf_user_id, ''),
                (SELECT other.leaf_user_id FROM invitation beside JOIN link other ON other.invitation_id = beside.id
                 WHERE beside.grower_id = g.id AND other.leaf_user_id <> '' ORDER BY other.id DESC LIMIT 1), '')
FROM link l JOIN invitation i ON i.id = l.invitation_id JOIN grower g ON g.id = i.grower_id
WHERE l.campaign_id = :campaign_id AND l.state = 'in_doubt'
ORDER BY g.id, i.round, l.generation;

-- name: claimed(leaf_link_id)$
SELECT 1 FROM link WHERE leaf_link_id = :leaf_link_id;

-- name: attempt_in_doubt(message_id, number, campaign_id)$
SELECT a.id FROM attempt a JOIN message m ON m.id = a.message_id AND m.attempts = a.number
WHERE a.message_id = :message_id AND a.number = :number AND m.campaign_id = :campaign_id AND m.state = 'in_doubt';

-- name: insert_look(attempt_id, showed, why, now)!
INSERT INTO look (attempt_id, at, showed, why) VALUES (:attempt_id, :now, :showed, :why);

-- name: settle_attempt(id, settled_as, now)!
UPDATE attempt SET settled_as = :settled_as, settled_at = :now WHERE id = :id;

-- name: found_message(id, delivery, provider_id, now)!
UPDATE message SET state = 'accepted', delivery = :delivery, accepted_at = :now,
                   provider_id = COALESCE(:provider_id, provider_id), error_code = '', error = '', updated_at = :now
WHERE id = :id;

-- name: replan_message(id, now)!
UPDATE message SET state = 'planned', not_before = NULL, error_code = '', error = '', updated_at = :now WHERE id = :id;

-- name: cancel_if_recalled(id, reason, now)!
UPDATE message SET state = 'cancelled', error = :reason, updated_at = :now
WHERE id = :id AND state = 'planned'
  AND EXISTS (SELECT 1 FROM invitation i JOIN campaign c ON c.id = i.campaign_id
              WHERE i.id = message.invitation_id AND (i.recalled_at IS NOT NULL OR c.recalled_at IS NOT NULL));

-- name: assume_message_sent(id, reason, now)!
UPDATE message SET state = 'assumed_sent', error_code = '', error = :reason, updated_at = :now WHERE id = :id;

-- name: insert_operator_action(campaign_id, who, action, subject, details, now)!
INSERT INTO operator_action (campaign_id, at, who, action, subject, details)
VALUES (:campaign_id, :now, :who, :action, :subject, :details);

-- name: link_in_doubt(invitation_id, generation)$
SELECT id FROM link WHERE invitation_id = :invitation_id AND generation = :generation AND state = 'in_doubt';

-- name: insert_orphan(link_id, leaf_link_id, leaf_user_id, made_at, now)!
INSERT INTO orphan (link_id, leaf_link_id, leaf_user_id, made_at, found_at)
VALUES (:link_id, :leaf_link_id, :leaf_user_id, :made_at, :now)
ON CONFLICT (leaf_link_id) DO NOTHING;

-- name: revoke_orphan(leaf_link_id, now)$
UPDATE orphan SET revoked_at = :now WHERE leaf_link_id = :leaf_link_id AND revoked_at IS NULL RETURNING link_id;

-- name: revoke_link_in_doubt(id, now)!
UPDATE link SET state = 'revoked', updated_at = :now WHERE id = :id AND state = 'in_doubt';
