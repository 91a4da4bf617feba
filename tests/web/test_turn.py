"""Passing credentials are what coturn expects, and end by themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from pathlib import Path

from web.limits import TURN_CREDENTIALS
from web.settings import Settings
from web.turn import ice_servers

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def test_coturn_finds_the_expiry_in_the_name_and_the_mac_in_the_password() -> None:
    (server,) = ice_servers(["turn:hop.example:3478"], "shared", "06970", AT)
    expiry, _, name = server["username"].partition(":")
    assert (int(expiry), name) == (int((AT + TURN_CREDENTIALS).timestamp()), "06970")
    mac = hmac.new(b"shared", server["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(server["credential"]) == mac
    assert server["urls"] == ["turn:hop.example:3478"]


def test_without_a_turn_server_browsers_are_told_of_none() -> None:
    assert ice_servers([], "shared", "06970", AT) == [] == ice_servers(["turn:x"], "", "06970", AT)


def test_settings_take_several_addresses_with_commas_and_show_no_secret() -> None:
    settings = Settings.model_validate(
        {"advertise": "10.0.0.1, 203.0.113.9", "turn_urls": "turn:a,turn:b", "turn_secret": "s3cr3t"})
    assert settings.advertise == ("10.0.0.1", "203.0.113.9") and settings.turn_urls == ("turn:a", "turn:b")
    assert "s3cr3t" not in repr(settings)


def test_the_deployment_files_name_only_settings_that_exist() -> None:
    names = set(re.findall(r"DIEMCAU_([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    names |= set(re.findall(r"`DIEMCAU_([A-Z_]+)`", (ROOT / "docs" / "operating.md").read_text()))
    assert names - {"CONFIG"} <= {name.upper() for name in Settings.model_fields}


def test_coturn_is_no_way_into_the_inner_network() -> None:
    """The ranges of ASVS 5.0 V17.1.1, each denied as a whole."""
    text = (ROOT / "deploy" / "turnserver.conf").read_text()
    for first in ("0.0.0.0-", "10.0.0.0-10.255", "127.0.0.0-127.255", "169.254.0.0-", "172.16.0.0-172.31", "192.168.0.0-",
                  "100.64.0.0-", "::1", "fc00::-", "fe80::-", "::ffff:0:0-"):
        assert f"denied-peer-ip={first}" in text, first
    assert "use-auth-secret" in text and "no-cli" in text
