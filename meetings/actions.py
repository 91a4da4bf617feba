"""What an account may be trusted with, and what may be asked for: the words of `access`, which decides.  Pure."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What an account is trusted with, in its own unit."""

    SECRETARY = "secretary"
    DIVISION_HEAD = "division_head"
    CHAIR = "chair"
    CLERK = "clerk"
    OFFICER = "officer"
    TECHNICIAN = "technician"
    ADMIN = "admin"


class Action(StrEnum):
    """Everything a route can ask for.  A route that names none fails the build."""

    PUBLIC = "public"
    SELF = "self"
    ACCOUNT = "account"  # one's own account: the only thing before the first password is changed
    OPS = "ops"
    USER_MANAGE = "user.manage"
    UNIT_READ = "unit.read"
    POINT_READ = "point.read"
    POINT_EDIT = "point.edit"
    POINT_BLOCK = "point.block"
    MEETING_READ = "meeting.read"
    MEETING_CREATE = "meeting.create"
    MEETING_EDIT = "meeting.edit"
    MEETING_BOOK = "meeting.book"
    MEETING_CONDUCT = "meeting.conduct"
    REQUEST_READ = "request.read"
    REQUEST_ANSWER = "request.answer"
    POLICY_KEEP = "policy.keep"
    OUTBOX_KEEP = "outbox.keep"
    MEETING_JOIN = "meeting.join"
    DELEGATE_REGISTER = "delegate.register"
    MOTION_VOTE = "motion.vote"
    HAND_RAISE = "hand.raise"
    DOCUMENT_READ = "document.read"
    DOCUMENT_ADD = "document.add"
    LINK_READ = "link.read"
    LINK_REVOKE = "link.revoke"
    READINESS_READ = "readiness.read"
    LINETEST_OPEN = "linetest.open"
    LINETEST_RUN = "linetest.run"
    MINUTES_READ = "minutes.read"
    MINUTES_EDIT = "minutes.edit"
    MINUTES_NUMBER = "minutes.number"
    MINUTES_SIGN = "minutes.sign"
    MINUTES_SEAL = "minutes.seal"
    MINUTES_ISSUE = "minutes.issue"
    PACKET_READ = "packet.read"
    RELEASE_GRANT = "release.grant"
