"""The plugin for WordPress in a real one: who is signed in sees what waits, and nobody else anything."""

import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn

from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.engine import connect
from diffuse.domain.people import Employee
from diffuse.testing import FrozenClock
from diffuse.web.log import Hit
from tests.suites.platforms.php import php
from tests.suites.platforms.wordpress_server import WordPressRig
from tests.suites.web.board import TOKEN, Board
from tests.suites.web.given import NOW, fill

PLUGIN = Path(__file__).parents[2] / "intranet/wordpress/diffuse-pending.php"
PASSWORD = "un mot de passe d’essai"

SETTINGS = """<?php
$told = json_decode(file_get_contents(__DIR__ . '/told.json'), true);
if ($told['url']) {
    define('DIFFUSE_URL', $told['url']);
    define('DIFFUSE_TOKEN', $told['token']);
}
add_filter('locale', function () use ($told) { return $told['locale']; });
"""
"""Stands for wp-config.php, which the running server would not read again."""

PREPARE = """
$_SERVER['HTTP_HOST'] = '127.0.0.1';
require 'wp-load.php';
require ABSPATH . 'wp-admin/includes/plugin.php';
$done = activate_plugin('diffuse-pending.php');
if (is_wp_error($done)) { fwrite(STDERR, $done->get_error_message()); exit(1); }
foreach (['author', 'contributor'] as $role) {
    wp_set_password(getenv('PASSWORD'), get_user_by('login', "com-$role")->ID);
}
echo json_encode([
    'shortcode' => wp_insert_post(['post_title' => 'Accueil', 'post_content' => 'Bonjour. [diffuse_pending]',
        'post_status' => 'publish']),
    'block' => wp_insert_post(['post_title' => 'Bloc', 'post_content' => '<!-- wp:diffuse/pending /-->',
        'post_status' => 'publish']),
]);
"""
KEPT = "DELETE FROM wp_options WHERE option_name LIKE '%diffuse\\_pending%'"


@dataclass
class Home:
    """A WordPress with the plugin, and the service that it asks."""

    rig: WordPressRig
    site: Path
    posts: dict[str, int]
    board: Board
    service: str
    hits: list[Hit] = field(default_factory=list)

    def told(self, url: str | None = None, *, locale: str = "fr_CA", token: str = TOKEN) -> None:
        """Write the constants of wp-config.php, and forget what was kept."""
        url = self.service if url is None else url
        told = {"url": url, "token": token, "locale": locale}
        (self.site / "wp-content/mu-plugins/told.json").write_text(json.dumps(told), encoding="utf-8")
        self.rig.sql(KEPT)
        self.hits.clear()

    def page(self, browser: httpx.Client, which: str = "shortcode") -> str:
        """Return a page of the intranet, which must be whole."""
        answer = browser.get(f"/?p={self.posts[which]}")
        assert answer.status_code == 200
        assert {"shortcode": "Accueil", "block": "Bloc"}[which] in answer.text
        assert not re.search("Warning|Notice|Fatal|Deprecated", answer.text)
        return answer.text

    def visitor(self) -> httpx.Client:
        """Return a browser of nobody's."""
        return httpx.Client(base_url=self.rig.address, timeout=30, follow_redirects=True)

    @contextmanager
    def signed_in(self, role: str = "author") -> Iterator[httpx.Client]:
        """Open a browser in which somebody has signed in at wp-login.php."""
        with self.visitor() as browser:
            given = {"log": f"com-{role}", "pwd": PASSWORD}
            answer = browser.post("/wp-login.php", data=given, follow_redirects=False)
            assert any(name.startswith("wordpress_logged_in") for name in browser.cookies), answer.text
            yield browser


@contextmanager
def served(board_at: Path, hits: list[Hit]) -> Iterator[tuple[Board, str]]:
    """Run the service over a database in which the author has two posts to confirm, and others have mail."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        engine = connect(f"sqlite:///{board_at / 'diffuse.db'}")
        fill(engine)
        SqlDirectory(engine).save([Employee(id="e-author", name="Anne Roy", email="author@exemple.test")])
        board = Board(engine, FrozenClock(NOW), KeyedSigner("s" * 32, address, "universite.example"))
        for point in ("post", "wild", "said"):
            board.post(point, channel="wordpress")
        server = uvicorn.Server(uvicorn.Config(board.app(address, log=hits.append), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield board, address
        finally:
            server.should_exit = True
            thread.join()
            engine.dispose()


@pytest.fixture(scope="module")
def installed(wordpress: WordPressRig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    site = wordpress.socket.parents[1] / "site"
    (site / "wp-content/mu-plugins").mkdir(exist_ok=True)
    shutil.copy(PLUGIN, site / "wp-content/plugins")
    (site / "wp-content/mu-plugins/settings.php").write_text(SETTINGS, encoding="utf-8")
    hits: list[Hit] = []
    with served(tmp_path_factory.mktemp("diffuse"), hits) as (board, address):
        home = Home(wordpress, site, {}, board, address, hits)
        home.told()
        home.posts = json.loads(php(PREPARE, folder=site, environment={"PASSWORD": PASSWORD}))
        yield home


@pytest.fixture
def home(installed: Home) -> Home:
    installed.told()
    return installed


@pytest.mark.parametrize("which", ["shortcode", "block"])
def test_who_is_signed_in_sees_what_waits_with_its_links(home: Home, which: str) -> None:
    with home.signed_in() as browser:
        page = home.page(browser, which)
    assert "<p>Vous avez 2 messages à confirmer.</p>" in page
    links = re.findall(r'<li><a href="([^"]+)">([^<]+)</a>', page)
    standing = {
        unescape(home.board.signer.address("post", row.id))
        for row in home.board.postings.all()
        if row.key_point != "said"
    }
    assert {unescape(address) for address, _ in links} == standing
    assert {title for _, title in links} == {
        "Un substitut pour chaque compte",
        "&lt;b&gt;Gras&lt;/b&gt; &amp; co",
    }
    assert "<b>Gras" not in page
    assert [(hit.method, hit.path, hit.status) for hit in home.hits] == [("POST", "/api/pending", 200)]


def test_a_visitor_sees_nothing_and_nobody_is_asked(home: Home) -> None:
    with home.visitor() as browser:
        for which in home.posts:
            page = home.page(browser, which)
            assert "diffuse-pending" not in page
            assert "[diffuse_pending]" not in page
    assert home.hits == []


def test_somebody_whom_the_directory_does_not_know_sees_nothing(home: Home) -> None:
    with home.signed_in("contributor") as browser:
        assert "diffuse-pending" not in home.page(browser)
    assert [hit.status for hit in home.hits] == [404]


def test_an_answer_is_kept_for_a_minute_and_for_that_account_alone(home: Home) -> None:
    with home.signed_in() as author, home.signed_in("contributor") as other:
        for _ in range(3):
            assert "Vous avez 2 messages" in home.page(author)
            assert "Vous avez" not in home.page(other)
    assert [hit.status for hit in home.hits] == [200, 404]
    ends = home.rig.sql(
        "SELECT option_value - UNIX_TIMESTAMP() FROM wp_options"
        " WHERE option_name LIKE '\\_transient\\_timeout\\_diffuse%'"
    )
    assert all(0 < int(seconds) <= 60 for seconds in ends.split())
    assert len(ends.split()) == 2


def test_the_site_s_language_is_spoken(home: Home) -> None:
    home.told(locale="en_US")
    with home.signed_in() as browser:
        page = home.page(browser)
    assert "<p>You have 2 messages to acknowledge.</p>" in page
    assert 'aria-label="Messages to acknowledge"' in page
    assert page.count('<li lang="fr">') == 2


@pytest.mark.parametrize(
    ("url", "token"), [("http://127.0.0.1:9", TOKEN), ("", TOKEN), ("not an address", TOKEN), (None, "wrong")]
)
def test_without_the_service_the_page_is_as_it_would_be_without_the_plugin(
    home: Home, url: str | None, token: str
) -> None:
    home.told(url, token=token)
    with home.signed_in() as browser:
        for which in home.posts:
            assert "diffuse-pending" not in home.page(browser, which)


HOSTILE = {
    "pending": 1,
    "says": "<script>alert(1)</script>",
    "messages": [
        {"title": '"><script>', "policy": "<img src=x>", "language": '"><x', "url": "javascript:alert(1)"},
        {"title": "x", "policy": "y", "language": "fr", "url": 'https://x.example/"onclick="x'},
        {"title": ["x"], "policy": "y", "language": "fr", "url": "https://x.example/"},
        "text",
    ],
}


@contextmanager
def answering(body: str, status: int = 200, wait: float = 0, asked: list[str] | None = None) -> Iterator[str]:
    """Run a service that says something else than ours, and notes what it was asked."""
    paths = [] if asked is None else asked

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            time.sleep(wait)
            self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(ConnectionError):  # who waited has gone
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = False  # its end waits for them
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_whatever_the_service_says_is_text(home: Home) -> None:
    with answering(json.dumps(HOSTILE)) as address, home.signed_in() as browser:
        home.told(address)
        page = home.page(browser)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page
    assert 'onclick="' not in page
    assert "<x" not in page
    assert page.count("<li") == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("<h1>Bad Gateway</h1>", 502),
        ("<h1>Bienvenue</h1>", 200),
        ("", 200),
        ("[]", 200),
        ('"text"', 200),
        ('{"says": "x"}', 200),
        ('{"says": ["x"], "messages": []}', 200),
        ('{"says": "x", "messages": "y"}', 200),
        ('{"says": "x", "messages": []}', 307),
    ],
)
def test_an_answer_that_is_none_shows_nothing(home: Home, body: str, status: int) -> None:
    with answering(body, status) as address, home.signed_in() as browser:
        home.told(address)
        assert "diffuse-pending" not in home.page(browser)


def test_the_token_goes_nowhere_else(home: Home) -> None:
    asked: list[str] = []
    with answering("", 307, asked=asked) as address, home.signed_in() as browser:
        home.told(address)
        home.page(browser)
    assert asked == ["/api/pending"]


def test_a_slow_service_holds_a_page_up_for_three_seconds_and_once_a_minute(home: Home) -> None:
    with answering("{}", wait=5) as address, home.signed_in() as browser:
        home.told(address)
        took = []
        for _ in range(2):
            began = time.monotonic()
            assert "diffuse-pending" not in home.page(browser)
            took.append(time.monotonic() - began)
    assert 2.5 < took[0] < 4.9
    assert took[1] < 2.5


def test_the_editor_knows_the_block_and_shows_it(home: Home) -> None:
    who = ("com-author", home.rig.passwords["author"])
    query = {"rest_route": "/wp/v2/block-types/diffuse/pending"}
    known = httpx.get(f"{home.rig.address}/index.php", params=query, auth=who, timeout=30).json()
    assert known["editor_script_handles"] == ["diffuse-pending"]
    query = {"rest_route": "/wp/v2/block-renderer/diffuse/pending", "context": "edit"}
    shown = httpx.get(f"{home.rig.address}/index.php", params=query, auth=who, timeout=30).json()
    assert "Vous avez 2 messages à confirmer." in shown["rendered"]
