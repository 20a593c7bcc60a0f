"""Machines of their own for workers: network namespaces on one bridge, whose cables can be pulled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MISSING = "network namespaces need {}; what to do: {}"


class NoNamespaces(Exception):
    """This machine gives us no network namespaces; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A network namespace with one cable to the bridge."""

    name: str
    cable: str

    @property
    def before(self) -> tuple[str, ...]:
        """What stands before a command that runs there."""
        return ("ip", "netns", "exec", self.name)

    def pull(self) -> None:
        """Pull its cable: nothing arrives any more, and nobody is told."""
        _ip("link", "set", self.cable, "down")

    def plug(self) -> None:
        """Plug its cable in again."""
        _ip("link", "set", self.cable, "up")


@dataclass(frozen=True, kw_only=True)
class Network:
    """A bridge, at whose address this machine's servers answer, and the machines on it."""

    address: str
    subnet: str
    machines: tuple[Machine, ...]


@contextmanager
def network(number: int) -> Iterator[Network]:
    """Make so many machines; they are gone at the end.

    Raises:
        NoNamespaces: when this machine does not let us.
    """
    if shutil.which("ip") is None:
        raise NoNamespaces(MISSING.format("iproute2", "apt-get install iproute2"))
    if os.geteuid() != 0:
        raise NoNamespaces(MISSING.format("root", "run this test as root, or in a container of its own"))
    mark = f"{os.getpid() & 0xFFFF:04x}"
    subnet = f"10.{213 + os.getpid() % 40}.{os.getpid() // 40 % 250}"
    bridge, address = f"dif{mark}b", f"{subnet}.1"
    machines = tuple(Machine(name=f"dif{mark}n{one}", cable=f"dif{mark}c{one}") for one in range(number))
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("address", "add", f"{address}/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for place, machine in enumerate(machines, start=2):
            _connect(machine, bridge, f"{subnet}.{place}/24")
        yield Network(address=address, subnet=f"{subnet}.0/24", machines=machines)
    finally:
        for machine in machines:
            _ip("link", "delete", machine.cable, check=False)
            _ip("netns", "delete", machine.name, check=False)
        _ip("link", "delete", bridge, check=False)


def _connect(machine: Machine, bridge: str, address: str) -> None:
    """Make a machine and its cable."""
    _ip("netns", "add", machine.name)
    there = ("-n", machine.name)
    _ip("link", "add", machine.cable, "type", "veth", "peer", "name", "eth0", "netns", machine.name)
    _ip("link", "set", machine.cable, "master", bridge, "up")
    _ip(*there, "address", "add", address, "dev", "eth0")
    _ip(*there, "link", "set", "eth0", "up")
    _ip(*there, "link", "set", "lo", "up")


def _ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)  # noqa: S607
    if check and done.returncode:
        remedy = "give this container the capabilities NET_ADMIN and SYS_ADMIN"
        raise NoNamespaces(MISSING.format(f"'ip {' '.join(words)}' ({done.stderr.strip()})", remedy))
