"""Who may stand behind the four signatures: three persons and the agency that the minutes name, one key each, in order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from meetings.errors import Conflict
from minutes import layout, seal
from minutes.signatories import Signed, refusals
from minutes.signing import SIGNING_ORDER, Signer, SignerRole
from minutes.testca import DemoAuthority
from minutes.verify import verify_pdf as judge
from tests.minutes.papers import AGENCY, AT, NAMES, model, sign, sign_blindly, signer


def signed_by(prepared: bytes, authority: DemoAuthority, others: dict[SignerRole, Signer], late: int = 0) -> bytes:
    """All four in order, some by `others`; each `late` seconds after the one before."""
    for place, role in enumerate(SIGNING_ORDER):
        key = others.get(role) or signer(authority, role)
        prepared = sign_blindly(prepared, role, key, AT + timedelta(seconds=late * place))
    return prepared


Role = SignerRole
NAMESAKE = ("namesake", NAMES[Role.CHAIR], "Chức vụ", AGENCY)


@pytest.mark.parametrize("others, reason, place", [
    (lambda ca: {Role.AGENCY: ca.person("x", AGENCY, "Văn thư", AGENCY)}, "not_agency", 3),
    (lambda ca: {Role.AGENCY: ca.person("x", "Lê Thị Hoa", "", AGENCY)}, "not_agency", 3),
    (lambda ca: {Role.CHAIR: ca.agency("x", NAMES[Role.CHAIR])}, "not_person", 2),
    (lambda ca: {Role.INITIALS: ca.agency("t", AGENCY)}, "not_person", 0),
    (lambda ca: {Role.INITIALS: signer(ca, Role.SECRETARY)}, "same_signer", 1),
    (lambda ca: {Role.INITIALS: signer(ca, Role.CHAIR)}, "same_signer", 2),
    (lambda ca: dict.fromkeys((Role.INITIALS, Role.SECRETARY, Role.CHAIR), signer(ca, Role.CHAIR)), "same_signer", 1),
    (lambda ca: {Role.SECRETARY: ca.person("x", "Người Khác", "Chức vụ", AGENCY)}, "other_signer", 1),
    (lambda ca: {Role.CHAIR: ca.person("x", "Người Khác", "Chức vụ", AGENCY)}, "other_signer", 2),
    (lambda ca: {Role.AGENCY: ca.agency("x", "Ủy ban nhân dân xã Ba Chẽ")}, "other_signer", 3),
])
def test_only_three_persons_and_the_agency_named_in_the_minutes_may_sign(
    prepared: bytes, authority: DemoAuthority, others, reason: str, place: int
) -> None:
    verdict = judge(signed_by(prepared, authority, others(authority)), authority.trust)
    assert (verdict.valid, verdict.signatures[place].reason) == (False, reason)
    assert verdict.reason == next(item.reason for item in verdict.signatures if item.reason)


def test_certificates_are_compared_and_not_names(prepared: bytes, authority: DemoAuthority) -> None:
    """Two people of one name are two; the division head's is not printed, so only the key can tell."""
    others = {Role.INITIALS: authority.person(*NAMESAKE)}
    assert judge(signed_by(prepared, authority, others), authority.trust).valid


@pytest.mark.parametrize("late, reason", [(0, ""), (1, ""), (-1, "backwards")])
def test_times_may_stand_still_but_not_run_backwards(
    prepared: bytes, authority: DemoAuthority, late: int, reason: str
) -> None:
    assert judge(signed_by(prepared, authority, {}, late), authority.trust).reason == reason


@pytest.mark.parametrize("role, other", [
    (Role.INITIALS, Role.AGENCY), (Role.SECRETARY, Role.INITIALS), (Role.CHAIR, Role.SECRETARY),
    (Role.AGENCY, Role.CHAIR)])
def test_a_key_that_may_not_stand_there_is_not_used(
    prepared: bytes, authority: DemoAuthority, role: SignerRole, other: SignerRole
) -> None:
    pdf = sign(prepared, authority, *SIGNING_ORDER[: SIGNING_ORDER.index(role)])
    with pytest.raises(Conflict, match=r"minutes\.signer"):
        seal.sign(pdf, role, signer(authority, other), None, AT, authority.trust)


def test_a_signature_earlier_than_the_one_before_is_not_made(prepared: bytes, authority: DemoAuthority) -> None:
    pdf = sign(prepared, authority, Role.INITIALS)
    with pytest.raises(Conflict, match="backwards"):
        seal.sign(pdf, Role.SECRETARY, signer(authority, Role.SECRETARY), None, AT - timedelta(seconds=1), authority.trust)


@pytest.mark.parametrize("unit, agency", [
    ("Tỉnh Quảng Ninh", "Uỷ ban nhân dân tỉnh Quảng Ninh"), ("Sở Y tế", "Sở Y tế"),
    ("Phường Văn Miếu - Quốc Tử Giám, Hà Nội", "Ủy ban nhân dân phường Văn Miếu - Quốc Tử Giám, Hà Nội")])
def test_an_agency_is_known_by_its_name_however_long_or_spelled(
    authority: DemoAuthority, unit: str, agency: str
) -> None:
    seal_of = authority.agency("x", agency)
    item = Signed(Role.AGENCY, x509.load_der_x509_certificate(seal_of.certificate), AT)
    assert refusals([item], model(unit={"id": "x", "name": unit})) == [""]
    assert refusals([item], model(unit={"id": "x", "name": "Sở Tài chính"})) == ["other_signer"]


def test_a_persons_long_or_learned_name_is_known(authority: DemoAuthority) -> None:
    long = "PGS.TS. Công Tằng Tôn Nữ Hoàng Thị Ngọc Phương Khánh Huyền Trân Diễm"
    key = authority.person("x", layout.plain_name(long), "Chức vụ", AGENCY)
    item = Signed(Role.CHAIR, x509.load_der_x509_certificate(key.certificate), AT)
    assert refusals([item], model(chair={"id": "c", "name": long})) == [""]
