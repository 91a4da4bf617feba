"""The one timer of all peers."""
import asyncio

from media.peers_wheel import Wheel


async def test_tasks_run_in_the_order_of_their_times_and_never_before() -> None:
    wheel, ran, done = Wheel(), [], asyncio.Event()
    start = wheel.now
    for wait in (0.03, 0.01, 0.02, 0.0):
        wheel.at(start + wait, lambda now, wait=wait: ran.append((wait, now - start)))
    wheel.at(start + 0.04, lambda now: done.set())
    await asyncio.wait_for(done.wait(), 5)
    assert [wait for wait, _ in ran] == [0.0, 0.01, 0.02, 0.03]
    assert all(late >= wait for wait, late in ran)


async def test_what_is_due_within_one_grain_shares_one_wake_up() -> None:
    wheel, times, done = Wheel(grain=0.05), [], asyncio.Event()
    start = wheel.now
    for number in range(100):
        wheel.at(start + number * 0.0005, times.append)
    wheel.at(start + 0.1, lambda now: done.set())
    await asyncio.wait_for(done.wait(), 5)
    assert len(times) == 100
    assert len(set(times)) <= 3


async def test_a_task_may_ask_for_itself_again() -> None:
    wheel, turns, done = Wheel(), [], asyncio.Event()

    def again(now: float) -> None:
        turns.append(now)
        if len(turns) < 5:
            wheel.at(now, again)
        else:
            done.set()

    wheel.at(wheel.now, again)
    await asyncio.wait_for(done.wait(), 5)
    assert len(set(turns)) == 5


async def test_one_failing_task_does_not_stop_the_others() -> None:
    wheel, done, told = Wheel(), asyncio.Event(), []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))

    def fail(now: float) -> None:
        raise ValueError("this one is broken")

    wheel.at(wheel.now, fail)
    wheel.at(wheel.now, lambda now: done.set())
    await asyncio.wait_for(done.wait(), 5)
    assert [type(error) for error in told] == [ValueError]
