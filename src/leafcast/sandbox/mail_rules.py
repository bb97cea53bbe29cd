"""What SendGrid demands of a `POST /v3/mail/send` body.

Source: the OpenAPI description `tsg_mail_v3` of 2026-01 and the pages on limitations and errors of mail/send, 2026-07.
Stricter than SendGrid in one way: a top-level field that nobody knows is refused, so that a misspelt one shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from leafcast.sandbox.exchange import Answer, json_answer

MOST_RECIPIENTS = 1_000
MOST_PERSONALIZATIONS = 1_000
MOST_CUSTOM_ARGS = 10_000
MOST_CATEGORIES = 10
LONGEST_CATEGORY = 255
MOST_BYTES = 30 * 1024 * 1024
FARTHEST_SEND_AT = 72 * 3600
MOST_GROUPS = 25
POOL_NAME = (2, 64)
RESERVED_HEADERS = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"}
    | {"to", "from", "subject", "reply-to", "cc", "bcc"}
)
_TOP = frozenset(
    {"personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments", "template_id"}
    | {"headers", "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name"}
    | {"mail_settings", "tracking_settings"}
)
_PERSONAL = frozenset(
    (
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "headers",
        "substitutions",
        "dynamic_template_data",
        "custom_args",
        "send_at",
    )
)
_EMAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[A-Za-z0-9-]{2,}")

Fault = tuple[str | None, str]
"""The field, None for the whole, and what is wrong with it."""


def refusal(status: int, *faults: Fault) -> Answer:
    """An error as SendGrid writes it."""
    errors = [{"message": message, "field": field, "help": None} for field, message in faults]
    return json_answer({"errors": errors}, status)


def mail_faults(body: dict[str, Any], now: float) -> list[Fault]:
    """Everything that is wrong with a mail."""
    return [
        *((name, "Unrecognized field") for name in body if name not in _TOP),
        *_sender(body),
        *_personalizations(body, now),
        *_content(body),
        *_reply(body),
        *_headers(body, "headers"),
        *_custom_args(body),
        *_extras(body, now),
        *_switches(body),
    ]


def is_address(value: object) -> bool:
    """Whether SendGrid would take it for an email address."""
    return isinstance(value, str) and _EMAIL.fullmatch(value) is not None


# -------------------------------------------------------------------------------------------------------- addressing


def _sender(body: dict[str, Any]) -> Iterator[Fault]:
    sender = body.get("from")
    if not isinstance(sender, dict):
        yield (
            "from",
            "The from object must be provided for every email send. It is an object that requires the email parameter.",
        )
    elif not is_address(sender.get("email")):
        yield "from.email", "The from email does not contain a valid address."


def _personalizations(body: dict[str, Any], now: float) -> Iterator[Fault]:
    given = body.get("personalizations")
    if not isinstance(given, list) or not given:
        yield "personalizations", "The personalizations field is required and must have at least one personalization."
        return
    if len(given) > MOST_PERSONALIZATIONS:
        yield "personalizations", "There may be at most 1000 personalizations in a request."
    seen: set[str] = set()
    for index, item in enumerate(given):
        place = f"personalizations.{index}"
        if not isinstance(item, dict):
            yield place, "A personalization must be an object."
            continue
        yield from ((f"{place}.{name}", "Unrecognized field") for name in item if name not in _PERSONAL)
        if not item.get("to"):
            yield (
                f"{place}.to",
                "The to array is required for all personalization objects, and must have at least one email object.",
            )
        for field in ("to", "cc", "bcc"):
            yield from _recipients(item.get(field) or [], f"{place}.{field}", seen)
        yield from _headers(item, f"{place}.headers")
        yield from _send_at(item, f"{place}.send_at", now)
    if len(seen) > MOST_RECIPIENTS:
        yield "personalizations", "There may be at most 1000 recipients in a request."


def _recipients(given: Any, place: str, seen: set[str]) -> Iterator[Fault]:
    if not isinstance(given, list):
        yield place, "Must be an array of objects."
        return
    for index, entry in enumerate(given):
        if not isinstance(entry, dict) or not is_address(entry.get("email")):
            yield f"{place}.{index}.email", "Does not contain a valid address."
            continue
        name = entry.get("name", "")
        if not isinstance(name, str) or "," in name or ";" in name:
            yield f"{place}.{index}.name", "The name must be a string without commas and semicolons."
        address = entry["email"].lower()
        if address in seen:
            yield place, "Each unique email address in the personalizations array should only be included once."
        seen.add(address)


def _reply(body: dict[str, Any]) -> Iterator[Fault]:
    if "reply_to" in body and "reply_to_list" in body:
        yield "reply_to", "Use either reply_to or reply_to_list, not both."
    if "reply_to" in body and not (isinstance(body["reply_to"], dict) and is_address(body["reply_to"].get("email"))):
        yield "reply_to.email", "The reply_to email does not contain a valid address."
    several = body.get("reply_to_list", [])
    addresses = (
        [entry.get("email") for entry in several if isinstance(entry, dict)] if isinstance(several, list) else []
    )
    if not isinstance(several, list) or not all(is_address(address) for address in addresses):
        yield "reply_to_list", "Must be an array of objects with a valid email."
    elif len(set(addresses)) != len(several) or len(several) > MOST_RECIPIENTS:
        yield "reply_to_list", "The addresses must be unique, and 1000 at most."


# ----------------------------------------------------------------------------------------------------------- content


def _content(body: dict[str, Any]) -> Iterator[Fault]:
    templated = isinstance(body.get("template_id"), str)
    subject = body.get("subject")
    if subject is not None and not (isinstance(subject, str) and subject):
        yield "subject", "The subject must be a string of at least one character."
    parts = body.get("personalizations")
    own = isinstance(parts, list) and parts and all(isinstance(part, dict) and part.get("subject") for part in parts)
    if subject is None and not templated and not own:
        yield "subject", "The subject is required. You can get around this requirement if you use a template."
    content = body.get("content")
    if content is None and templated:
        return
    if not isinstance(content, list) or not content:
        yield (
            "content",
            "Unless a template_id is provided, the content parameter is required with at least one content block.",
        )
        return
    types: list[str] = []
    for index, part in enumerate(content):
        kind, value = (part.get("type"), part.get("value")) if isinstance(part, dict) else (None, None)
        if not isinstance(kind, str) or not kind:
            yield f"content.{index}.type", "The content type is required."
        if not isinstance(value, str) or not value:
            yield f"content.{index}.value", "The content value must be a string at least one character in length."
        types.append(str(kind))
    ranked = [kind for kind in types if kind in ("text/plain", "text/html")]
    if ranked != sorted(set(ranked), reverse=True):
        yield (
            "content",
            "If present, text/plain and text/html may only be provided once, text/plain first and text/html next.",
        )


def _headers(holder: dict[str, Any], place: str) -> Iterator[Fault]:
    headers = holder.get("headers", {})
    if not isinstance(headers, dict):
        yield place, "Must be an object of strings."
        return
    for name, value in headers.items():
        if name.lower() in RESERVED_HEADERS:
            yield f"{place}.{name}", "You may not set this header."
        elif not isinstance(value, str):
            yield f"{place}.{name}", "Must be a string."


def _custom_args(body: dict[str, Any]) -> Iterator[Fault]:
    parts = body.get("personalizations")
    personal = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    holders = [
        ("custom_args", body),
        *((f"personalizations.{index}.custom_args", p) for index, p in enumerate(personal)),
    ]
    for place, holder in holders:
        args = holder.get("custom_args", {})
        if not isinstance(args, dict) or not all(isinstance(value, str) for value in args.values()):
            yield place, "Must be an object of strings."
        elif len(json.dumps(args, ensure_ascii=False).encode()) > MOST_CUSTOM_ARGS:
            yield place, "The custom_args may not exceed 10,000 bytes."


# ------------------------------------------------------------------------------------------------------------ extras


def _extras(body: dict[str, Any], now: float) -> Iterator[Fault]:
    categories = body.get("categories", [])
    if not isinstance(categories, list) or not all(isinstance(name, str) for name in categories):
        yield "categories", "Must be an array of strings."
    elif len(categories) > MOST_CATEGORIES or len(set(categories)) != len(categories):
        yield "categories", "There may be at most 10 categories, each of them once."
    elif any(len(name) > LONGEST_CATEGORY for name in categories):
        yield "categories", "A category may have at most 255 characters."
    pool = body.get("ip_pool_name")
    if pool is not None and not (isinstance(pool, str) and POOL_NAME[0] <= len(pool) <= POOL_NAME[1]):
        yield "ip_pool_name", "Must be a string of 2 to 64 characters."
    asm = body.get("asm")
    if asm is not None and not (isinstance(asm, dict) and _is_int(asm.get("group_id"))):
        yield "asm.group_id", "The group_id is required and must be an integer."
    elif asm is not None and len(asm.get("groups_to_display", ())) > MOST_GROUPS:
        yield "asm.groups_to_display", "There may be at most 25 groups."
    for index, file in enumerate(body.get("attachments", ())):
        if not isinstance(file, dict) or not file.get("content") or not file.get("filename"):
            yield f"attachments.{index}", "The content and the filename are required."
    yield from _send_at(body, "send_at", now)


def _send_at(holder: dict[str, Any], place: str, now: float) -> Iterator[Fault]:
    at = holder.get("send_at")
    if at is None:
        return
    if not _is_int(at):
        yield place, "Must be a unix timestamp."
    elif at > now + FARTHEST_SEND_AT:
        yield place, "Scheduling more than 72 hours in advance is forbidden."


def _switches(body: dict[str, Any]) -> Iterator[Fault]:
    """Settings whose switches must be true booleans; a quoted one is an error."""
    for group in ("mail_settings", "tracking_settings"):
        settings = body.get(group, {})
        if not isinstance(settings, dict):
            yield group, "Must be an object."
            continue
        for name, setting in settings.items():
            if not isinstance(setting, dict):
                yield f"{group}.{name}", "Must be an object."
                continue
            for switch in ("enable", "enable_text"):
                if switch in setting and not isinstance(setting[switch], bool):
                    yield f"{group}.{name}.{switch}", "Must be a boolean."


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
