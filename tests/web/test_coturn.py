"""Passing credentials held against a real coturn with the configuration that is deployed."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aioice import stun, turn

from tests.support.coturn import SECRET, Coturn
from tests.support.line import Line
from web.limits import TURN_CREDENTIALS
from web.turn import ice_servers

pytestmark = pytest.mark.netns


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    """On an address of a cable that leads nowhere else."""
    with Line.laid() as line, Coturn.running(tmp_path_factory.mktemp("turn"), line.here) as running:
        yield running


class Quiet(asyncio.DatagramProtocol):
    """Hands on what comes back."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.came.put_nowait(data)


def credentials(name: str, left: timedelta = TURN_CREDENTIALS) -> tuple[str, str]:
    """What a page gets whose ticket was drawn so that this much time is left."""
    (server,) = ice_servers(["turn:x"], SECRET, name, datetime.now(UTC) + left - TURN_CREDENTIALS)
    return server["username"], server["credential"]


@asynccontextmanager
async def allocation(
    coturn: Coturn, name: str, *, tls: bool = False, left: timedelta = TURN_CREDENTIALS
) -> AsyncIterator[tuple[turn.TurnTransport, Quiet]]:
    """Raises: stun.TransactionFailed with the code coturn answers."""
    user, password = credentials(name, left)
    trusted: ssl.SSLContext | bool = ssl.create_default_context(cafile=str(coturn.certificate)) if tls else False
    transport, protocol = await turn.create_turn_endpoint(
        Quiet, server_addr=(coturn.address, coturn.tls_port if tls else coturn.port), username=user, password=password, ssl=trusted,
        transport="tcp" if tls else "udp")
    try:
        yield transport, protocol
    finally:
        await transport._close()  # says Refresh 0 and waits for the answer
        transport._TurnTransport__inner_protocol.transport.abort()  # a way by TLS would say goodbye first, after the test is over
        await asyncio.sleep(0)


def code(error: stun.TransactionFailed) -> int:
    number: int = error.response.attributes["ERROR-CODE"][0]
    return number


@pytest.mark.parametrize("tls", [False, True], ids=["udp", "tls"])
async def test_what_a_page_is_given_opens_a_way_to_our_relay_and_to_nobody_else(coturn: Coturn, tls: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind((coturn.address, 0))
        relay.setblocking(False)
        async with allocation(coturn, f"point-{tls}", tls=tls) as (transport, protocol):
            transport.sendto(b"ping", relay.getsockname())
            async with asyncio.timeout(5):
                data, source = await asyncio.get_running_loop().sock_recvfrom(relay, 100)
                await asyncio.get_running_loop().sock_sendto(relay, b"pong", source)
                assert (data, await protocol.came.get()) == (b"ping", b"pong")
            inner = transport._TurnTransport__inner_protocol
            for number, peer in enumerate(("127.0.0.1", "10.0.0.1", "192.168.1.1", "172.20.0.1", "169.254.169.254", "100.64.0.1",
                                           "0.0.0.0", "203.0.113.77", "8.8.8.8")):
                with pytest.raises(stun.TransactionFailed) as refused:
                    await inner.channel_bind(0x4100 + number, (peer, 80))
                assert code(refused.value) == 403, peer


async def test_a_point_has_at_most_four_allocations_whatever_the_time_in_its_name(coturn: Coturn) -> None:
    async with allocation(coturn, "p"), allocation(coturn, "p"), allocation(coturn, "p", left=timedelta(minutes=9)):
        async with allocation(coturn, "p", left=timedelta(minutes=8)):
            assert not await given(coturn, "p") and await given(coturn, "another")
        async with asyncio.timeout(10):
            while not await given(coturn, "p"):  # what was handed back is counted a little later
                await asyncio.sleep(0.1)


async def given(coturn: Coturn, name: str) -> bool:
    """Whether this user gets one more."""
    try:
        async with allocation(coturn, name):
            return True
    except stun.TransactionFailed as refused:
        assert code(refused) == 486
        return False


async def test_late_and_forged_credentials_are_refused_and_a_session_outlasts_them(coturn: Coturn) -> None:
    for name, left in (("late", timedelta(seconds=-2)), ("forged", TURN_CREDENTIALS)):
        with pytest.raises(stun.TransactionFailed) as refused:
            user, password = credentials(name, left)
            await turn.create_turn_endpoint(
                Quiet, server_addr=(coturn.address, coturn.port), username=user, password=password + "x" * (name == "forged"))
        assert code(refused.value) == 401
    expiry = datetime.now(UTC) + timedelta(seconds=1.5)
    async with allocation(coturn, "short", left=timedelta(seconds=1.5)) as (transport, _):
        while datetime.now(UTC) < expiry + timedelta(seconds=1.5):  # coturn's clock cannot be moved
            await asyncio.sleep(0.1)
        request = stun.Message(stun.Method.REFRESH, stun.Class.REQUEST)
        request.attributes["LIFETIME"] = 600
        answer, _ = await transport._TurnTransport__inner_protocol.request_with_retry(request)
        assert answer.attributes["LIFETIME"] == 600
        with pytest.raises(stun.TransactionFailed):
            async with allocation(coturn, "short", left=timedelta(seconds=-1)):
                pass


def test_coturn_understood_every_line_of_its_configuration(coturn: Coturn) -> None:
    log = coturn.log.read_text(errors="replace")
    start, _, _ = log.partition("turn server id=")
    assert not re.search(r"(?i)bad config|unknown|unrecognized|cannot (find|start|open|load|set)", start), log
    assert log.count("Black listing") >= 15 and f"White listing: {coturn.address}" in log and "TLS1.2" in log
