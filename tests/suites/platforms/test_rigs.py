"""What tests of platforms stand on: a server that is missing says so, and the proxy fails as it is told."""

import sys
from pathlib import Path

import httpx
import pytest

from tests.servers import ServerDidNotStart, free_port
from tests.suites.platforms.fault_proxy import STEPS, FaultProxy, Reply
from tests.suites.platforms.hook_server import Reply as Told
from tests.suites.platforms.hook_server import listening
from tests.suites.platforms.php import needed, running, wait_for


def test_a_package_that_is_missing_is_named_with_what_to_do() -> None:
    with pytest.raises(
        ServerDidNotStart, match=r"not installed: /no/such; what to do: apt-get install .*wordpress"
    ):
        needed("wordpress", sys.executable, "/no/such")


def test_a_server_that_ends_says_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        running([sys.executable, "-c", "raise SystemExit('adieu')"], log=log) as process,
        pytest.raises(ServerDidNotStart, match="adieu"),
    ):
        wait_for(process, lambda: False, log)


def test_the_proxy_counts_four_steps_of_a_request_and_stops_where_it_is_told() -> None:
    arrived = []

    def answer(path: str, headers: object, body: bytes) -> Told:
        arrived.append(path)
        return Told.of({"path": path})

    with listening(answer) as address, FaultProxy(address) as proxy, httpx.Client() as client:
        assert client.post(f"{proxy.address}/un", content=b"x").json() == {"path": "/un"}
        assert proxy.requests[0].is_write
        proxy.on_step = lambda _: False
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(f"{proxy.address}/deux")
        proxy.on_step, proxy.swallowed = lambda _: True, 3
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(f"{proxy.address}/trois")
        proxy.injected = Reply(status=429, headers={"Retry-After": "7"})
        assert client.post(f"{proxy.address}/quatre").headers["retry-after"] == "7"
    assert proxy.steps >= STEPS
    assert arrived == ["/un", "/trois"]


def test_a_platform_that_is_away_is_away_behind_the_proxy_too() -> None:
    with FaultProxy(f"http://127.0.0.1:{free_port()}") as proxy, pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{proxy.address}/un")
