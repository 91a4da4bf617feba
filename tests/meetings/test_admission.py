"""Secrets of links and tickets: derived, unforgeable, one spelling each."""

from __future__ import annotations

import base64
import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.admission import link_secret, new_receipt, new_token, parse_link, token_digest
from meetings.errors import NotFound
from meetings.ids import new_id

KEY = bytes(range(32))


@given(st.uuids(), st.integers(0, 65535))
def test_a_link_says_which_it_is_to_the_holder_of_the_key(link_id: object, generation: int) -> None:
    secret = link_secret(KEY, str(link_id), generation)
    assert re.fullmatch(r"[A-Za-z0-9_-]{46}", secret)
    assert parse_link(KEY, secret) == (str(link_id), generation)


def test_the_same_card_can_be_printed_again(at: datetime) -> None:
    link_id = new_id(at)
    assert link_secret(KEY, link_id, 1) == link_secret(KEY, link_id, 1)
    assert len({link_secret(KEY, link_id, 1), link_secret(KEY, link_id, 2), link_secret(b"k" * 32, link_id, 1)}) == 3


def test_every_flipped_bit_makes_a_link_unknown(at: datetime) -> None:
    raw = base64.urlsafe_b64decode(link_secret(KEY, new_id(at), 1) + "==")
    for bit in range(len(raw) * 8):
        forged = bytearray(raw)
        forged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotFound, match=r"link\.unknown"):
            parse_link(KEY, base64.urlsafe_b64encode(forged).rstrip(b"=").decode())


def test_another_installation_s_link_is_unknown_here(at: datetime) -> None:
    with pytest.raises(NotFound, match=r"link\.unknown"):
        parse_link(KEY, link_secret(b"other key", new_id(at), 1))


def test_a_link_has_one_spelling(at: datetime) -> None:
    secret = link_secret(KEY, new_id(at), 1)
    last = secret[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = secret[:-1] + alphabet[alphabet.index(last) ^ 1]
    for other in (secret + "=", secret + "==", secret + "\n", " " + secret, twin):
        with pytest.raises(NotFound):
            parse_link(KEY, other)


@given(st.text(max_size=80))
def test_garbage_is_unknown_and_nothing_worse(text: str) -> None:
    with pytest.raises(NotFound):
        parse_link(KEY, text)


def test_tickets_and_receipts_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(500)}
    receipts = {new_receipt() for _ in range(500)}
    assert len(tokens) == len(receipts) == 500
    assert {len(token) for token in tokens} == {43}
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", receipt) for receipt in receipts)


def test_only_the_digest_of_a_ticket_is_kept() -> None:
    assert token_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(token_digest("\udc80")) == 64  # a bearer header may hold anything
