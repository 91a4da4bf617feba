"""I13.  Whatever is appended, rolled back or attacked, every chain has no gap, verifies, and never loses an
acknowledged event; and no change of any event goes unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from meetings.ledger import Event, link_event, verify_chain
from meetings.store import tables
from meetings.store.database import Database
from meetings.store.ledger_store import append, events
from tests.support.factories import draft

START = datetime.fromisoformat("2026-03-05T01:00:00+00:00")

# What JSON can hold and a browser may send: no lone surrogates, no NUL (PostgreSQL has no such character).
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words
contents = st.dictionaries(words, leaves | st.lists(leaves, max_size=3) | st.dictionaries(words, leaves, max_size=2),
                           max_size=4)
chains = st.lists(st.tuples(words, contents), min_size=1, max_size=6)


def build(items: list[tuple[str, dict[str, Any]]]) -> list[Event]:
    chain: list[Event] = []
    for index, (kind, data) in enumerate(items):
        last = (chain[-1].seq, chain[-1].hash) if chain else None
        chain.append(link_event(last, "m", kind, START + timedelta(seconds=index), data=data))
    return chain


fields = st.sampled_from(["kind", "data", "at", "actor", "point", "seq", "prev_hash", "hash", "meeting_id"])


@given(items=chains, where=st.integers(0, 5), kind=words, content=contents, shift=st.integers(-9, 9), field=fields)
def test_no_change_of_one_event_goes_unseen(
    items: list[tuple[str, dict[str, Any]]], where: int, kind: str, content: dict[str, Any], shift: int, field: str,
) -> None:
    chain = build(items)
    target = chain[where % len(chain)]
    value: Any = {
        "kind": kind, "data": content, "actor": content, "point": content, "seq": target.seq + shift,
        "at": target.at + timedelta(microseconds=shift), "prev_hash": target.hash, "hash": target.prev_hash,
        "meeting_id": "n",
    }[field]
    before = getattr(target, field)
    chain[where % len(chain)] = replace(target, **{field: value})
    same = value == before and type(value) is type(before) and repr(value) == repr(before)
    if same:
        assert verify_chain(chain) is None
    elif repr(sorted_deep(value)) != repr(sorted_deep(before)):
        assert verify_chain(chain) is not None


def sorted_deep(value: Any) -> Any:
    """Without the order of keys, which canonical JSON does not keep either."""
    if isinstance(value, dict):
        return sorted((key, repr(sorted_deep(item))) for key, item in value.items())
    return [sorted_deep(item) for item in value] if isinstance(value, list) else value


@given(items=chains, where=st.integers(0, 5))
def test_no_event_before_the_last_is_taken_out_unseen(items: list[tuple[str, dict[str, Any]]], where: int) -> None:
    chain = build(items)
    index = where % len(chain)
    if index < len(chain) - 1:
        assert verify_chain(chain[:index] + chain[index + 1:]) is not None


class Ledger(RuleBasedStateMachine):
    """Three chains; the model is the list of acknowledged contents of each."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at = db, at
        self.model: dict[str | None, list[dict[str, Any]]] = {}

    @initialize()
    def start(self) -> None:
        with self.db.write() as conn:
            chains: list[str | None] = [draft(conn, self.at), draft(conn, self.at), None]
            self.model = {chain: [dict(e.data) for e in events(conn, chain)] for chain in chains}

    @rule(which=st.integers(0, 2), content=contents, commit=st.booleans(), clock=st.integers(-3600, 3600))
    def write(self, which: int, content: dict[str, Any], commit: bool, clock: int) -> None:
        """By somebody who looked at the clock a while ago, or whose clock is wrong."""
        chain = list(self.model)[which]
        try:
            with self.db.write() as conn:
                append(conn, chain, "anything", self.at + timedelta(seconds=clock), data=content)
                if not commit:
                    raise KeyError
        except KeyError:
            return
        self.model[chain].append(content)

    @rule(which=st.integers(0, 2), crime=st.sampled_from(["update", "delete"]))
    def tamper(self, which: int, crime: str) -> None:
        chain = list(self.model)[which]
        if not self.model[chain]:
            return
        table = tables.event
        of = table.c.meeting_id.is_(None) if chain is None else table.c.meeting_id == chain
        statement = update(table).where(of).values(data={}) if crime == "update" else delete(table).where(of)
        with pytest.raises(IntegrityError), self.db.write() as conn:
            conn.execute(statement)

    @invariant()
    def every_chain_holds(self) -> None:
        with self.db.read() as conn:
            for chain, contents_ in self.model.items():
                stored = events(conn, chain)
                assert [event.seq for event in stored] == list(range(1, len(contents_) + 1))
                assert [event.data for event in stored] == contents_
                assert verify_chain(stored) is None
                assert all(one.at <= other.at for one, other in pairwise(stored)), "time runs forward"


def test_i13_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Ledger(sqlite_db, at), settings=settings(max_examples=6, stateful_step_count=30))


@pytest.mark.postgres
def test_i13_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Ledger(postgres_db, at),
                              settings=settings(max_examples=3, stateful_step_count=25))


@pytest.mark.long
def test_i13_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Ledger(db, at), settings=settings(max_examples=60, stateful_step_count=60))
