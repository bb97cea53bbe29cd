"""What Leaf's answers mean (docs.withleaf.io and its Postman collection, read 2026-11: JHipster problems, any field of
which may be missing)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts.common import Ruling, by_status, no_answer, ruled
from leafcast.model import Outcome, Verdict

_KEYS = "check LEAF_TOKEN, or LEAF_USERNAME and LEAF_PASSWORD"

STATUSES: Mapping[int, Ruling] = {
    400: Ruling(Verdict.FAILED, "Leaf did not accept this row's data; check its link settings and providers"),
    401: Ruling(Verdict.STOP, f"Leaf does not accept the credentials; {_KEYS}"),
    403: Ruling(Verdict.STOP, "this Leaf account may not do this; ask Leaf for the permission"),
    404: Ruling(Verdict.FAILED, "Leaf does not know this; check leafUserId, which must be a user of this Leaf account"),
    405: Ruling(Verdict.STOP, "this is not Leaf's address; check LEAF_API_URL"),
    409: Ruling(Verdict.FAILED, "Leaf has something else under this externalId"),
    413: Ruling(Verdict.FAILED, "Leaf finds the request too large; shorten the brand settings"),
    422: Ruling(Verdict.FAILED, "Leaf cannot use this row's data; check its link settings and providers"),
}
PROVIDER_APP = Ruling(
    Verdict.STOP, "the provider application is not registered with Leaf; register it first, then run again"
)
MADE = Ruling(Verdict.ACCEPTED, "")
UNUSABLE = Ruling(
    Verdict.IN_DOUBT, "Leaf said that the link is made, but its answer cannot be used; the link may exist"
)

_NO_APP = re.compile(
    r"app(lication)?[\s_.-]*(info|client|credentials?|keys?)?[\s_.-]*(is|are|was|has|have|been|yet|\s)*"
    r"(not|missing|no)[\s_.-]*(registered|found|set|configured|available)?|(no|missing)\s+(provider\s+)?app",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def leaf_verdict(reply: Reply) -> Outcome:
    """What a reply to one request means. A 2xx with a whole body is accepted here; whether the body can be believed
    is judged by whoever reads it."""
    if not isinstance(reply, Answer):
        return no_answer(reply)
    if reply.ok:
        return ruled(MADE, "") if reply.body_complete else ruled(UNUSABLE, "unusable-answer")
    outcome = by_status(reply, STATUSES)
    if reply.status not in (400, 404, 409, 422):
        return outcome
    problem = reply.json()
    return outcome if not isinstance(problem, dict) else _explained(outcome, problem)


def _explained(outcome: Outcome, problem: Mapping[str, Any]) -> Outcome:
    """The same with what Leaf's problem adds: an application that is missing is missing for every row. Leaf documents
    that such requests fail, but not with which words, so the words are searched; where they are others, the run stops
    because every row gets the same refusal."""
    key = problem.get("errorKey")
    words = " ".join(str(problem.get(name) or "") for name in ("errorKey", "message", "title", "detail"))
    if _NO_APP.search(words):
        return ruled(PROVIDER_APP, "provider-application")
    if isinstance(key, str) and _TOKEN.fullmatch(key):
        return Outcome(outcome.verdict, f"{outcome.code} {key}", outcome.reason)
    return outcome
