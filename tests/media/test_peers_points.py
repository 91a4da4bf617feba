"""Points that are kept joined: through a restart of the worker, past a closed door, until told to stop."""
import asyncio

from media.bench_worker import Worker, worker_process
from media.errors import Gone
from media.peers import Exchange, HangUp
from media.peers_points import Role, SyntheticPoint, run_points


class Province:
    """A door to whichever worker runs at the moment; remembers who came in."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.refused: set[str] = set()
        self.joined: list[tuple[str, Role]] = []
        self.asked: list[str] = []
        self.changed = asyncio.Event()

    def door(self, point: SyntheticPoint, role: Role) -> tuple[Exchange, HangUp | None]:
        async def exchange(offer: str) -> tuple[str, str]:
            self.asked.append(point.name)
            if point.name in self.refused:
                raise Gone("link.revoked")
            if self.worker is None:
                raise ConnectionError("nobody at home")
            way = self.worker.publishing if role == "publish" else self.worker.watching
            return await way("room", point.name)(offer)

        async def hang_up(location: str) -> None:
            if self.worker is not None:
                await self.worker.hang_up(location)

        return exchange, hang_up

    def on_joined(self, point: SyntheticPoint, role: Role) -> None:
        self.joined.append((point.name, role))
        self.changed.set()

    async def until_joined(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.joined) < count:
                self.changed.clear()
                await self.changed.wait()


async def test_points_join_and_join_again_when_the_worker_comes_back() -> None:
    province, stop = Province(), asyncio.Event()
    points = [SyntheticPoint("4021", "4021", 1), SyntheticPoint("4022", "4022", 2, publishes=False)]
    everybody = {("4021", "publish"), ("4021", "subscribe"), ("4022", "subscribe")}
    async with asyncio.TaskGroup() as group:
        async with worker_process() as province.worker:
            group.create_task(run_points(points, province.door, stop, province.on_joined))
            await province.until_joined(3)
            assert set(province.joined) == everybody
        province.worker = None
        async with worker_process() as province.worker:
            await province.until_joined(6)
            assert set(province.joined[3:]) == everybody
            stats = await province.worker.client.stats("room")
            assert len(stats["rooms"]["room"]["sessions"]) == 3
            stop.set()
            async with asyncio.timeout(10):
                while (await province.worker.client.stats())["rooms"]:
                    await asyncio.sleep(0.05)


async def test_a_link_that_no_longer_opens_is_not_tried_again() -> None:
    province, stop = Province(), asyncio.Event()
    province.refused.add("4021")
    points = [SyntheticPoint("4021", "4021", 1, audio_slots=0, video_slots=0)]
    async with asyncio.timeout(10):
        await run_points(points, province.door, stop)
    assert province.asked == ["4021"]
