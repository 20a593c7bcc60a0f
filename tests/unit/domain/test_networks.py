"""What is kept of addresses, and whose word about them is taken."""

from ipaddress import ip_network

import pytest

from diffuse.domain.networks import client, truncated, within

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("[2001:db8::1]", "2001:db8::/48"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_addresses_are_cut_short(address: str, kept: str) -> None:
    assert truncated(address) == kept


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "unknown", "unknown"),
        ("testclient", "198.51.100.1", "testclient"),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str, forwarded: str, found: str) -> None:
    assert client(peer, forwarded, PROXIES) == found


@pytest.mark.parametrize(
    ("network", "inside"),
    [("40.94.12.0/24", True), ("40.95.12.0/24", False), ("2a01:111:f400::/48", True), ("2a02::/48", False)],
)
def test_a_network_lies_in_a_range_of_its_own_kind(network: str, inside: bool) -> None:
    assert within(network, [ip_network("40.94.0.0/16"), ip_network("2a01:111::/32")]) == inside
