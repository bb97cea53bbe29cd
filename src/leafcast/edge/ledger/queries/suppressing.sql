-- name: suppressions()
SELECT channel, address, reason, source, since FROM suppression ORDER BY channel, address;

-- name: insert_suppression(channel, address, reason, source, since, now)^
INSERT INTO suppression (channel, address, reason, source, since, created_at)
VALUES (:channel, :address, :reason, :source, :since, :now)
ON CONFLICT DO NOTHING RETURNING id;

-- name: remove_suppression(channel, address)^
DELETE FROM suppression WHERE channel = :channel AND address = :address RETURNING id;

-- name: suppress_recipient(id, channel, reason, source, now)!
INSERT INTO suppression (channel, address, reason, source, since, created_at)
SELECT channel, lower(to_address), :reason, :source, :now, :now FROM message WHERE id = :id AND channel = :channel
ON CONFLICT DO NOTHING;

-- name: planned_message(id, campaign_id)$
SELECT id FROM message WHERE id = :id AND campaign_id = :campaign_id AND state = 'planned';

-- name: removed_suppressions()$
SELECT times FROM suppressions_removed;

-- name: ledger_state()^
-- Every run raises the epoch; suppressions come and go beside runs.
SELECT uuid, epoch, (SELECT COALESCE(MAX(id), 0) FROM suppression), (SELECT times FROM suppressions_removed) FROM ledger;

-- name: is_suppressed(channel, address)$
SELECT 1 FROM suppression WHERE channel = :channel AND address = :address;

-- name: earlier_of_address(campaign_id, external_id, email, phone)^
-- Whether growers who stood in the list before this one have its email, or its phone.
SELECT COALESCE(MAX(lower(email) = :email), 0), COALESCE(MAX(phone = :phone), 0) FROM grower
WHERE campaign_id = :campaign_id
  AND id < (SELECT id FROM grower WHERE campaign_id = :campaign_id AND external_id = :external_id);
