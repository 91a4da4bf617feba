"""The web's limits in one place; tests read the same constants.  Called by `app.py` (bodies) and by whoever counts.

The body limit counts bytes as they arrive and never holds them: a body that declares too much is refused before its
first byte, one that lies is cut at the limit.
"""

from __future__ import annotations

import re
from datetime import timedelta

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KIB = 1024
MIB = 1024 * KIB
BODY = 1 * MIB
UPLOAD = 50 * MIB
UPLOAD_PATHS = re.compile(r"^/(meetings/new|meetings/[^/]+/documents(/[^/]+/replace)?|meetings/[^/]+/photos|[jp]/[^/]+/papers|verify|admin/units|points/sheet|meetings/[^/]+/registration/sheet)/?$")
FORM_FIELDS = 8_000  # a province of 3,321 communes is one checkbox each, and the form holds more than those
FORM_FILES = 20
AGENDA_ITEMS = 500

SIGNIN_PER_ACCOUNT = 5
SIGNIN_WINDOW = timedelta(minutes=1)
# A whole province sits behind one gateway, so an address is judged by its failures alone, and generously.
FAILURES_PER_ADDRESS = 30
FAILURES_WINDOW = timedelta(minutes=10)
TICKETS_PER_POINT = 10  # of one role a minute that opened nothing; a line that comes and goes spends many, and uses each
SIGN_OF_LIFE = timedelta(seconds=30)  # a page without media says every ten seconds that it is there
PLAIN_LIFE = timedelta(seconds=60)  # the plain page asks anew every twenty
SESSIONS_PER_POINT = 120  # of one role a minute: more no line breaks
ACTS_AT_ONCE = 20  # hands and ballots of one point in one meeting: each is an event of the record for ever; then as many a second as below
ACTS_PER_SECOND = 0.5
PAGES_AT_ONCE = 120  # pages and notes of one reader in one meeting; then as many a second as below
PAGES_PER_SECOND = 5
DOWNLOADS_PER_ACCOUNT = 30  # of minutes and packets; a delegate's link counts like an account
DOWNLOADS_WINDOW = timedelta(minutes=1)
VERIFIES_PER_ADDRESS = 60  # files to check, by anybody: generous again, for the same reason
VERIFIES_WINDOW = timedelta(minutes=1)
API_AT_ONCE = 120  # questions of one token that may come together; then as many a second as below
API_PER_SECOND = 10
API_TOKENS = 20  # of one account
ANSWERS_PER_INVITEE = 20  # to one invitation
ANSWERS_WINDOW = timedelta(minutes=10)
FEED_READS = 60  # of one calendar feed: programs ask every few minutes, some from several devices
FEED_WINDOW = timedelta(minutes=10)
TURN_CREDENTIALS = timedelta(minutes=10)
SESSION_IDLE = timedelta(minutes=30)
SESSION_ABSOLUTE = timedelta(hours=12)
PASSWORD_MIN = 12
RETRY = {"retry-after": "5"}
"""Goes with every 503: what is away is back in seconds, or somebody has to be called."""


class BodyTooLarge(Exception):
    """The body passed the limit while it was being read."""


class BodyLimit:
    """ASGI middleware: 1 MiB a body, 50 MiB where files are uploaded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = UPLOAD if UPLOAD_PATHS.match(scope["path"]) else BODY
        declared = Headers(scope=scope).get("content-length", "0")
        too_large = declared.isdigit() and int(declared) > limit
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            if too_large:
                raise BodyTooLarge
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    raise BodyTooLarge
            return message

        await self.app(scope, counted, send)
