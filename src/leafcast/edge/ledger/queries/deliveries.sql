-- name: taken(campaign_id, channel)
-- Every accepted message of a channel, in the order in which they left.
SELECT id, COALESCE(provider_id, ''), to_address, intent_at, COALESCE(delivery, 'unknown') FROM message
WHERE campaign_id = :campaign_id AND channel = :channel AND state = 'accepted' AND to_address IS NOT NULL
ORDER BY intent_at, seq;

-- name: see_delivery(id, campaign_id, delivery, now)$
-- Answers only where it goes forward.
UPDATE message SET delivery = :delivery, updated_at = :now
WHERE id = :id AND campaign_id = :campaign_id AND state = 'accepted'
  AND (SELECT rank FROM delivery_rank WHERE delivery = :delivery)
    > (SELECT rank FROM delivery_rank WHERE delivery = COALESCE(message.delivery, 'unknown'))
RETURNING id;

-- name: insert_delivery_step(message_id, delivery, code, at, now)!
INSERT INTO delivery_step (message_id, delivery, code, at, seen_at) VALUES (:message_id, :delivery, :code, :at, :now)
ON CONFLICT DO NOTHING;

-- name: watermark(campaign_id, source)$
SELECT upto FROM watermark WHERE campaign_id = :campaign_id AND source = :source;

-- name: raise_watermark(campaign_id, source, upto)!
INSERT INTO watermark (campaign_id, source, upto) VALUES (:campaign_id, :source, :upto)
ON CONFLICT (campaign_id, source) DO UPDATE SET upto = MAX(upto, excluded.upto);
