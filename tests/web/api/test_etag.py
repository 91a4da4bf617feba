"""Tags of versions: what matches what, by RFC 9110 §8.8.3, §13.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.api import etag
from web.api.problem import Refused

TAG = etag.of(b"one")


@given(st.binary(), st.binary())
def test_a_tag_is_of_the_bytes(one: bytes, other: bytes) -> None:
    assert (etag.of(one) == etag.of(other)) == (one == other)
    etag.check(etag.wanted(etag.of(one)), etag.of(one))


@pytest.mark.parametrize("given", [TAG, f'"x",{TAG}', f' {TAG} , "y" ', f'W/"x", {TAG}', "*", " * "])
def test_the_version_that_stands_may_be_changed(given: str) -> None:
    etag.check(etag.wanted(given), TAG)


@pytest.mark.parametrize("given", [etag.of(b"two"), f"W/{TAG}", '"x", "y"', '""'])
def test_another_version_or_a_weak_one_may_not(given: str) -> None:
    with pytest.raises(Refused) as refused:
        etag.check(etag.wanted(given), TAG)
    assert (refused.value.code, refused.value.status) == ("api.stale", 412)


@pytest.mark.parametrize(("given", "code", "status"), [
    (None, "api.match_missing", 428), ("", "api.match_missing", 428), ("   ", "api.match_missing", 428),
    (TAG.strip('"'), "api.match", 400), (f"{TAG} {TAG}", "api.match", 400), (f"{TAG},", "api.match", 400),
    ('"a"b"', "api.match", 400), ("*, *", "api.match", 400), ('"x",' * 5000 + TAG, "api.match", 400),
])
def test_what_names_no_version_is_refused(given: str | None, code: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        etag.wanted(given)
    assert (refused.value.code, refused.value.status) == (code, status)


@given(st.text(max_size=200))
def test_any_header_is_answered(text: str) -> None:
    etag.matches(text, TAG)
    try:
        etag.check(etag.wanted(text), TAG)
    except Refused as refused:
        assert refused.status in (400, 412, 428)
