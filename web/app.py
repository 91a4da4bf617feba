"""The composition root of the web: the one place where adapters are made and routes are put together.

`build(settings)` gives the application that `serve`, `demo`, `rehearse` and the tests run; `assemble(settings)` gives
only its parts, for commands that need no HTTP.  Nothing here decides anything about meetings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI

from meetings.blobs import FileBlobStore
from meetings.store.database import Database
from minutes.testca import DemoAuthority
from web import capacity, errors, housekeeping, keys, recovery
from web.api import v1
from web.aside import Aside
from web.composer import Composer
from web.container import Clock, Container, SystemClock
from web.cors import MediaCors
from web.delivery import Delivery
from web.files import Static
from web.headers import SecurityHeaders
from web.hub import Hub
from web.i18n import I18n, LanguageMiddleware
from web.limits import BodyLimit
from web.mediaprocess import socket_path
from web.pageimages import Press
from web.pages import STATIC
from web.recordings import Recordings
from web.routes import (
    admin,
    approvals,
    auth,
    ballot,
    booking,
    calendar,
    captions,
    chat,
    conduct,
    conduct_floor,
    conduct_voice,
    console,
    course,
    delegate_list,
    delegates,
    documents,
    doorline,
    events,
    feeds,
    freetime,
    hand,
    handing_in,
    health,
    interface,
    invitations,
    join,
    letters,
    linetest,
    meetings,
    metrics,
    minutes,
    operations,
    packets,
    papers_by_link,
    people,
    person,
    plain,
    point_groups,
    point_rooms,
    point_sheet,
    points,
    presenting,
    programme,
    pwa,
    readiness,
    recordings,
    reading,
    replies,
    requests,
    roll,
    room,
    rules,
    series,
    series_rule,
    sharing,
    slip_answer,
    slips,
    tickets,
    times,
    today,
    tokens,
    verify,
    vote,
    workdays,
)
from web.routes import ice as ice_routes
from web.routes import media as media_routes
from web.routes import tv as tv_routes
from web.routes import view as view_routes
from web.routes import watch as watch_routes
from web.settings import Settings
from web.when import When
from web.workers import cores

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    pwa.router,
    metrics.router,
    auth.router,
    tokens.router,
    today.router,
    booking.router,  # before meetings: /meetings/new is no id
    calendar.router,
    freetime.router,  # before meetings: /meetings/free is no id
    minutes.router,  # before meetings: the minutes have their own page there
    packets.router,
    recordings.router,
    vote.router,
    programme.router,
    course.router,
    slips.router,
    invitations.router,
    verify.router,
    approvals.router,
    letters.router,
    requests.router,
    readiness.router,
    meetings.router,
    series.router,
    series_rule.router,
    delegates.router,
    delegate_list.router,
    roll.router,
    point_groups.router,
    point_rooms.router,  # before points: /points/new and /points/sheet are no codes
    point_sheet.router,
    points.router,
    documents.router,
    admin.router,
    rules.router,
    times.router,
    workdays.router,
    operations.router,
    join.router,
    replies.router,
    feeds.router,
    linetest.router,
    doorline.router,
    plain.router,
    room.router,
    tickets.router,
    hand.router,
    ballot.router,
    papers_by_link.router,
    people.router,
    person.router,
    slip_answer.router,
    reading.router,
    presenting.router,
    handing_in.router,
    events.router,
    conduct.router,
    conduct_floor.router,
    conduct_voice.router,
    sharing.router,
    console.router,
    chat.router,
    captions.router,
    media_routes.router,
    ice_routes.router,
    view_routes.router,
    tv_routes.router,
    watch_routes.router,
    interface.router,
    *v1.ROUTERS,
)
"""Every router of the product.  A route outside this tuple does not exist."""


def assemble(settings: Settings, *, clock: Clock | None = None) -> Container:
    """Opens (and migrates) the database, the blob store and the keys of one installation.  Close with `.db.close()`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database_url)
    db.migrate()
    return Container(
        settings=settings, db=db, blobs=FileBlobStore(settings.data / "blobs"), aside=Aside(settings.data / "aside"), press=Press(settings.data / "pages"), clock=clock or SystemClock(),
        keys=keys.load(settings.data), i18n=I18n(settings.language), when=When(settings.timezone),
        signers=DemoAuthority(settings.data / "ca"),
    )


def build(settings: Settings, *, clock: Clock | None = None, media: Any = None) -> FastAPI:
    """The application.  `media` stands in for the hub in tests; without it one is made from the settings."""
    found = assemble(settings, clock=clock)
    found.hub = media or Hub(
        found.db, found.clock.now, socket=socket_path(settings.data), port=settings.media_port,
        advertise=settings.advertise or ("127.0.0.1",), workers=settings.media_workers or cores(),
        spare=settings.media_spare, capacity=lambda: capacity.read(settings.data),
    )

    socket = socket_path(settings.data)
    found.recordings = Recordings(found.db, settings.data, socket, found.clock.now, found.hub.changed)
    found.composer = Composer(found.db, settings.data, found.clock.now)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        capacity.tell(found, found.clock.now())
        await to_thread.run_sync(recovery.at_start, found.db, found.clock.now())
        await found.hub.start()
        found.recordings.start()
        found.composer.start()
        try:
            with housekeeping.running(found, Delivery(found) if settings.schedule else None):
                yield
        finally:
            found.walls.close()
            await found.composer.stop()
            await found.recordings.stop()
            await found.hub.stop()
            await found.press.close()
            found.db.close()

    # The routes themselves: `include_router` would make every one of them anew, at the first request of each application.
    app = FastAPI(
        title="Điểm Cầu", version="0.1.0", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None,
        routes=[route for router in ROUTERS for route in router.routes],
    )
    app.state.container = found
    app.mount("/static", Static(directory=STATIC), name="static")
    errors.install(app)
    # The last one added runs first.
    app.add_middleware(BodyLimit)
    app.add_middleware(errors.Unexpected)
    app.add_middleware(MediaCors)
    app.add_middleware(LanguageMiddleware, i18n=found.i18n)
    app.add_middleware(SecurityHeaders, secure=settings.secure)
    return app
