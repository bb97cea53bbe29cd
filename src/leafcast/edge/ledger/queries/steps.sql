-- name: steps(campaign_id, column, scan)
-- Growers by a list column (NULL: all of them), counted for every step that they reached in any round. A link that was
-- opened within `scan` seconds of a message, and not later, was opened by a mail scanner.
WITH said AS (
  SELECT i.grower_id,
         MAX(m.state = 'accepted') AS accepted,
         MAX(m.delivery <> 'unknown') AS heard,
         MAX(m.delivery IN ('delivered', 'opened', 'unsubscribed', 'complained')) AS delivered,
         MAX(m.delivery = 'opened') AS opened,
         MAX(m.delivery IN ('bounced', 'undelivered', 'dropped')) AS bounced,
         MAX(m.state IN ('planned', 'sending')) AS pending,
         MAX(m.state = 'in_doubt') AS in_doubt,
         MAX(m.state = 'failed') AS failed,
         MAX(m.state = 'refused') AS refused,
         MIN(m.state IN ('skipped', 'cancelled')) AS left_out
  FROM message m JOIN invitation i ON i.id = m.invitation_id
  WHERE m.campaign_id = :campaign_id GROUP BY i.grower_id
), made AS (
  SELECT l.grower_id,
         MAX(CASE WHEN COALESCE(s.usage_count, 0) = 0 THEN 0
                  WHEN EXISTS (SELECT 1 FROM message m
                               WHERE m.invitation_id = l.invitation_id AND m.state = 'accepted'
                                 AND unixepoch(s.last_accessed_at) - unixepoch(m.intent_at) BETWEEN 0 AND :scan)
                  THEN 1 ELSE 2 END) AS touched
  FROM link l LEFT JOIN link_sight s ON s.link_id = l.id
  WHERE l.campaign_id = :campaign_id AND l.made_at IS NOT NULL GROUP BY l.grower_id
), seen AS (
  SELECT i.grower_id, MAX(c.standing = 'connected') AS connected, MAX(c.standing = 'broken') AS broken
  FROM connection c JOIN invitation i ON i.id = c.invitation_id
  WHERE i.campaign_id = :campaign_id GROUP BY i.grower_id
)
SELECT COALESCE((SELECT value FROM json_each(g.cells) WHERE key = :column), '') AS told,
       COUNT(*), COUNT(made.grower_id), TOTAL(accepted), TOTAL(heard), TOTAL(delivered),
       TOTAL(touched = 2 OR opened), TOTAL(touched = 1 AND COALESCE(opened, 0) = 0),
       COUNT(seen.grower_id), TOTAL(connected), TOTAL(broken AND NOT connected),
       TOTAL(bounced AND NOT delivered), TOTAL(pending), TOTAL(in_doubt), TOTAL(failed), TOTAL(refused), TOTAL(left_out)
FROM grower g LEFT JOIN said ON said.grower_id = g.id LEFT JOIN made ON made.grower_id = g.id
LEFT JOIN seen ON seen.grower_id = g.id
WHERE g.campaign_id = :campaign_id
GROUP BY told ORDER BY COUNT(*) DESC, told;

-- name: to_call(campaign_id, scan)
-- Growers with a phone number of whom Leaf does not say that they are connected, in list order.
SELECT g.external_id, g.name, g.phone, COUNT(DISTINCT i.id), MAX(CASE WHEN m.state = 'accepted' THEN m.intent_at END), GROUP_CONCAT(DISTINCT m.state),
       GROUP_CONCAT(DISTINCT m.delivery),
       MAX(m.delivery = 'opened'
           OR (s.usage_count > 0
               AND NOT EXISTS (SELECT 1 FROM message n WHERE n.invitation_id = i.id AND n.state = 'accepted'
                               AND unixepoch(s.last_accessed_at) - unixepoch(n.intent_at) BETWEEN 0 AND :scan))),
       MAX(c.standing = 'broken'), MAX(c.standing)
FROM grower g JOIN invitation i ON i.grower_id = g.id LEFT JOIN message m ON m.invitation_id = i.id
LEFT JOIN link l ON l.invitation_id = i.id
  AND l.generation = (SELECT MAX(generation) FROM link newest WHERE newest.invitation_id = i.id)
LEFT JOIN link_sight s ON s.link_id = l.id
LEFT JOIN connection c ON c.invitation_id = i.id
WHERE g.campaign_id = :campaign_id AND g.phone <> ''
  AND NOT EXISTS (SELECT 1 FROM connection held JOIN invitation j ON j.id = held.invitation_id
                  WHERE j.grower_id = g.id AND held.standing = 'connected')
GROUP BY g.id ORDER BY g.id;
