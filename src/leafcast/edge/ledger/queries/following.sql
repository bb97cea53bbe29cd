-- name: followed(campaign_id)
-- Every invitation that has a link, with the newest link that Leaf made for it, and what Leaf last showed of both.
SELECT g.external_id, i.round, l.generation, l.leaf_link_id, l.url, l.leaf_user_id, l.expires_at, l.type, l.providers,
       l.state, s.standing, s.expires_at, s.usage_count, s.max_usage, s.last_accessed_at, s.looked_at,
       c.standing, c.providers, c.looked_at, c.connected_at
FROM grower g
JOIN invitation i ON i.grower_id = g.id
JOIN link l ON l.invitation_id = i.id
  AND l.generation = (SELECT MAX(generation) FROM link made WHERE made.invitation_id = i.id AND made.leaf_link_id IS NOT NULL)
LEFT JOIN link_sight s ON s.link_id = l.id
LEFT JOIN connection c ON c.invitation_id = i.id
WHERE g.campaign_id = :campaign_id
ORDER BY g.id, i.round;

-- name: see_link(invitation_id, generation, standing, expires_at, usage_count, max_usage, last_accessed_at, now)$
INSERT INTO link_sight (link_id, standing, expires_at, usage_count, max_usage, last_accessed_at, looked_at)
SELECT id, :standing, :expires_at, :usage_count, :max_usage, :last_accessed_at, :now FROM link
WHERE invitation_id = :invitation_id AND generation = :generation AND leaf_link_id IS NOT NULL
ON CONFLICT (link_id) DO UPDATE SET standing = excluded.standing, expires_at = excluded.expires_at,
  usage_count = excluded.usage_count, max_usage = excluded.max_usage, last_accessed_at = excluded.last_accessed_at,
  looked_at = excluded.looked_at
RETURNING link_id;

-- name: see_connection(invitation_id, standing, providers, connected_at, now)!
INSERT INTO connection (invitation_id, standing, providers, looked_at, connected_at)
VALUES (:invitation_id, :standing, :providers, :now, :connected_at)
ON CONFLICT (invitation_id) DO UPDATE SET standing = excluded.standing, providers = excluded.providers,
  looked_at = excluded.looked_at, connected_at = COALESCE(connected_at, excluded.connected_at);
