-- `rows` is a JSON array with an array for each, so that one statement goes through all of them.

-- name: last_numbers()^
SELECT (SELECT COALESCE(MAX(id), 0) FROM grower), (SELECT COALESCE(MAX(id), 0) FROM invitation);

-- name: insert_growers(campaign_id, rows, epoch, now)!
-- Those who are known stay as they are.
INSERT INTO grower (campaign_id, external_id, list_row, name, email, phone, cells, listed_epoch, created_at, updated_at)
SELECT :campaign_id, r.value ->> 0, r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4, r.value ->> 5, :epoch,
       :now, :now
FROM json_each(:rows) r WHERE true
ON CONFLICT DO NOTHING;

-- name: names_after(last)$
SELECT json_group_array(external_id) FROM grower WHERE id > :last;

-- name: list_growers(campaign_id, names, epoch)!
UPDATE grower SET listed_epoch = :epoch
WHERE campaign_id = :campaign_id AND external_id IN (SELECT value FROM json_each(:names));

-- name: update_grower(id, list_row, name, email, phone, cells, now)!
UPDATE grower SET list_row = :list_row, name = :name, email = :email, phone = :phone, cells = :cells, updated_at = :now
WHERE id = :id;

-- name: insert_invitations(campaign_id, rows, last, epoch, now)!
-- For the growers behind number `last`, in the order of the rows: an invitation's number is its place in the list.
INSERT INTO invitation (campaign_id, grower_id, round, slot, cause, epoch, created_at)
SELECT :campaign_id, g.id, r.value ->> 1, r.value ->> 2, r.value ->> 3, :epoch, :now
FROM json_each(:rows) r
CROSS JOIN grower g ON g.campaign_id = :campaign_id AND g.external_id = r.value ->> 0 AND g.id > :last;

-- name: insert_message(id, campaign_id, invitation_id, channel, to_address, state, error, now)!
INSERT INTO message (id, campaign_id, invitation_id, channel, to_address, state, error, created_at, updated_at)
VALUES (:id, :campaign_id, :invitation_id, :channel, :to_address, :state, :error, :now, :now);

-- name: insert_messages(campaign_id, rows, last, now)!
-- For the invitations behind number `last`.
INSERT INTO message (id, campaign_id, invitation_id, channel, to_address, state, error, created_at, updated_at)
SELECT r.value ->> 2, :campaign_id, i.id, r.value ->> 3, r.value ->> 4, r.value ->> 5, r.value ->> 6, :now, :now
FROM json_each(:rows) r
CROSS JOIN grower g ON g.campaign_id = :campaign_id AND g.external_id = r.value ->> 0
CROSS JOIN invitation i ON i.grower_id = g.id AND i.round = r.value ->> 1 AND i.id > :last;

-- name: known(campaign_id, external_id, round)
-- A grower, the invitation of the round if there is one, and its messages: a line for each, in order of preference.
SELECT g.id, g.name, g.email, g.phone, g.cells, i.id, m.id, m.channel, m.to_address, m.state, m.attempts
FROM grower g
LEFT JOIN invitation i ON i.grower_id = g.id AND i.round = :round
LEFT JOIN message m ON m.invitation_id = i.id
WHERE g.campaign_id = :campaign_id AND g.external_id = :external_id
ORDER BY m.seq;

-- name: skip_message(id, reason, now)!
UPDATE message SET state = 'skipped', not_before = NULL, error_code = '', error = :reason, updated_at = :now WHERE id = :id;

-- name: readdress_message(id, to_address, now)!
UPDATE message SET to_address = :to_address, updated_at = :now WHERE id = :id;

-- name: plan_refused_anew(id, to_address, now)!
-- The row gives another address by now: what the old one refused has its chance there.
UPDATE message SET state = 'planned', to_address = :to_address, error_code = '', error = '', updated_at = :now
WHERE id = :id;

-- name: remove_message(id)!
-- Only one that was never tried: the database refuses any other.
DELETE FROM message WHERE id = :id;

-- name: unlisted(campaign_id, epoch)
-- Growers whom the list of a run does not name.
SELECT external_id FROM grower WHERE campaign_id = :campaign_id AND listed_epoch <> :epoch ORDER BY id;
