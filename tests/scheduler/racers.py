"""What one of several processes does in a race for the same points.  Started by `test_race`; holds no tests."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from queue import Empty
from typing import Any

from sqlalchemy.exc import IntegrityError

from meetings.access import Subject
from meetings.errors import Conflict, Unavailable
from meetings.store.database import Database
from scheduler import service, store

PATIENCE_S = 300  # only ends what would never end


def race(
    url: str, meeting_ids: list[str], points: list[list[int]], by: Subject, at: datetime, start: Any, answers: Any
) -> None:
    """Books one meeting a round through the service, all processes at once; answers (meeting, outcome) for each.

    outcome: the number booked, or the list of meetings that stood in the way.
    """
    database = Database(url)
    outcomes: list[tuple[str, object]] = []
    for meeting_id, wanted in zip(meeting_ids, points, strict=True):
        start.wait(PATIENCE_S)
        try:
            with database.write() as conn:
                outcomes.append((meeting_id, service.book(conn, meeting_id, wanted, by, at)))
        except Conflict as lost:
            outcomes.append((meeting_id, [entry["meeting"] for entry in lost.params["conflicts"]]))
    database.close()
    answers.put(outcomes)


def crowd(
    url: str, clients: list[list[str]], points: list[int], by: Subject, at: datetime, start: Any, answers: Any
) -> None:
    """Some clients in one process, each a thread with connections of its own: the round's meeting of each wants the same points.

    Answers (meeting, outcome) as `race` does, for all of them.
    """
    database = Database(url)

    def client(meeting_ids: list[str]) -> list[tuple[str, object]]:
        outcomes: list[tuple[str, object]] = []
        for meeting_id in meeting_ids:
            start.wait(PATIENCE_S)
            try:
                with database.write() as conn:
                    outcomes.append((meeting_id, service.book(conn, meeting_id, points, by, at)))
            except Conflict as lost:
                outcomes.append((meeting_id, [entry["meeting"] for entry in lost.params["conflicts"]]))
        return outcomes

    with ThreadPoolExecutor(len(clients)) as threads:
        answers.put([pair for found in threads.map(client, clients) for pair in found])
    database.close()


def storm(url: str, rows: list[dict[str, Any]], start: Any, answers: Any) -> None:
    """Inserts bookings past the service, one a round, all processes at once; answers which were taken.

    A deadlock is a refusal too: PostgreSQL lets two inserters that wait for each other decide so.
    """
    database = Database(url)
    taken: list[bool] = []
    for row in rows:
        start.wait(PATIENCE_S)
        try:
            with database.write() as conn:
                conn.execute(store.booking.insert().values(**row))
            taken.append(True)
        except (IntegrityError, Unavailable) as error:
            reason = str(error.__cause__)
            assert "booking_overlap" in reason or "deadlock" in reason, error
            taken.append(False)
    database.close()
    answers.put(taken)


def together(work: Any, shares: list[tuple[Any, ...]], *, each: int = 1, patience: float = PATIENCE_S * 2) -> list[Any]:
    """Runs `work(*share, barrier, answers)` in one process a share, `each` of whose clients wait; their answers in any order."""
    # The fork server has imported everything once and holds no connection: its children start in milliseconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    start, answers = context.Barrier(len(shares) * each), context.Queue()
    runners = [context.Process(target=work, args=(*share, start, answers)) for share in shares]
    for runner in runners:
        runner.start()
    try:
        return [_next(answers, runners, time.monotonic() + patience) for _ in runners]
    finally:
        for runner in runners:
            runner.join(PATIENCE_S)
        answers.close()
        answers.join_thread()


def _next(answers: Any, runners: list[Any], until: float) -> Any:
    """The next answer; a client that died gives none, and is not waited for."""
    while True:
        try:
            return answers.get(timeout=0.5)
        except Empty:
            assert not any(runner.exitcode for runner in runners), "a client died: its error is above"
            assert time.monotonic() < until, "the clients are not done in time"
