-- name: linkless(campaign_id, epoch, again, after, limit)
-- Growers of the list who shall get a link and no message, and have none yet, in list order; with `again` those whose
-- newest link failed. Whether a link that was made is still good is no question here: that is for a later round.
SELECT i.id, i.round, i.cause, g.list_row, g.external_id, g.name, g.email, g.phone, g.cells,
       (SELECT COALESCE(MAX(l.generation), 0) FROM link l WHERE l.invitation_id = i.id)
FROM invitation i JOIN grower g ON g.id = i.grower_id
WHERE i.campaign_id = :campaign_id AND i.round = 0 AND i.id > :after AND (:again OR g.listed_epoch = :epoch)
  AND i.recalled_at IS NULL AND NOT EXISTS (SELECT 1 FROM campaign WHERE id = :campaign_id AND recalled_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM message m WHERE m.invitation_id = i.id)
  AND COALESCE((SELECT l.state FROM link l WHERE l.invitation_id = i.id ORDER BY l.generation DESC LIMIT 1), 'none')
      IN (CASE WHEN :again THEN 'failed' ELSE 'none' END, CASE WHEN :again THEN 'failed' ELSE 'in_doubt' END)
ORDER BY i.id LIMIT :limit;
