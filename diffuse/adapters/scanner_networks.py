"""Reads the networks of mail scanners from a file: one a line, what follows ``#`` is a remark."""

from ipaddress import ip_network
from pathlib import Path

from diffuse.adapters.text_files import read_text
from diffuse.domain.networks import KEPT, Network
from diffuse.errors import AuthoringError, Problem


def read_networks(path: Path) -> tuple[Network, ...]:
    """Read the file.

    Raises:
        AuthoringError: naming every line that holds no network, or less than is kept of an address.
    """
    networks: list[Network] = []
    problems: list[Problem] = []
    for number, line in enumerate(read_text(path, str(path)).splitlines(), 1):
        written = line.partition("#")[0].strip()
        if not written:
            continue
        try:
            network = ip_network(written)
        except ValueError:
            network = None
        if network and network.prefixlen <= KEPT[network.version]:
            networks.append(network)
            continue
        expected = f"a network such as 40.94.0.0/16: at most /{KEPT[4]}, or /{KEPT[6]} for IPv6"
        problems.append(Problem(file=str(path), line=number, found=repr(written), expected=expected))
    if problems:
        raise AuthoringError(*problems)
    return tuple(networks)
