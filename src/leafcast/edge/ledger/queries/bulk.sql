-- What a run writes most, many at once: `rows` is a JSON array with an array for each. SQLite works through them without
-- coming back to Python, so that the thread that sends keeps the interpreter. The rows must drive each statement: a plus
-- before a column keeps SQLite from going through what is being sent instead, and through all rows for each of that.

-- name: places_for_links(campaign_id, rows)$
-- Of (externalId, round) each: its place in `rows`, the invitation, and whether another link may stand in the way.
SELECT json_group_array(json_array(r.key, i.id,
       EXISTS (SELECT 1 FROM link WHERE invitation_id = i.id)
       OR EXISTS (SELECT 1 FROM link WHERE grower_id = g.id AND state IN ('sending', 'live'))))
FROM json_each(:rows) r
CROSS JOIN grower g ON g.campaign_id = :campaign_id AND g.external_id = r.value ->> 0
CROSS JOIN invitation i ON i.grower_id = g.id AND i.round = r.value ->> 1;

-- name: insert_links(campaign_id, rows, epoch, now)!
INSERT INTO link (campaign_id, grower_id, invitation_id, generation, state, type, providers, expires_in, leaf_user_id,
                  epoch, intent_at, created_at, updated_at)
SELECT :campaign_id, i.grower_id, i.id, r.value ->> 1, 'sending', r.value ->> 2, r.value ->> 3, r.value ->> 4,
       r.value ->> 5, :epoch, :now, :now, :now
FROM json_each(:rows) r CROSS JOIN invitation i ON i.id = r.value ->> 0;

-- name: insert_attempts_at_links(rows, epoch, now)!
INSERT INTO attempt (link_id, number, epoch, started_at)
SELECT l.id, 1, :epoch, :now
FROM json_each(:rows) r CROSS JOIN link l ON l.invitation_id = r.value ->> 0 AND l.generation = r.value ->> 1;

-- name: links_asked_for(campaign_id, rows)$
-- Of (externalId, round, generation) each: its place in `rows`, and the link that is being asked for.
SELECT json_group_array(json_array(r.key, l.id))
FROM json_each(:rows) r
CROSS JOIN grower g ON g.campaign_id = :campaign_id AND g.external_id = r.value ->> 0
CROSS JOIN invitation i ON i.grower_id = g.id AND i.round = r.value ->> 1
CROSS JOIN link l ON l.invitation_id = i.id AND l.generation = r.value ->> 2 AND l.state = 'sending';

-- name: links_made(rows, now)!
UPDATE link SET state = 'live', leaf_link_id = r.value ->> 1, url = r.value ->> 2, leaf_user_id = r.value ->> 3,
                expires_at = r.value ->> 4, type = r.value ->> 5, providers = r.value ->> 6, made_at = :now,
                error_code = '', error = '', updated_at = :now
FROM json_each(:rows) r WHERE link.id = r.value ->> 0 AND +link.state = 'sending';

-- name: end_attempts_at_links(rows, verdict, now)!
UPDATE attempt SET ended_at = :now, verdict = :verdict, code = r.value ->> 7, reason = r.value ->> 8
FROM json_each(:rows) r WHERE attempt.link_id = r.value ->> 0 AND attempt.verdict IS NULL;

-- name: begin_messages(campaign_id, rows, epoch, now)!
UPDATE message SET state = 'sending', attempts = attempts + 1, epoch = :epoch, link_generation = r.value ->> 1,
                   intent_at = :now, not_before = NULL, error_code = '', error = '', updated_at = :now
FROM json_each(:rows) r WHERE message.id = r.value ->> 0 AND message.campaign_id = :campaign_id;

-- name: insert_attempts_at_messages(rows, epoch, now)!
INSERT INTO attempt (message_id, number, epoch, started_at)
SELECT m.id, m.attempts, :epoch, :now FROM json_each(:rows) r CROSS JOIN message m ON m.id = r.value ->> 0;

-- name: accept_messages(campaign_id, rows, now)!
UPDATE message SET state = 'accepted', delivery = COALESCE(delivery, 'unknown'), accepted_at = :now,
                   provider_id = COALESCE(r.value ->> 1, provider_id), error_code = '', error = '', updated_at = :now
FROM json_each(:rows) r
WHERE message.id = r.value ->> 0 AND +message.campaign_id = :campaign_id AND +message.state = 'sending';

-- name: end_attempts_at_messages(rows, verdict, now)!
UPDATE attempt SET ended_at = :now, verdict = :verdict, code = r.value ->> 2, reason = r.value ->> 3,
                   provider_id = r.value ->> 1
FROM json_each(:rows) r WHERE attempt.message_id = r.value ->> 0 AND attempt.verdict IS NULL;
