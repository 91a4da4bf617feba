"""Rules about a meeting and its room, one function an action.  Pure; the table that uses them is in `access`.

Each answers with the stable word of the audit for why it may be, or None.  Never asked by anybody but `access`.
"""

from __future__ import annotations

from meetings.actions import Role
from meetings.relations import STAFF, attends, holds, leads, own_staff, party, personal, seated, tends
from meetings.subjects import Resource, Subject


def prepare(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource, "secretary", "division_head", "chair"):
        return "party"
    return "own secretary" if own_staff(subject, resource, Role.SECRETARY) else None


def book(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource, "secretary"):
        return "party"
    return "own secretary" if own_staff(subject, resource, Role.SECRETARY) else None


def conduct(subject: Subject, resource: Resource) -> str | None:
    return "party" if party(subject, resource, "chair", "secretary") else None


def read(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource):
        return "party"
    if own_staff(subject, resource, *STAFF):
        return "own staff"
    if leads(subject, resource):
        return "leader"
    if tends(subject, resource):
        return "technician"
    if attends(subject, resource):
        return "attending"
    return seat_or_person(subject, resource)


def join(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource):
        return "party"
    return "seat" if seated(subject, resource) else None


def delegates(subject: Subject, resource: Resource) -> str | None:
    """Who names delegates: the meeting's secretary for all points; the secretary and the officer of a point's unit for it."""
    if reason := book(subject, resource):
        return reason
    if attends(subject, resource) and holds(subject, frozenset({Role.SECRETARY, Role.OFFICER})):
        return "own point"
    return "seat" if seated(subject, resource) else None


def seat_only(subject: Subject, resource: Resource) -> str | None:
    return "seat" if seated(subject, resource) else None


def document(subject: Subject, resource: Resource) -> str | None:
    reason = read(subject, resource)
    return None if reason == "technician" else reason  # running the line needs no papers


def link_keep(subject: Subject, resource: Resource) -> str | None:
    if reason := book(subject, resource):
        return reason
    return "technician" if tends(subject, resource) else None


def seat_or_person(subject: Subject, resource: Resource) -> str | None:
    """A point by its link, or somebody behind a point by a personal one."""
    if seated(subject, resource):
        return "seat"
    return "person" if personal(subject, resource) else None


def person_only(subject: Subject, resource: Resource) -> str | None:
    return "person" if personal(subject, resource) else None


def checks_in(subject: Subject, resource: Resource) -> str | None:
    """Says who is here: whoever conducts, whoever names the delegates of that point, and everybody of himself."""
    return conduct(subject, resource) or delegates(subject, resource) or person_only(subject, resource)


def links_people(subject: Subject, resource: Resource) -> str | None:
    return conduct(subject, resource) or delegates(subject, resource)


def any_post(subject: Subject, resource: Resource) -> str | None:
    return "party" if party(subject, resource) else None


def presents(subject: Subject, resource: Resource) -> str | None:
    return conduct(subject, resource) or seat_only(subject, resource)


def keeps_recordings(subject: Subject, resource: Resource) -> str | None:
    """Pictures and voices of everybody stay with those who made the meeting; a link on a wall opens none."""
    if party(subject, resource):
        return "party"
    return "own staff" if own_staff(subject, resource, *STAFF) else None


def talks(subject: Subject, resource: Resource) -> str | None:
    return conduct(subject, resource) or seat_or_person(subject, resource)


def watches(subject: Subject, resource: Resource) -> str | None:
    """The technician's wall: of a whole meeting its parties, own secretaries, technicians of the units above; of one point (kind
    "point", its unit's path) the technicians of its unit and of those above."""
    if resource.kind == "point":
        return "technician" if tends(subject, resource) else None
    return any_post(subject, resource) or link_keep(subject, resource)
