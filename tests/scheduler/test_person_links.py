"""Personal links: whom they let in, until when, who takes them back; a replaced delegate's link is void."""

from __future__ import annotations

from datetime import datetime

import pytest

from meetings import service as meetings
from meetings.access import Subject
from meetings.errors import Closed, Conflict, NotAllowed, NotFound
from meetings.people import How, There, Wanted
from meetings.store import ledger_store
from meetings.store.database import Database
from scheduler import delegate_list, person_links, roll_call
from scheduler.delegate_sheet import Entry
from tests.scheduler.conftest import Province
from tests.scheduler.test_roll_call import HOUR, Hall

KEY = b"k" * 32


@pytest.fixture
def hall(db: Database, province: Province, at: datetime) -> Hall:
    return Hall(db, province, at)


def secrets(hall: Hall, by: Subject | None = None) -> dict[str, str]:
    with hall.db.read() as conn:
        return {card.person.name: card.secret for card in person_links.cards(conn, KEY, hall.meeting, by or hall.secretary)}


def enter(hall: Hall, secret: str, after: bool = False) -> person_links.Visit:
    with hall.db.read() as conn:
        return person_links.open(conn, KEY, secret, after=after)


def test_a_link_is_one_person_and_nobody_can_make_one(hall: Hall) -> None:
    links = secrets(hall, hall.link)
    assert list(links) == ["Lê An", "Vũ Bình", "Đỗ Dũng"] and len(set(links.values())) == 3
    visit = enter(hall, links["Đỗ Dũng"])
    assert (visit.ref.person_id, visit.ref.point_id, visit.ref.code, visit.ref.name) == (hall.dung, hall.first, "202", "Đỗ Dũng")
    assert (visit.person.instead_of, visit.person.state) == ("Đỗ Cúc", There.EXPECTED)
    for wrong in ("", "x", links["Lê An"][:-1] + ("B" if links["Lê An"].endswith("A") else "A"), links["Lê An"] + "A"):
        with pytest.raises(NotFound, match=r"link\.unknown"):
            enter(hall, wrong)
    with hall.db.read() as conn, pytest.raises(NotFound):
        person_links.open(conn, b"other" * 7, links["Lê An"])


def test_the_person_checks_in_by_the_own_link_and_nobody_else_by_it(hall: Hall) -> None:
    hall.open()
    ref = enter(hall, secrets(hall)["Lê An"]).ref
    by, at = Subject(name=ref.name, person=ref), hall.at + 2 * HOUR
    with hall.db.write() as conn:
        assert roll_call.say(conn, hall.meeting, hall.first, ref.person_id, Wanted.PRESENT, by, at, how=How.PHONE)
    for other in (hall.binh, hall.dung):
        with pytest.raises(NotAllowed), hall.db.write() as conn:
            roll_call.say(conn, hall.meeting, hall.first, other, Wanted.PRESENT, by, at)
    assert (hall.roll.people[0].state, hall.roll.people[0].how) == (There.PRESENT, "phone")


def test_one_press_takes_a_link_back_and_a_new_one_voids_the_old_cards(hall: Hall) -> None:
    first = secrets(hall)["Lê An"]
    with hall.db.write() as conn:
        person_links.revoke(conn, hall.meeting, hall.first, hall.an, hall.link, hall.at)
        with pytest.raises(Conflict, match=r"link\.revoked"):
            person_links.revoke(conn, hall.meeting, hall.first, hall.an, hall.link, hall.at)
    with pytest.raises(NotFound, match=r"link\.revoked"):
        enter(hall, first)
    assert secrets(hall)["Lê An"] == "" and enter(hall, secrets(hall)["Vũ Bình"])
    with hall.db.write() as conn:
        person_links.renew(conn, hall.meeting, hall.first, hall.an, hall.secretary, hall.at)
        told = [(event.kind, event.data["name"]) for event in ledger_store.events(conn, hall.meeting) if event.kind.startswith("person.link")]
    assert told == [("person.link_revoked", "Lê An"), ("person.link_renewed", "Lê An")]
    with pytest.raises(NotFound, match=r"link\.revoked"):
        enter(hall, first)
    assert enter(hall, secrets(hall)["Lê An"]).ref.name == "Lê An"


def test_whoever_is_replaced_has_no_link_any_more(hall: Hall) -> None:
    before = secrets(hall)["Lê An"]
    with hall.db.write() as conn:
        delegate_list.replace(conn, hall.an, Entry(0, "Lê Giang", "", ""), "ốm", hall.secretary, hall.at)
    with pytest.raises(NotFound, match=r"link\.revoked"):
        enter(hall, before)
    assert enter(hall, secrets(hall)["Lê Giang"]).person.instead_of == "Lê An"


def test_who_came_without_being_registered_gets_a_link_that_stays(hall: Hall) -> None:
    hall.open()
    with hall.db.write() as conn:
        roll_call.come(conn, hall.meeting, hall.first, "Khách Lạ", "", hall.link, hall.at + 2 * HOUR)
    secret = secrets(hall)["Khách Lạ"]
    assert enter(hall, secret).person.state is There.PRESENT
    with hall.db.write() as conn:
        hall.register(conn, "Khách Lạ")
    assert enter(hall, secret).ref.person_id == enter(hall, secrets(hall)["Khách Lạ"]).ref.person_id, "the card that was handed out stays good"


def test_links_end_with_the_meeting_but_for_slips(hall: Hall) -> None:
    hall.open()
    secret = secrets(hall)["Lê An"]
    with hall.db.write() as conn:
        meetings.close(conn, hall.meeting, hall.secretary, hall.at + 3 * HOUR)
    with pytest.raises(Closed, match=r"meeting\.concluded"):
        enter(hall, secret)
    assert enter(hall, secret, after=True).ref.name == "Lê An"


def test_strangers_see_and_revoke_no_link(hall: Hall, province: Province) -> None:
    strangers = (province.office("207").secretary, Subject(), enter_subject(hall))
    assert secrets(hall, strangers[0]) == {}, "another point's secretary looks after that point alone"
    for by in strangers:
        if by is not strangers[0]:
            with pytest.raises((NotAllowed, NotFound)):
                secrets(hall, by)
        for act in (person_links.revoke, person_links.renew):
            with pytest.raises((NotAllowed, NotFound)), hall.db.write() as conn:
                act(conn, hall.meeting, hall.first, hall.an, by, hall.at)
    own = Subject("u-o", "Cán bộ", "", province.point("207").unit_id, (), frozenset())
    with pytest.raises((NotAllowed, NotFound)):
        secrets(hall, own)


def enter_subject(hall: Hall) -> Subject:
    ref = enter(hall, secrets(hall)["Lê An"]).ref
    return Subject(name=ref.name, person=ref)
