"""Addresses: cut short before anything is kept, and whose word about them is taken."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

KEPT = {4: 24, 6: 48}
"""Leading bits of an address that are kept, by its version."""


def truncated(address: str) -> str:
    """Return the network of an address, such as ``203.0.113.0/24``; empty when it is no address."""
    try:
        found = ip_address(address.strip().strip("[]"))
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ip_network(f"{found}/{KEPT[found.version]}", strict=False))


def client(peer: str, forwarded: str, trusted: Collection[Network]) -> str:
    """Return the address that a request came from.

    Args:
        peer: the other end of the connection.
        forwarded: the X-Forwarded-For headers, joined by commas; what came from no trusted proxy is made up.
        trusted: the networks of our own proxies.
    """
    address = peer
    for before in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _in(address, trusted):
            break
        address = before
    return address


def within(network: str, ranges: Collection[Network]) -> bool:
    """Tell whether a truncated network lies in one of some ranges."""
    found = ip_network(network)
    return any(_holds(one, found) for one in ranges)


def _holds(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and other.subnet_of(one)
    return isinstance(other, IPv6Network) and other.subnet_of(one)


def _in(address: str, networks: Collection[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
