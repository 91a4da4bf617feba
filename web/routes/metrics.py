"""`/metrics` for Prometheus: from this machine itself, with the bearer token of the settings, or for a technician.

Nobody else is told anything.  A request that came through a front is not of this machine, whatever address it shows.
"""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse

from meetings.access import Action, Role, Subject
from web import metrics, session
from web.container import Container, container
from web.crew import Away
from web.guard import allow
from web.mediaprocess import NO_ROOM

router = APIRouter(tags=["operations"])

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
MACHINE = Subject(user_id="metrics", name="metrics", unit_path=("machine",), roles=frozenset({Role.TECHNICIAN}))
"""Who reads the counters without an account: may do what a technician may with things of no unit, and asks for nothing else."""


def scraper(found: Container, request: Request) -> Subject:
    """The machine itself, whoever knows the token, or the account that is signed in."""
    token = found.settings.metrics_token.get_secret_value()
    scheme, _space, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        known = bool(token) and hmac.compare_digest(given.strip().encode(), token.encode())
        return MACHINE if known else Subject()
    here = request.client is not None and request.client.host in LOOPBACK
    if here and not any(name in request.headers for name in FORWARDED):
        return MACHINE
    return session.of_request(found, request)


@router.get("/metrics", response_class=PlainTextResponse, dependencies=[Depends(allow(Action.OPS, who=scraper))])
async def read(request: Request) -> PlainTextResponse:
    """Counters of relay and pages.  While the relay is away those of the pages alone."""
    found = container(request)
    try:
        families = metrics.of_relay(await found.hub.stats(NO_ROOM))
    except Away:
        families = []
    hub = found.hub
    families += metrics.of_web(
        found.counts, refused=hub.crew.refused, spare=hub.crew.workers.spare, running=hub.crew.running,
        waiting=hub.writes_waiting,
    )
    return PlainTextResponse(metrics.render(families), media_type=metrics.CONTENT_TYPE)
