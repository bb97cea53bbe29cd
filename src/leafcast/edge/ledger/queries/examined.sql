-- name: note_examined(campaign_id, epoch, fingerprint)!
UPDATE campaign SET examined = :fingerprint, examined_epoch = :epoch,
                    examined_removals = (SELECT times FROM suppressions_removed)
WHERE id = :campaign_id;

-- name: forget_examined(campaign_id)!
UPDATE campaign SET examined = NULL WHERE id = :campaign_id AND examined IS NOT NULL;

-- name: examined_epoch(campaign_id, fingerprint)$
-- The run that planned from exactly this, as long as its plan holds: no address was taken off the suppressions, and none
-- of those that are still to be written to came on.
SELECT examined_epoch FROM campaign c
WHERE c.id = :campaign_id AND c.examined = :fingerprint
  AND c.examined_removals = (SELECT times FROM suppressions_removed)
  AND NOT EXISTS (SELECT 1 FROM suppression s JOIN message m ON m.channel = s.channel AND lower(m.to_address) = s.address
                  WHERE m.campaign_id = c.id AND m.state = 'planned');

-- name: listed_grower(campaign_id, epoch, external_id)$
SELECT 1 FROM grower WHERE campaign_id = :campaign_id AND listed_epoch = :epoch AND external_id = :external_id;
