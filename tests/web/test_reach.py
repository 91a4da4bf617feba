"""Addresses and numbers are checked where they are typed, kept with the account, and reach no header unchecked."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from tests.web.conftest import post, sign_in
from web import reach, store
from web.container import Container


@pytest.mark.parametrize(("typed", "kept"), [
    (" Son.Hoang@QuangNinh.GOV.vn ", "Son.Hoang@quangninh.gov.vn"), ("", None), ("  ", None), ("a+b@c.vn", "a+b@c.vn"),
])
def test_an_address_is_kept_as_mail_servers_read_it(typed: str, kept: str | None) -> None:
    assert reach.address(typed) == kept


@pytest.mark.parametrize("typed", [
    "a", "a@b", "a@@b.vn", "a b@c.vn", "a@b.vn\r\nBcc: x@y.vn", "<a@b.vn>", "a@b.vn, c@d.vn", "a@-b.vn", ".a@b.vn", "a..b@c.vn",
    "đ@b.vn", "a@" + "b" * 64 + ".vn", "a" * 65 + "@b.vn", "a@b." + "vn" * 130,
])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="reach.email"):
        reach.address(typed)


@given(st.text(max_size=60))
def test_whatever_passes_can_stand_in_a_header(typed: str) -> None:
    try:
        kept = reach.address(typed)
    except Invalid:
        return
    assert kept is None or (kept.isascii() and not set(kept) & set(" \r\n\t<>,;:\"()"))


@pytest.mark.parametrize(("typed", "kept"), [("0912 345.678", "0912345678"), ("+84 (912) 345-678", "+84912345678"), ("", None)])
def test_a_number_is_kept_as_digits(typed: str, kept: str | None) -> None:
    assert reach.phone(typed) == kept


@pytest.mark.parametrize("typed", ["12345", "0912x45678", "++84912345678", "1" * 16])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="reach.phone"):
        reach.phone(typed)


async def test_an_administrator_says_where_somebody_is_reached(app: FastAPI, client: httpx.AsyncClient, found: Container) -> None:
    await sign_in(client, "quantri")
    with found.db.read() as conn:
        [known, _hash] = store.account_by_login(conn, "xa") or ()
    here = f"/admin/users/{known.user_id}/reach"
    bad = await post(client, here, {"email": "nobody", "phone": ""})
    assert bad.status_code == 422 and "Địa chỉ thư không đúng" in bad.text
    assert (await post(client, here, {"email": "son@qn.gov.vn", "phone": "0912 345 678"})).status_code == 303
    assert "son@qn.gov.vn" in (await client.get("/admin/users")).text
    with found.db.read() as conn:
        kept = store.get_account(conn, known.user_id)
    assert (kept.email, kept.phone) == ("son@qn.gov.vn", "0912345678")
    await post(client, here, {"email": "", "phone": ""})
    with found.db.read() as conn:
        assert store.get_account(conn, known.user_id).email is None
