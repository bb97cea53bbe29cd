"""The one Starlette application: every path of the sandbox, the busiest ones first."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from leafcast.sandbox.application import Application
from leafcast.sandbox.control import Control, sensible
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Handler
from leafcast.sandbox.inbox import Inbox
from leafcast.sandbox.leaf import Leaf, api_path, typed
from leafcast.sandbox.leaf_rules import problem
from leafcast.sandbox.leaf_users import LeafUsers
from leafcast.sandbox.magic import Magic
from leafcast.sandbox.mail_rules import refusal as mail_refusal
from leafcast.sandbox.operation import Operation, Plain
from leafcast.sandbox.sendgrid import SendGrid
from leafcast.sandbox.sendgrid_lists import SendGridLists
from leafcast.sandbox.twilio import Twilio
from leafcast.sandbox.twilio import refusal as text_refusal

Made = Callable[[str, str, str, Handler], Route]
"""Method, path, name of the operation, handler -> route."""


def build(desk: Desk) -> Starlette:
    """The application of one sandbox."""
    desk.wires.refuse = desk.faults.refuses_connection
    return Starlette(
        routes=[
            Mount("/leaf", routes=_leaf(desk)),
            Mount("/sendgrid", routes=_sendgrid(desk)),
            Mount("/twilio", routes=_twilio(desk)),
            Mount("/app", routes=_application(desk)),
            Mount("/control", routes=_control(desk)),
            *_pages(desk),
        ]
    )


def _service(desk: Desk, service: str, guard: Callable[[Handler], Handler]) -> Made:
    def made(method: str, path: str, name: str, handle: Handler) -> Route:
        return Route(path, Operation(desk, service, name, guard(handle)), methods=[method])

    return made


def _unknown(desk: Desk, service: str, handle: Handler) -> Route:
    """Whatever else is asked of a service; noted too, since a client that gets here is wrong."""
    return Route("/{rest:path}", Operation(desk, service, "unknown", handle))


def _leaf(desk: Desk) -> list[BaseRoute]:
    leaf, users = Leaf(desk), LeafUsers(desk)
    made = _service(desk, "leaf", leaf.guarded)
    links = "/services/widgets/api/magic-link"
    people = "/services/usermanagement/api/users"
    return [
        made("POST", links + "/{type}", "links.create", typed(leaf.create_link)),
        made("POST", links + "/users/{user}/{type}", "links.create", typed(leaf.create_link)),
        Route("/api/authenticate", Operation(desk, "leaf", "authenticate", leaf.authenticate), methods=["POST"]),
        made("GET", links + "/{type}", "links.list", typed(leaf.list_links)),
        made("GET", links + "/{type}/{id}", "links.get", typed(leaf.get_link)),
        made("DELETE", links + "/{type}/{id}", "links.delete", typed(leaf.delete_link)),
        made("GET", people, "users.list", users.list_users),
        made("POST", people, "users.create", users.create_user),
        made("PUT", people, "users.put", users.put_user),
        made("GET", people + "/{user}", "users.get", users.get_user),
        made("PATCH", people + "/{user}", "users.patch", users.patch_user),
        made("GET", people + "/{user}/{credentials}", "users.credentials", users.get_credentials),
        made("GET", people + "/{user}/{credentials}/events", "users.events", users.list_events),
        _unknown(desk, "leaf", _no_leaf_path),
    ]


def _sendgrid(desk: Desk) -> list[BaseRoute]:
    mail, lists = SendGrid(desk), SendGridLists(desk)
    made = _service(desk, "sendgrid", mail.guarded)
    sending = mail.guarded(mail.send, "mail.send")
    return [
        Route("/v3/mail/send", Operation(desk, "sendgrid", "send", sending), methods=["POST"]),
        made("POST", "/v3/logs", "logs.search", mail.readable(lists.search_logs, "messages.read")),
        made("GET", "/v3/logs/{id}", "logs.get", mail.readable(lists.get_log, "messages.read")),
        made("GET", "/v3/scopes", "scopes", mail.scopes),
        made("GET", "/v3/verified_senders", "senders", mail.verified_senders),
        made("GET", "/v3/whitelabel/domains", "domains", mail.domains),
        made("GET", "/v3/tracking_settings", "tracking", mail.tracking),
        made("GET", "/v3/tracking_settings/click", "tracking", mail.click_tracking),
        made(
            "GET",
            "/v3/suppression/{list}",
            "suppressions.list",
            mail.readable(lists.list_suppressed, "suppression.read"),
        ),
        made(
            "GET",
            "/v3/suppression/{list}/{email}",
            "suppressions.get",
            mail.readable(lists.get_suppressed, "suppression.read"),
        ),
        made("GET", "/v3/asm/suppressions/global/{email}", "suppressions.get", lists.get_global),
        made("GET", "/v3/asm/groups/{group:int}/suppressions", "suppressions.list", lists.list_group),
        made("POST", "/v3/asm/groups/{group:int}/suppressions/search", "suppressions.list", lists.search_group),
        _unknown(desk, "sendgrid", _no_mail_path),
    ]


def _twilio(desk: Desk) -> list[BaseRoute]:
    texts = Twilio(desk)
    made = _service(desk, "twilio", texts.guarded)
    account = "/2010-04-01/Accounts/{account}"
    return [
        made("POST", account + "/Messages.json", "send", texts.send),
        made("GET", account + "/Messages.json", "list", texts.list_messages),
        made("GET", account + "/Messages/{sid}.json", "get", texts.get_message),
        made("POST", account + "/Messages/{sid}.json", "update", texts.update_message),
        made("GET", account + "/IncomingPhoneNumbers.json", "numbers", texts.numbers),
        made("GET", account + ".json", "account", texts.account),
        made("GET", "/v1/Services/{sid}", "service", texts.service),
        _unknown(desk, "twilio", _no_text_path),
    ]


def _application(desk: Desk) -> list[BaseRoute]:
    application = Application(desk)
    return [
        Route("/links", Operation(desk, "webhook", "send", application.take), methods=["POST"]),
        _unknown(desk, "webhook", lambda _call: Answer(404)),
    ]


def _control(desk: Desk) -> list[BaseRoute]:
    control = Control(desk)
    looking = {
        "state": control.state,
        "snapshot": control.snapshot,
        "requests": control.requests,
        "faults": control.list_faults,
    }
    moving = {
        "faults": control.set_faults,
        "clock": control.clock,
        "reset": control.reset,
        "users": control.users,
        "connect": control.connect,
        "disconnect": control.disconnect,
        "click": control.click,
        "suppress": control.suppress,
        "stop": control.stop,
    }
    return [
        *(Route(f"/{name}", Plain(sensible(handle)), methods=["GET"]) for name, handle in looking.items()),
        *(Route(f"/{name}", Plain(sensible(handle)), methods=["POST"]) for name, handle in moving.items()),
    ]


def _pages(desk: Desk) -> list[BaseRoute]:
    inbox, magic = Inbox(desk), Magic(desk)
    return [
        Route("/", Plain(inbox.page), methods=["GET"]),
        Route("/inbox/rows", Plain(inbox.rows), methods=["GET"]),
        Route("/inbox/thread", Plain(inbox.thread), methods=["GET"]),
        Route("/inbox/email/{id}", Plain(inbox.email), methods=["GET"]),
        Route("/inbox/{file}", Plain(inbox.file), methods=["GET"]),
        Route("/magic/{id}", Plain(magic.open), methods=["GET"]),
        Route("/magic/{id}", Plain(magic.act), methods=["POST"]),
    ]


def _no_leaf_path(call: Call) -> Answer:
    return problem(404, api_path(call), "error.http.404: no such path")


def _no_mail_path(_call: Call) -> Answer:
    return mail_refusal(404, (None, "resource not found"))


def _no_text_path(_call: Call) -> Answer:
    return text_refusal(20404)
