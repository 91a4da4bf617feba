"""/rules: what holds for all levels, for administrators of the highest unit: approvals, what the media server carries, times.

Each is one thing that is always there, so it is read and put, never made.  What is planned already follows new times, what is
booked stays booked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.store import ledger_store
from scheduler import capacity_store, policies, times, times_store
from scheduler.capacity import Limit
from web.api import answers, body
from web.api.contract import contract
from web.api.problem import for_field, wrong
from web.api.shapes import In, Out
from web.api.shapes_rules import (
    ApprovalsIn, ApprovalsOut, CapacityIn, CapacityOut, TimesIn, TimesOut, show_approvals, show_capacity, show_times, typed,
)
from web.api.tokens import who
from web.container import container
from web.errors import explain
from web.guard import allow

router = APIRouter(prefix="/api/v1/rules", tags=["rules"])
KEEPER = allow(Action.POLICY_KEEP, who=who)


@router.get("/approvals", **contract("getApprovals", ApprovalsOut))
def approvals(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    """Whose yes a booking takes, who may displace whom, and how long an answer may take."""
    with container(request).db.read() as conn:
        return answers.show(request, _approvals(conn))


@router.put("/approvals", **contract("putApprovals", ApprovalsOut, 412, 413, 415))
def put_approvals(request: Request, subject: Subject = Depends(KEEPER), wanted: ApprovalsIn = Depends(body.of(ApprovalsIn))) -> Response:
    """These rules hold from now on; requests that are out keep the deadlines they were told."""

    def work(conn: Connection, now: datetime) -> None:
        policies.put(conn, wanted.model_dump(), subject, now)

    return answers.changed(request, lambda conn: _held(conn, _approvals), work)


@router.get("/capacity", **contract("getCapacity", CapacityOut))
def capacity(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    """What bookings are reckoned with."""
    with container(request).db.read() as conn:
        return answers.show(request, _capacity(conn))


@router.put("/capacity", **contract("putCapacity", CapacityOut, 412, 413, 415))
def put_capacity(request: Request, subject: Subject = Depends(KEEPER), wanted: CapacityIn = Depends(body.of(CapacityIn))) -> Response:
    """Bookings are reckoned so from now on."""

    def work(conn: Connection, now: datetime) -> None:
        capacity_store.put(conn, wanted.sounds, wanted.pictures, wanted.declared, subject, now)

    return answers.changed(request, lambda conn: _held(conn, _capacity), work)


@router.get("/times", **contract("getTimes", TimesOut))
def when(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    """When line tests, reminders and deadlines fall, and from where on a line is weak."""
    with container(request).db.read() as conn:
        return answers.show(request, _times(request, conn))


@router.put("/times", **contract("putTimes", TimesOut, 412, 413, 415))
def put_times(request: Request, subject: Subject = Depends(KEEPER), wanted: In = Depends(body.of(TimesIn))) -> Response:
    """They hold from now on, for what is planned already too."""
    found, errors = times.read(typed(wanted))
    if found is None:
        raise wrong([for_field(f"/{name}", error.code, explain(error)) for name, error in errors.items()])
    chosen = found

    def work(conn: Connection, now: datetime) -> None:
        times_store.put(conn, chosen, container(request).settings.line_policy, subject, now)

    return answers.changed(request, lambda conn: _held(conn, lambda conn: _times(request, conn)), work)


# --- steps ---------------------------------------------------------------------------------------------------------


def _held(conn: Connection, look: Callable[[Connection], Out]) -> Out:
    ledger_store.lock_chain(conn, None)  # the lock that the use cases end with: there may be no row yet to lock
    return look(conn)


def _approvals(conn: Connection) -> Out:
    return show_approvals(policies.current(conn))


def _capacity(conn: Connection) -> Out:
    return show_capacity(capacity_store.told(conn) or Limit.assumed(1))


def _times(request: Request, conn: Connection) -> Out:
    return show_times(times_store.current(conn, container(request).settings.line_policy))
