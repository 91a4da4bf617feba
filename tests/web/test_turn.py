"""Passing credentials are what coturn expects, and end by themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.support.coturn import command_line
from web.limits import TURN_CREDENTIALS
from web.settings import Settings
from web.turn import ice_servers, links, user_of

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def test_coturn_finds_the_expiry_in_the_name_and_the_mac_in_the_password() -> None:
    (server,) = ice_servers(["turn:hop.example:3478"], "shared", "06970", AT)
    expiry, _, name = server["username"].partition(":")
    assert (int(expiry), name) == (int((AT + TURN_CREDENTIALS).timestamp()), "06970")
    mac = hmac.new(b"shared", server["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(server["credential"]) == mac
    assert server["urls"] == ["turn:hop.example:3478"]


def test_players_that_read_headers_get_the_same_as_links() -> None:
    servers = ice_servers(["turn:hop.example:3478?transport=udp", "turns:hop.example:443?transport=tcp"], "shared", "06970", AT)
    name, word = servers[0]["username"], servers[0]["credential"]
    assert links(servers) == [
        f'<{url}>; rel="ice-server"; username="{name}"; credential="{word}"; credential-type="password"'
        for url in ("turn:hop.example:3478?transport=udp", "turns:hop.example:443?transport=tcp")]
    assert links([]) == []


def test_a_point_is_another_user_each_minute_and_never_more_than_ten() -> None:
    names = [user_of("06970", AT + timedelta(minutes=minute)) for minute in range(25)]
    assert names[0] == user_of("06970", AT + timedelta(seconds=59)) != names[1]
    assert len(set(names)) == 10 and len(set(names[:10])) == 10 and all(name.startswith("06970.") for name in names)


def test_without_a_turn_server_browsers_are_told_of_none() -> None:
    assert ice_servers([], "shared", "06970", AT) == [] == ice_servers(["turn:x"], "", "06970", AT)


def test_settings_take_several_addresses_with_commas_and_show_no_secret() -> None:
    settings = Settings.model_validate(
        {"advertise": "10.0.0.1, 203.0.113.9", "turn_urls": "turn:a,turn:b", "turn_secret": "s3cr3t"})
    assert settings.advertise == ("10.0.0.1", "203.0.113.9") and settings.turn_urls == ("turn:a", "turn:b")
    assert "s3cr3t" not in repr(settings)


def test_addresses_of_both_families_are_advertised_and_nothing_nobody_can_reach() -> None:
    assert Settings(advertise="203.0.113.9, 2001:DB8:0::9").advertise == ("203.0.113.9", "2001:db8::9")
    for wrong in ("hop.example", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "10.0.0.256"):
        with pytest.raises(ValidationError):
            Settings(advertise=wrong)


def test_the_deployment_files_name_only_settings_that_exist() -> None:
    names = set(re.findall(r"DIEMCAU_([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    names |= set(re.findall(r"`DIEMCAU_([A-Z_]+)`", (ROOT / "docs" / "operating.md").read_text()))
    assert names - {"CONFIG"} <= {name.upper() for name in Settings.model_fields}


CLOSED = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::1/128",
          "::/128", "fc00::/7", "fe80::/10", "::ffff:0:0/96", "64:ff9b::/96", "0.0.0.0/0", "::/0")


def configuration() -> dict[str, list[str]]:
    """Every directive of deploy/turnserver.conf with its values."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "deploy" / "turnserver.conf").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("network", CLOSED)
def test_coturn_is_no_way_into_the_inner_network(network: str) -> None:
    """The ranges of ASVS 5.0 V17.1.1, each denied as a whole by a line of its own; nothing is allowed in the file."""
    wanted = ip_network(network)
    ranges = [tuple(map(ip_address, (value.split("-") * 2)[:2])) for value in configuration()["denied-peer-ip"]]
    assert (wanted[0], wanted[-1]) in ranges
    assert "allowed-peer-ip" not in configuration() and "allow-loopback-peers" not in configuration()


def test_coturn_takes_only_our_credentials_and_bounds_what_each_may_have() -> None:
    found = configuration()
    for word in ("use-auth-secret", "no-cli", "no-multicast-peers", "no-dtls", "no-tlsv1", "no-tlsv1_1", "fingerprint", "stale-nonce"):
        assert word in found, word
    assert not {"no-auth", "static-auth-secret", "user", "lt-cred-mech", "cli-password", "no-tls", "no-udp", "no-tcp"} & set(found)
    (mine,), (total,) = found["user-quota"], found["total-quota"]
    (first,), (last,) = found["min-port"], found["max-port"]
    assert int(mine) == 4 and 4 * 239 <= int(total) <= int(last) - int(first) + 1, "a port for every allocation"
    assert found["listening-port"] == ["3478"] and found["tls-listening-port"] == ["5349"]


def test_the_deployment_offers_coturn_over_udp_tcp_and_tls_and_opens_the_relay_for_both() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    (urls,) = re.findall(r"DIEMCAU_TURN_URLS: (.+)", compose)
    assert [(url.split(":")[0], url.split(":")[-1]) for url in urls.replace("${DOMAIN}", "hop").split(",")] == [
        ("turn", "3478?transport=udp"), ("turn", "3478?transport=tcp"), ("turns", "5349?transport=tcp")]
    opened = {protocol: ports for ports, protocol in re.findall(r'- "(3480\S*)/(udp|tcp)"', compose)}
    assert opened["udp"] == opened["tcp"], "every port of the relay by both"
    words = command_line("203.0.113.10")
    assert "--allowed-peer-ip=203.0.113.10" in words and sum(word.startswith(("--cert=", "--pkey=")) for word in words) == 2
