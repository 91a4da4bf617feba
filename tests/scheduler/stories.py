"""Random stories of the calendar: how many are told, and a database of its own for each.  A tool of the state machines beside it."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from meetings.store.database import Database


def run(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """So many stories of so many steps; the first is always the simplest there is."""
    run_state_machine_as_test(machine, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=False, suppress_health_check=list(HealthCheck)))


@contextmanager
def databases(land: Path) -> Iterator[tuple[Callable[[], Database], Callable[[Database], None]]]:
    """(another copy of `land`, done with it): in memory where the machine has such a folder."""
    memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        numbers = itertools.count()

        def fresh() -> Database:
            path = Path(folder) / f"{next(numbers)}.db"
            shutil.copyfile(land, path)
            return Database(f"sqlite:///{path}")

        def done(database: Database) -> None:
            database.close()
            for path in Path(folder).iterdir():
                path.unlink()

        yield fresh, done
