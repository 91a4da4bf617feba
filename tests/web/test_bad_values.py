"""Whatever is typed into any form or address of ours: never a fault of ours, and what is refused changes nothing.

The routes are found by walking the application, the fields by reading the forms of its pages.  Each form is sent with one
field spoiled, then with all of them; each page is asked with every parameter and every part of its path spoiled.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from meetings import admission
from meetings.store import recording_store
from scheduler import feeds, invitees, line_tests, maintenance, outbox
from scheduler.invitees import Guest
from scheduler.slots import Slot
from tests.web.conftest import browser, post, sign_in, token_in
from tests.web.test_booking import book
from tests.web.test_guard import card, checks, routes
from tests.web.test_pages import Story, story  # noqa: F401 - a fixture
from tests.web.test_requests import DAY, draft, only_request, subject
from web.container import Container

LOGINS = ("thuky", "quantri", "nguoila", "xa", "chutri", "lanhdao", "vanthu")
BAD = (
    "", "0", "-1", "1.5", "NaN", "99999999999999999999", "9" * 400, "²", "٣", "true", "[]", "{meeting}", "{0.__class__}", "%s",
    "0001-01-01", "1945-01-01", "2200-12-31", "9999-12-31", "2026-02-30", "24:00", "23:59:59.999999+14:00", "2026-03-06 00:00-00:00",
    "2026-03-06T08:00:00", "a\r\nBcc: ai@do.vn", "a\x1b[2J", "\u202egnauq", "\u2028", "\ufeff", "\U0010ffff", "<b>'\"", "=1+1", "a>b>c", ">",
    "../../etc/passwd", "a" * 100_000,
)
UNKEEPABLE = ("%00", "a%00b", "%ED%A0%80", "%FF")
"""As an address or a form writes what is no text: NUL, half a surrogate pair, a byte that begins nothing."""
NAMES = dict.fromkeys(("day", "start", "end", "reason", "point", "text", "version", "action", "answer"), "")
"""Fields of forms that no page shows just now."""
PARAMETERS = ("done", "n", "on", "q", "next", "points", "length", "days", "opens", "closes", "chair", "start", "end")
"""What addresses of ours carry beside what their routes declare."""
COUNTED = ("attempt", "web_session")
"""Counts of tries, and when a session was last active: these may change when something is refused; and the trace of refusals."""


class Forms(HTMLParser):
    """The forms of a page that are posted: address → fields as the page fills them in."""

    def __init__(self, here: str, text: str) -> None:
        super().__init__()
        self.here, self.found, self.open = here, dict[str, dict[str, str]](), None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            action = (given.get("action") or self.here).partition("?")[0]
            self.open = self.found.setdefault(action, {}) if given.get("method") == "post" else None
        elif tag in ("input", "select", "textarea", "button") and self.open is not None and (name := given.get("name")):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.open[name] = given.get("value") or self.open.get(name, "")
            else:
                self.open.setdefault(name, given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None


@dataclass
class Ground:
    """The application with one thing of each kind, and what has gone wrong so far."""

    app: FastAPI
    file: Path
    ids: dict[str, str]
    clients: dict[str, httpx.AsyncClient]
    tokens: dict[str, str]
    wrong: list[str] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.line = sqlite3.connect(self.file)
        self.kept, self.version = self.state(), self.seen()

    def seen(self) -> int:
        return int(self.line.execute("PRAGMA data_version").fetchone()[0])

    def state(self) -> dict[str, int]:
        """table → a number that changes with any of its rows."""
        names = [name for (name,) in self.line.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if name not in COUNTED]
        where = {"event": " WHERE kind NOT IN ('access.denied', 'signin.failed')"}
        return {name: hash(tuple(self.line.execute(f"SELECT * FROM {name}{where.get(name, '')}"))) for name in names}

    def judge(self, what: str, answer: httpx.Response, *, may_change: bool) -> None:
        """A fault of ours is wrong, and so is a change by what was refused or only looked at."""
        self.sent += 1
        if answer.status_code >= 500:
            self.wrong.append(f"{what}: {answer.status_code}")
        if (version := self.seen()) != self.version:
            before, self.kept, self.version = self.kept, self.state(), version
            changed = [name for name, mark in self.kept.items() if before[name] != mark]
            if changed and not may_change:
                self.wrong.append(f"{what}: {answer.status_code} changed {changed}")


def paths(route: APIRoute, ids: dict[str, str], **spoiled: str) -> str:
    kind = route.path.split("/")[1]
    known = {**ids, "secret": ids.get(f"{kind}.secret", "x"), **spoiled}
    return re.sub(r"{(\w+)(:\w+)?}", lambda name: known.get(name[1], "1"), route.path)


def spoiled(values: dict[str, str], chance: random.Random, most: int) -> Iterator[tuple[str, dict[str, str]]]:
    """(what is bad, the fields): one field after the other with a bad value, all with the same, none at all."""
    for name in values:
        bad = chance.choice(BAD)
        yield f"{name}={bad[:20]!r}", {**values, name: bad}
    for bad in chance.sample(BAD, most):
        yield f"all={bad[:20]!r}", dict.fromkeys(values, bad)
    yield "nothing", {}


@pytest.fixture
async def ground(app: FastAPI, story: Story, found: Container) -> Iterator[Ground]:  # noqa: F811
    now, meeting = found.clock.now(), story.meeting.meeting_id
    asked = only_request(found, draft(found, "nguoila", "Họp Cô Tô", "22"))
    clients = {login: browser(app) for login in LOGINS}
    for login, client in clients.items():
        assert (await sign_in(client, login)).status_code == 303
    series = await book(clients["thuky"], story.points[:1], day="2026-03-20", repeat="weekly", every="1", ends="count", count="3")
    assert series.status_code == 303, series.text
    await post(clients["thuky"], "/points/groups/new", {"title": "Nhóm", "point": story.points, "action": "save"})
    await post(clients["thuky"], "/feeds", {}, page="/feeds")
    await post(clients["thuky"], "/account/tokens", {"name": "Máy", "scope": "write", "days": "30"})
    await post(clients["quantri"], "/admin/days", {"day": "2026-03-19", "works": "no", "note": "Nghỉ bù"})
    await post(clients["thuky"], f"/meetings/{meeting}/registration", {"do": "add", "point": story.points[0], "name": "Lê An"})
    with found.db.write() as conn:
        maintenance.block(conn, story.points[2], Slot(now + 9 * DAY, now + 10 * DAY), "sửa", subject(found, "xa"), now)
        invitees.add(conn, meeting, [Guest("Lê An", "an@xa.vn", story.points[2], None)], 0, now)
        outbox.put(conn, "k", "mail", now, {"to": "an@xa.vn", "name": "", "subject": "s", "text": "t", "until": None})
        conn.exec_driver_sql("DROP TRIGGER recording_open")  # this meeting never opens
        recording_store.add(conn, recording_id="kept", meeting_id=meeting, folder="kept", purpose="p", notice="n", asks=False,
                            keep_until=now + 9 * DAY, started_by={"name": "An"}, started_at=now, ended_at=now, reason="stopped",
                            kept_at=now, seconds=0, tracks=1, gaps=0, bytes=0, manifest_sha256="0" * 64)
        test = line_tests.extra(conn, found.keys.tests, meeting, story.points[0], now)
        feed = feeds.make(conn, subject(found, "thuky").user_id, now)
        one = {name: str(conn.exec_driver_sql(f"SELECT {name} FROM {table} ORDER BY 1 LIMIT 1").scalar()) for name, table in (
            ("group_id", "point_group"), ("feed_id", "feed"), ("token_id", "api_token"), ("entry_id", "delegate_entry"),
            ("invitee_id", "invitee"), ("item_id", "outbox"))}
        block = conn.exec_driver_sql("SELECT booking_id FROM booking WHERE state = 'blocked'").scalar()
    ids = {
        "meeting_id": meeting, "request_id": asked.request_id, "code": "22", "user_id": str(story.people["xa"].user_id), "day": "2026-03-19",
        "answer": "decline", "block_id": str(block), "point_id": str(story.points[0]), "role": "secretary", "displacement_id": "x",
        "recording_id": "kept", "j.secret": card(found, meeting), "t.secret": test, "feeds.secret": feed,
        "r.secret": admission.link_secret(found.keys.replies, one["invitee_id"], 0), **one,
    }
    tokens = {login: token_in((await client.get("/account")).text) for login, client in clients.items()}
    made = Ground(app, Path(found.settings.data) / "diemcau.db", ids, clients, tokens)
    yield made
    made.line.close()
    for client in clients.values():
        await client.aclose()


def ours(app: FastAPI, method: str) -> list[APIRoute]:
    """Pages and forms, those that end something last.  The interface, the media and the room have their own tests; streams never end."""
    found = [route for route in routes(app) if method in route.methods and not route.path.startswith(("/api/v1", "/media/", "/admin/media"))
             and not re.search(r"/(events|bytes|room|state|quality|tickets|hand|vote|voice|chat|captions|console|plain|tv|here|metrics)$|/conduct|^/p/", route.path)]
    return sorted(found, key=lambda route: bool(re.search("/(signout|signin|cancel|lock|revoke|password|forget|lift|withdraw|close)$", route.path)))


async def forms_of(ground: Ground) -> dict[str, dict[str, str]]:
    """Every form that somebody is shown on some page."""
    forms: dict[str, dict[str, str]] = {}
    for route in ours(ground.app, "GET"):
        for login in LOGINS:
            answer = await ground.clients[login].get(here := paths(route, ground.ids))
            ground.judge(f"GET {here} as {login}", answer, may_change=False)
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                for action, fields in Forms(here, answer.text).found.items():
                    forms[action] = {**fields, **forms.get(action, {})}
                break
    return forms


async def may_send(ground: Ground, route: APIRoute, path: str) -> str | None:
    """Somebody whom this form is not closed to: told that the token is missing, and not that there is no such thing."""
    if checks(route)[0].bearer:  # type: ignore[attr-defined]
        return LOGINS[0]
    for login in LOGINS:
        refused = await ground.clients[login].post(path, headers={"accept": "application/json"})
        if refused.json()["error"] == "forged":
            return login
    return None


@pytest.mark.parametrize("most", [2, pytest.param(len(BAD), marks=pytest.mark.long)])
async def test_no_form_of_ours_breaks_and_what_is_refused_changes_nothing(ground: Ground, most: int) -> None:
    chance, reached = random.Random(most), set[str]()
    forms = await forms_of(ground)
    for route in ours(ground.app, "POST"):
        shown = re.compile(re.sub(r"{\w+}", "[^/]+", route.path))
        path, fields = next(((action, fields) for action, fields in forms.items() if shown.fullmatch(action)), (paths(route, ground.ids), {}))
        if (login := await may_send(ground, route, path)) is None:
            continue
        reached.add(route.path)
        for what, data in spoiled({name: value for name, value in (fields or NAMES).items() if name != "_csrf"}, chance, most):
            sent = {"json": data} if checks(route)[0].bearer else {"data": {**data, "_csrf": ground.tokens[login]}}  # type: ignore[attr-defined]
            answer = await ground.clients[login].post(path, **sent)
            ground.judge(f"POST {path} as {login} {what}", answer, may_change=answer.status_code < 400)
    assert len(forms) > 20 and len(reached) > 35, (sorted(forms), sorted(reached))
    assert not ground.wrong, f"{len(ground.wrong)} of {ground.sent}\n" + "\n".join(ground.wrong)


@pytest.mark.parametrize("most", [2, pytest.param(len(BAD), marks=pytest.mark.long)])
async def test_no_address_of_ours_breaks_and_looking_changes_nothing(ground: Ground, most: int) -> None:
    chance = random.Random(most)
    for route in ours(ground.app, "GET"):
        names = {*PARAMETERS, *(one.name for one in route.dependant.query_params)}
        path = paths(route, ground.ids)
        for login in LOGINS:
            client = ground.clients[login]
            answer = await client.get(path)
            ground.judge(f"GET {path} as {login}", answer, may_change=False)
            if answer.status_code in (403, 404) and login != LOGINS[-1]:
                continue
            for bad in [*(quote(one[:1500]) for one in chance.sample(BAD, most)), *UNKEEPABLE]:
                answer = await client.get(f"{path}?{'&'.join(f'{name}={bad}' for name in names)}")
                ground.judge(f"GET {path} as {login} ?{bad[:20]}", answer, may_change=False)
            for part in re.findall(r"{(\w+)", route.path):
                for bad in [*(quote(one[:1500], safe="") for one in chance.sample(BAD, most)), *UNKEEPABLE]:
                    answer = await client.get(paths(route, ground.ids, **{part: bad}))
                    ground.judge(f"GET {route.path} as {login} {part}={bad[:20]}", answer, may_change=False)
            break
    assert ground.sent > 500
    assert not ground.wrong, f"{len(ground.wrong)} of {ground.sent}\n" + "\n".join(ground.wrong)
