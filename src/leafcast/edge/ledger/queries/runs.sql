-- name: insert_ledger(uuid, now)!
-- Give a new ledger its identity.
INSERT INTO ledger (one, uuid, epoch, created_at) VALUES (1, :uuid, 0, :now);

-- name: identity()^
SELECT uuid, epoch FROM ledger;

-- name: next_epoch()$
UPDATE ledger SET epoch = epoch + 1 WHERE one = 1 RETURNING epoch;

-- name: add_campaign(name, now)!
INSERT INTO campaign (name, created_at) VALUES (:name, :now) ON CONFLICT DO NOTHING;

-- name: take_campaign(name, epoch)$
UPDATE campaign SET epoch = :epoch WHERE name = :name RETURNING id;

-- name: campaign_id(name)$
SELECT id FROM campaign WHERE name = :name;

-- name: campaign_names()
SELECT name FROM campaign ORDER BY name;

-- name: list_columns(campaign_id)$
SELECT list_columns FROM campaign WHERE id = :campaign_id;

-- name: set_list_columns(campaign_id, list_columns)!
UPDATE campaign SET list_columns = :list_columns WHERE id = :campaign_id;

-- name: fence(campaign_id, epoch)$
-- Answers 1 as long as no later run took the campaign over.
SELECT 1 FROM campaign WHERE id = :campaign_id AND epoch = :epoch;

-- name: insert_run(id, campaign_id, epoch, command, host, pid, version, now)!
INSERT INTO run (id, campaign_id, epoch, command, host, pid, version, started_at)
VALUES (:id, :campaign_id, :epoch, :command, :host, :pid, :version, :now);

-- name: end_run(id, exit_reason, now)!
UPDATE run SET ended_at = :now, exit_reason = :exit_reason WHERE id = :id AND ended_at IS NULL;

-- name: doubt_attempts_of_messages(campaign_id, epoch, code, reason, now)!
UPDATE attempt SET ended_at = :now, verdict = 'in_doubt', code = :code, reason = :reason
WHERE verdict IS NULL
  AND message_id IN (SELECT id FROM message WHERE campaign_id = :campaign_id AND state = 'sending' AND epoch < :epoch);

-- name: doubt_attempts_of_links(campaign_id, epoch, code, reason, now)!
UPDATE attempt SET ended_at = :now, verdict = 'in_doubt', code = :code, reason = :reason
WHERE verdict IS NULL
  AND link_id IN (SELECT id FROM link WHERE campaign_id = :campaign_id AND state = 'sending' AND epoch < :epoch);

-- name: doubt_messages(campaign_id, epoch, code, reason, now)
UPDATE message SET state = 'in_doubt', error_code = :code, error = :reason, updated_at = :now
WHERE campaign_id = :campaign_id AND state = 'sending' AND epoch < :epoch
RETURNING id;

-- name: doubt_links(campaign_id, epoch, code, reason, now)!
UPDATE link SET state = 'in_doubt', error_code = :code, error = :reason, updated_at = :now
WHERE campaign_id = :campaign_id AND state = 'sending' AND epoch < :epoch;
