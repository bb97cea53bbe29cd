-- name: due_invitations(campaign_id, scope, epoch, now, after, limit, channel)
-- The next invitations of the scope with a planned message that may go now, in list order, with the number of links
-- that were asked for.
SELECT DISTINCT i.id, i.round, i.cause, g.list_row, g.external_id, g.name, g.email, g.phone, g.cells,
       (SELECT COALESCE(MAX(l.generation), 0) FROM link l WHERE l.invitation_id = i.id)
FROM message m JOIN invitation i ON i.id = m.invitation_id JOIN grower g ON g.id = i.grower_id
WHERE m.campaign_id = :campaign_id AND m.state = 'planned' AND m.invitation_id > :after
  AND (m.not_before IS NULL OR m.not_before <= :now) AND (:channel IS NULL OR m.channel = :channel)
  AND ((:scope = 'listed' AND g.listed_epoch = :epoch AND i.round = 0)
       OR (:scope = 'reinvited' AND g.listed_epoch = :epoch AND i.round > 0)
       OR (:scope = 'reopened' AND m.reopened_epoch = :epoch))
  AND i.recalled_at IS NULL AND NOT EXISTS (SELECT 1 FROM campaign WHERE id = :campaign_id AND recalled_at IS NOT NULL)
ORDER BY m.invitation_id LIMIT :limit;

-- name: due_invitations_of(campaign_id, external_id, scope, epoch, now, after, channel)
-- The same for one grower.
SELECT DISTINCT i.id, i.round, i.cause, g.list_row, g.external_id, g.name, g.email, g.phone, g.cells,
       (SELECT COALESCE(MAX(l.generation), 0) FROM link l WHERE l.invitation_id = i.id)
FROM grower g JOIN invitation i ON i.grower_id = g.id JOIN message m ON m.invitation_id = i.id
WHERE g.campaign_id = :campaign_id AND g.external_id = :external_id AND m.state = 'planned' AND i.id > :after
  AND (m.not_before IS NULL OR m.not_before <= :now) AND (:channel IS NULL OR m.channel = :channel)
  AND ((:scope = 'listed' AND g.listed_epoch = :epoch AND i.round = 0)
       OR (:scope = 'reinvited' AND g.listed_epoch = :epoch AND i.round > 0)
       OR (:scope = 'reopened' AND m.reopened_epoch = :epoch))
  AND i.recalled_at IS NULL AND NOT EXISTS (SELECT 1 FROM campaign WHERE id = :campaign_id AND recalled_at IS NOT NULL)
ORDER BY i.id;

-- name: due_counts(campaign_id, scope, epoch, now, only, limit)
-- How much of the scope is planned, for the growers of the JSON list `only` or (NULL) for all, and of what may go now no
-- more than `limit` invitations (-1: all): (channel, messages, nothing) for each channel, and the same for `growers`,
-- for `linkless` growers, and for what is `held` together with the moment until which the first of it is. Counted here,
-- as 100,000 rows would take Python a second.
WITH due AS MATERIALIZED (
    SELECT m.invitation_id, i.grower_id, m.channel, CASE WHEN m.not_before > :now THEN m.not_before END AS held
    FROM message m JOIN invitation i ON i.id = m.invitation_id JOIN grower g ON g.id = i.grower_id
    WHERE m.campaign_id = :campaign_id AND m.state = 'planned'
      AND ((:scope = 'listed' AND g.listed_epoch = :epoch AND i.round = 0)
           OR (:scope = 'reinvited' AND g.listed_epoch = :epoch AND i.round > 0)
           OR (:scope = 'reopened' AND m.reopened_epoch = :epoch))
      AND (:only IS NULL OR g.external_id IN (SELECT value FROM json_each(:only)))
      AND i.recalled_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM campaign WHERE id = :campaign_id AND recalled_at IS NOT NULL)
),
going AS MATERIALIZED (
    SELECT DISTINCT invitation_id, grower_id FROM due WHERE held IS NULL ORDER BY invitation_id LIMIT :limit
)
SELECT channel, COUNT(*), NULL FROM due
WHERE held IS NULL AND (:limit < 0 OR invitation_id IN (SELECT invitation_id FROM going))
GROUP BY channel
UNION ALL
SELECT 'growers', COUNT(DISTINCT grower_id), NULL FROM going
UNION ALL
SELECT 'linkless', COUNT(DISTINCT grower_id), NULL FROM going
WHERE NOT EXISTS (SELECT 1 FROM link l WHERE l.invitation_id = going.invitation_id AND l.state = 'live')
UNION ALL
SELECT 'held', COUNT(*), MIN(held) FROM due WHERE held IS NOT NULL;

-- name: messages_of(invitation_id)
SELECT id, channel, to_address, attempts, state, not_before, reopened_epoch FROM message
WHERE invitation_id = :invitation_id ORDER BY seq;

-- name: live_link_of(invitation_id)^
SELECT leaf_link_id, url, leaf_user_id, expires_at, type, providers FROM link
WHERE invitation_id = :invitation_id AND state = 'live';
