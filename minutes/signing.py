"""The signing round: who signs minutes after whom, and what a refusal does.  Pure; the store repeats the order.

A round starts when the clerk reserves a number, because the number stands in the text before the first signature.
Then, each once and in this order: division head's initials, secretary, chair, agency seal; then the clerk issues.
Anything else is refused.  A refused round ends for good and voids its number; the next round takes the next number.

It never signs, stores or reads a clock: minutes.seal signs, minutes.service stores and says when.
Source of the order: Decree 30/2020/NĐ-CP, articles 13, 15, 18 and 32 (the seal only on what the competent person
signed); the initials are practice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from meetings.errors import Conflict, Invalid

LONGEST_REASON = 500  # characters


class SignerRole(StrEnum):
    """Also the name of the signature field in the PDF."""

    INITIALS = "initials"  # ký nháy, the division head
    SECRETARY = "secretary"
    CHAIR = "chair"
    AGENCY = "agency"  # the seal


SIGNING_ORDER: tuple[SignerRole, ...] = tuple(SignerRole)


class RoundState(StrEnum):
    NUMBERED = "numbered"
    INITIALLED = "initialled"
    SECRETARY_SIGNED = "secretary_signed"
    CHAIR_SIGNED = "chair_signed"
    SEALED = "sealed"
    ISSUED = "issued"
    REFUSED = "refused"


STATE_AFTER: Mapping[SignerRole, RoundState] = {
    SignerRole.INITIALS: RoundState.INITIALLED,
    SignerRole.SECRETARY: RoundState.SECRETARY_SIGNED,
    SignerRole.CHAIR: RoundState.CHAIR_SIGNED,
    SignerRole.AGENCY: RoundState.SEALED,
}

TRANSITIONS: Mapping[RoundState, frozenset[RoundState]] = {
    RoundState.NUMBERED: frozenset({RoundState.INITIALLED, RoundState.REFUSED}),
    RoundState.INITIALLED: frozenset({RoundState.SECRETARY_SIGNED, RoundState.REFUSED}),
    RoundState.SECRETARY_SIGNED: frozenset({RoundState.CHAIR_SIGNED, RoundState.REFUSED}),
    RoundState.CHAIR_SIGNED: frozenset({RoundState.SEALED, RoundState.REFUSED}),
    RoundState.SEALED: frozenset({RoundState.ISSUED}),
    RoundState.ISSUED: frozenset(),
    RoundState.REFUSED: frozenset(),
}

DRAFT = "draft"  # the state of minutes without a round, or with a refused one

AWAITS: Mapping[str, str] = {
    DRAFT: "clerk", RoundState.NUMBERED: "division_head", RoundState.INITIALLED: "secretary",
    RoundState.SECRETARY_SIGNED: "chair", RoundState.CHAIR_SIGNED: "clerk", RoundState.SEALED: "clerk",
}
"""Which post of the meeting has to act next."""


class Signer(Protocol):
    """Whatever holds one private key: a file, a token, a remote service."""

    name: str
    test: bool  # a test signature is worth nothing; production issues nothing signed by one
    certificate: bytes  # DER
    chain: tuple[bytes, ...]  # DER, the issuers between the certificate and a trusted root

    def sign(self, data: bytes) -> bytes:
        """The signature value over SHA-256 of `data` (PKCS #1 v1.5 or ECDSA, by the kind of key)."""


class Signers(Protocol):
    """Finds the signer of a person or an agency, and says whom to trust."""

    test: bool

    @property
    def trust(self) -> tuple[bytes, ...]:
        """PEM certificates of the authorities."""

    def person(self, user_id: str, name: str, title: str, unit: str) -> Signer: ...

    def agency(self, unit_id: str, name: str) -> Signer: ...


@dataclass(frozen=True, slots=True)
class Signature:
    """One step of a round: `before` and `after` are SHA-256 (hex) of the PDF without and with this signature."""

    role: SignerRole
    signer: str
    before: str
    after: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Round:
    """The life of one number over one version of the minutes."""

    version: int
    number: int
    pdf: str  # SHA-256 (hex) of the PDF as it stands now
    state: RoundState = RoundState.NUMBERED
    signatures: tuple[Signature, ...] = ()
    reason: str | None = None

    def next_role(self) -> SignerRole | None:
        """Whose signature is awaited; None when sealed, issued or refused."""
        if self.state is RoundState.REFUSED or len(self.signatures) == len(SIGNING_ORDER):
            return None
        return SIGNING_ORDER[len(self.signatures)]

    def sign(self, role: SignerRole, signer: str, after: str, at: datetime) -> Round:
        """Raises Conflict("minutes.order") unless it is this role's turn."""
        self.require_turn(role)
        step = Signature(role, signer, self.pdf, after, at)
        return replace(self._move(STATE_AFTER[role]), pdf=after, signatures=(*self.signatures, step))

    def require_turn(self, role: SignerRole) -> None:
        """Raises Conflict("minutes.order", state, role, expected) out of turn."""
        if self.next_role() is not role:
            raise Conflict("minutes.order", state=self.state.value, role=role.value, expected=self.next_role() or "")

    def refuse(self, reason: str) -> Round:
        """The signer says no, and why.  Raises Invalid without a reason, Conflict when the seal is already on."""
        reason = reason.strip()
        if not reason:
            raise Invalid("minutes.reason_missing", field="reason")
        if len(reason) > LONGEST_REASON:
            raise Invalid("minutes.reason_long", field="reason", limit=LONGEST_REASON)
        return replace(self._move(RoundState.REFUSED), reason=reason)

    def issue(self) -> Round:
        """Raises Conflict("minutes.order") unless sealed."""
        return self._move(RoundState.ISSUED)

    def _move(self, to: RoundState) -> Round:
        if to not in TRANSITIONS[self.state]:
            raise Conflict("minutes.order", state=self.state.value, role="", expected=self.next_role() or "")
        return replace(self, state=to)
