"""The ingress guard by itself: who may speak, for how long, from how many addresses."""

from __future__ import annotations

from media.guard import Guard, Patience
from media.limits import ADDRESS_TTL, BAD_PACKETS, BAD_WINDOW, MAX_ADDRESSES


class Owner:
    pass


def test_only_a_checked_address_has_an_owner() -> None:
    guard: Guard[Owner] = Guard()
    peer = Owner()
    assert guard.owner(("192.0.2.1", 5)) is None
    assert guard.admit(("192.0.2.1", 5), peer, 0.0)
    assert guard.owner(("192.0.2.1", 5)) is peer
    assert guard.owner(("192.0.2.1", 6)) is None and guard.owner(("192.0.2.2", 5)) is None


def test_an_address_is_forgotten_after_its_last_check_and_kept_by_a_new_one() -> None:
    guard: Guard[Owner] = Guard()
    peer = Owner()
    guard.admit(("192.0.2.1", 5), peer, 0.0)
    guard.admit(("192.0.2.1", 6), peer, 0.0)
    guard.admit(("192.0.2.1", 6), peer, ADDRESS_TTL)
    guard.expire(ADDRESS_TTL + 1)
    assert guard.owner(("192.0.2.1", 5)) is None
    assert guard.owner(("192.0.2.1", 6)) is peer


def test_a_peer_has_at_most_sixteen_addresses_and_frees_them_when_it_goes() -> None:
    guard: Guard[Owner] = Guard()
    peer, other = Owner(), Owner()
    assert all(guard.admit(("192.0.2.1", port), peer, 0.0) for port in range(MAX_ADDRESSES))
    assert not guard.admit(("192.0.2.1", 99), peer, 0.0)
    assert guard.admit(("192.0.2.1", 99), other, 0.0)
    guard.forget(peer)
    assert len(guard) == 1 and guard.owner(("192.0.2.1", 99)) is other
    assert guard.admit(("192.0.2.1", 0), peer, 1.0)


def test_an_address_proved_by_somebody_else_moves_to_them() -> None:
    guard: Guard[Owner] = Guard()
    old, new = Owner(), Owner()
    guard.admit(("192.0.2.1", 5), old, 0.0)
    guard.admit(("192.0.2.1", 5), new, 1.0)
    assert guard.owner(("192.0.2.1", 5)) is new
    guard.forget(old)
    assert guard.owner(("192.0.2.1", 5)) is new


def test_fifty_bad_packets_in_ten_seconds_are_too_many_but_one_a_second_is_not() -> None:
    patience = Patience()
    assert [patience.lost(0.1 * n) for n in range(BAD_PACKETS)] == [False] * (BAD_PACKETS - 1) + [True]
    slow = Patience()
    assert not any(slow.lost(n * BAD_WINDOW / 9) for n in range(1000))
