"""Quản trị: units by date with what came of them, and accounts.  For administrators of a unit, over its subtree.

Units are only shown here: they are loaded by the operator (`units import`), for all at once.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Resource, Role, Subject
from meetings.errors import Invalid, MeetingError
from meetings.store import ledger_store, unit_store
from meetings.texts import line
from meetings.units import Sought, UnitTree
from web import auth, places, reach, store, words
from web.calendar_view import MANY_UNITS
from web.container import container
from web.errors import explain
from web.guard import allow
from web.i18n import _
from web.pages import done, page

router = APIRouter(prefix="/admin", tags=["administration"], default_response_class=HTMLResponse)
SHOWN = 300


@router.get("/units")
def units(request: Request, on: str = "", q: str = "", _subject: Subject = Depends(allow(Action.USER_MANAGE))) -> Response:
    """The tree of a day; units that ended before it are listed with their successors."""
    found = container(request)
    today = found.when.today(found.clock.now())
    day = found.when.parse_day(on) if on else today
    with found.db.read() as conn:
        tree = places.tree(conn, day)
        levels = {level.level_id: level for level in unit_store.levels(conn)}
        ended = _ended(conn, tree, q)
    hits = [unit for unit in (tree.search(q) if q else tree)][:SHOWN]
    counts = [(places.level_name(level), n) for key, level in levels.items()
              if (n := sum(unit.level == key for unit in tree))]
    return page(
        request, "admin/units.html", place="admin", tab="units", on=day, q=q, hits=hits, total=len(tree), counts=counts,
        levels={key: places.level_name(level) for key, level in levels.items()}, ended=ended, tree=tree, shown=SHOWN,
    )


def _ended(conn: Connection, tree: UnitTree, q: str) -> list[tuple[Any, list[tuple[str, str]]]]:
    """Units that no longer exist on the day, each with its heirs as (name, share).

    A unit without heirs is no puzzle where its whole level has ended; only the others are marked unknown.
    """
    lineage = unit_store.lineage(conn)
    retired = {level.level_id for level in unit_store.levels(conn) if level.retired_on and level.retired_on <= tree.on}
    sought = Sought(q)
    rows = []
    for unit in unit_store.units(conn):
        if unit.unit_id in tree or unit.valid_to is None or unit.valid_to > tree.on:
            continue
        if not sought.within(unit.name, unit.gso_code):
            continue
        heirs = [(tree.get(heir.unit_id).name if heir.unit_id and heir.unit_id in tree else "", heir.share)
                 for heir in lineage.successors(unit.unit_id, tree.on) if heir.unit_id != unit.unit_id]
        rows.append((unit, heirs or [("", "level" if unit.level in retired else "unknown")]))
    return sorted(rows, key=lambda row: (row[0].level, row[0].gso_code))[:SHOWN]


# --- accounts ------------------------------------------------------------------------------------------------------


def account_of(request: Request, conn: Connection) -> Resource:
    """The account in the path as a thing in its unit: an administrator reaches only those below."""
    known = store.get_account(conn, request.path_params["user_id"])
    request.state.other = known
    found = container(request)
    return Resource("user", places.path(conn, known.unit_id, found.when.today(found.clock.now())))


@router.get("/users")
def users(request: Request, q: str = "", _subject: Subject = Depends(allow(Action.USER_MANAGE))) -> Response:
    return _users(request, q=q)


def _users(request: Request, status: int = 200, q: str = "", **values: Any) -> HTMLResponse:
    found, subject = container(request), request.state.subject
    today = found.when.today(found.clock.now())
    sought = Sought(q)
    own = subject.unit_path
    with found.db.read() as conn:
        tree = places.tree(conn, today)
        rows = []
        for account in store.accounts(conn):
            path = places.path(conn, account.unit_id, today)
            unit = tree.get(account.unit_id).name if account.unit_id in tree else ""
            if own and path[:len(own)] == own and sought.within(account.name, account.login, account.title, unit):
                rows.append((account, unit, [_(words.ROLES[role]) for role in sorted(account.roles)]))
        units = _choices(tree, own)
    shown = {"errors": {}, "typed": {}, "made": None, "q": q, **values}
    return page(request, "admin/users.html", status, place="admin", tab="users", rows=rows, units=units,
                roles=words.ROLES, **shown)


def _choices(tree: UnitTree, own: tuple[str, ...]) -> list[tuple[str, str]]:
    """Units for the form; a country is too long for a list, then only the upper levels are offered."""
    below = tree.subtree(own[-1]) if own and own[-1] in tree else list(tree)
    if len(below) > MANY_UNITS:
        below = [unit for unit in below if unit.parent_id is None or unit.parent_id not in tree]
    return [(unit.unit_id, " › ".join(tree.get(step).name for step in tree.path(unit.unit_id)[-2:])) for unit in below]


@router.post("/users")
def add_user(request: Request, subject: Subject = Depends(allow(Action.USER_MANAGE))) -> Response:
    """Makes an account with a password that is shown once and must be changed at the first sign-in."""
    found, form, now = container(request), request.state.form, container(request).clock.now()
    typed = {name: str(form.get(name, "")).strip() for name in ("login", "name", "post", "unit_id", "email", "phone")}
    roles = frozenset(Role(str(role)) for role in form.getlist("role") if str(role) in set(Role))
    password = auth.random_password()
    try:
        login = typed["login"].casefold()
        if not store.LOGIN.match(login):
            raise Invalid("user.login", field="login")
        digest = auth.hash_password(password)
        name, title = line(typed["name"], "name", 100), line(typed["post"], "post", 200, empty=True)
        email, phone = reach.address(typed["email"]), reach.phone(typed["phone"])
        with found.db.write() as conn:
            path = places.path(conn, typed["unit_id"], found.when.today(now))
            if not path or path[:len(subject.unit_path)] != subject.unit_path:
                raise Invalid("unit.unknown", field="unit_id")
            made = store.add_account(conn, login, name, title, typed["unit_id"], roles, digest, now,
                                     email=email, phone=phone)
            data = {"user": made.user_id, "login": login, "roles": sorted(roles)}
            ledger_store.append(conn, None, "user.added", now, subject, data=data)
    except MeetingError as error:
        field = str(error.params.get("field", "login"))
        return _users(request, 422, errors={field: explain(error)}, typed={**typed, "roles": roles})
    return _users(request, made=(made, password))


@router.post("/users/{user_id}/lock", dependencies=[Depends(allow(Action.USER_MANAGE, account_of))])
def lock(request: Request, user_id: str) -> Response:
    """Locks an account, or opens a locked one.  Nobody locks their own."""
    found, other, now = container(request), request.state.other, container(request).clock.now()
    if other.user_id == request.state.subject.user_id:
        raise Invalid("user.own_lock", field="user")
    locking = other.disabled_at is None
    with found.db.write() as conn:
        store.set_disabled(conn, user_id, now if locking else None)
        kind = "user.locked" if locking else "user.opened"
        ledger_store.append(conn, None, kind, now, request.state.subject, data={"user": user_id})
    return done("/admin/users", "user_locked" if locking else "user_opened")


@router.post("/users/{user_id}/reach", dependencies=[Depends(allow(Action.USER_MANAGE, account_of))])
def reached(request: Request, user_id: str) -> Response:
    """`email`, `phone`: where this person is told things; empty = nowhere."""
    found, form = container(request), request.state.form
    try:
        email, phone = reach.address(str(form.get("email", ""))), reach.phone(str(form.get("phone", "")))
    except MeetingError as error:
        return _users(request, 422, errors={str(error.params["field"]): explain(error)})
    with found.db.write() as conn:
        store.set_reach(conn, user_id, email, phone)
        ledger_store.append(conn, None, "user.reached", found.clock.now(), request.state.subject, data={"user": user_id})
    return done("/admin/users", "saved")


@router.post("/users/{user_id}/password", dependencies=[Depends(allow(Action.USER_MANAGE, account_of))])
def reset(request: Request, user_id: str) -> Response:
    """A new password, shown once; every session of that person ends."""
    found, password = container(request), auth.random_password()
    digest = auth.hash_password(password)
    with found.db.write() as conn:
        store.set_password(conn, user_id, digest, must_change=True)
        ledger_store.append(conn, None, "user.password_reset", found.clock.now(), request.state.subject,
                            data={"user": user_id})
    return _users(request, made=(request.state.other, password))


