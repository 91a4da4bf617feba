"""The firewall of an office, at the far end of a `Line`: what may leave it, by rules of nftables in its own namespace.

Called by tests/journeys.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.line import Line, run

_TABLE = "office"


def let_out(line: Line, *allowed: str) -> None:
    """From now on only this leaves the namespace, each an expression of nft; nothing at all lifts the firewall.

    A packet that is not let out is dropped without an answer, as firewalls do.
    """
    _nft(line, f"add table inet {_TABLE}", f"delete table inet {_TABLE}")
    if allowed:
        _nft(line, *_rules(allowed))


def passed(line: Line) -> dict[str, int]:
    """Packets counted so far by protocol of what was stopped: `udp`, `tcp`."""
    listed = run("ip", "netns", "exec", line.namespace, "nft", "list", "chain", "inet", _TABLE, "out")
    return {words[2]: int(words[words.index("packets") + 1]) for row in listed.splitlines()
            if (words := row.split())[:2] == ["meta", "l4proto"] and words[-1] == "drop"}


def _rules(allowed: Iterable[str]) -> list[str]:
    chain = f"inet {_TABLE} out"
    return [
        f"add table inet {_TABLE}", f"add chain {chain} {{ type filter hook output priority 0; policy drop; }}",
        f"add rule {chain} oifname lo accept", *(f"add rule {chain} {one} accept" for one in allowed),
        *(f"add rule {chain} meta l4proto {protocol} counter drop" for protocol in ("udp", "tcp")),
        f"add rule {chain} accept",  # ARP and the like are no business of an office
    ]


def _nft(line: Line, *commands: str) -> None:
    run("ip", "netns", "exec", line.namespace, "nft", "; ".join(commands))
