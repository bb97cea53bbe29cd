-- name: count_messages(campaign_id)
SELECT channel, state, delivery, COUNT(*) FROM message WHERE campaign_id = :campaign_id GROUP BY channel, state, delivery;

-- name: count_links_made(campaign_id)$
SELECT COUNT(DISTINCT invitation_id) FROM link
WHERE campaign_id = :campaign_id AND made_at IS NOT NULL AND carried_from IS NULL;

-- name: count_links_carried(campaign_id)$
-- Invitations whose link goes along from the round before; one that had to be replaced counts as made.
SELECT COUNT(*) FROM link l WHERE l.campaign_id = :campaign_id AND l.carried_from IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM link made WHERE made.invitation_id = l.invitation_id AND made.made_at IS NOT NULL
                  AND made.carried_from IS NULL);

-- name: count_links_failed(campaign_id)$
-- Invitations whose newest link failed; an older one of them cannot be live, for a live one is retired first.
SELECT COUNT(*) FROM link l WHERE l.campaign_id = :campaign_id AND l.state = 'failed'
  AND NOT EXISTS (SELECT 1 FROM link newer WHERE newer.invitation_id = l.invitation_id AND newer.generation > l.generation)
  AND NOT EXISTS (SELECT 1 FROM link live WHERE live.invitation_id = l.invitation_id AND live.state = 'live');

-- name: count_growers(campaign_id)$
SELECT COUNT(*) FROM grower WHERE campaign_id = :campaign_id;

-- name: count_excluded(campaign_id)$
SELECT COUNT(*) FROM excluded WHERE campaign_id = :campaign_id;

-- name: excluded_rows(campaign_id)
SELECT list_row, reason FROM excluded WHERE campaign_id = :campaign_id ORDER BY list_row, id;

-- name: held_until(campaign_id)$
SELECT MIN(not_before) FROM message WHERE campaign_id = :campaign_id AND state = 'planned' AND not_before IS NOT NULL;

-- name: export_rows(campaign_id)
-- Every message with its grower and the newest link of its invitation, in list order, then by round and channel; one
-- line for an invitation without a message.
SELECT g.external_id, g.name, g.email, g.phone, g.cells, i.round,
       l.type, l.providers, l.leaf_user_id, l.leaf_link_id, l.url, l.expires_at, l.state,
       m.channel, m.to_address, m.state, m.delivery, COALESCE(m.id, ''), COALESCE(m.attempts, 0),
       COALESCE(m.error_code, l.error_code, ''), COALESCE(m.error, l.error, ''), m.not_before,
       COALESCE(m.created_at, i.created_at), COALESCE(m.updated_at, l.updated_at, i.created_at),
       s.standing, c.standing, d.code
FROM grower g
JOIN invitation i ON i.grower_id = g.id
LEFT JOIN message m ON m.invitation_id = i.id
LEFT JOIN link l ON l.invitation_id = i.id
  AND l.generation = (SELECT MAX(generation) FROM link newest WHERE newest.invitation_id = i.id)
LEFT JOIN link_sight s ON s.link_id = l.id
LEFT JOIN connection c ON c.invitation_id = i.id
LEFT JOIN delivery_step d ON d.message_id = m.id AND d.delivery = m.delivery
WHERE g.campaign_id = :campaign_id
ORDER BY g.id, i.round, m.channel;
