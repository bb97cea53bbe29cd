-- name: take_row_over(invitation_id, list_row, name, email, phone, cells, now)!
-- Not where something of the invitation reached the grower, or may have.
UPDATE grower SET list_row = :list_row, name = :name, email = :email, phone = :phone, cells = :cells, updated_at = :now
WHERE id = (SELECT grower_id FROM invitation WHERE id = :invitation_id)
  AND NOT EXISTS (SELECT 1 FROM message WHERE invitation_id = :invitation_id
                  AND state NOT IN ('planned', 'skipped', 'failed', 'refused'));

-- name: connected_waiting(campaign_id)
-- Planned first invitations of growers whom the newest look at Leaf showed connected.
SELECT m.id, g.external_id
FROM connection c
JOIN invitation seen ON seen.id = c.invitation_id AND seen.campaign_id = :campaign_id
JOIN invitation mine ON mine.grower_id = seen.grower_id AND mine.round = 0
JOIN message m ON m.invitation_id = mine.id AND m.state = 'planned'
JOIN grower g ON g.id = seen.grower_id
WHERE c.standing = 'connected'
  AND NOT EXISTS (SELECT 1 FROM invitation later JOIN connection newer ON newer.invitation_id = later.id
                  WHERE later.grower_id = seen.grower_id AND later.round > seen.round)
ORDER BY m.seq;
