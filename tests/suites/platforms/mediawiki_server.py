"""A live MediaWiki from Debian's package: PHP's own server and SQLite, nothing else."""

import html
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.servers import free_port
from tests.suites.platforms.php import needed, php_server, run
from tests.suites.platforms.rig import Recipe, Seen
from tests.suites.platforms.sample import ELEMENT

SITE = Path("/usr/share/mediawiki")
PACKAGES = "mediawiki php-cli php-sqlite3 php-mbstring php-xml php-intl php-curl"

WRITES = "basic,editpage,createeditmovepage,highvolume"
"""What a bot password grants that may write, and not delete."""

WITHDRAWN = "diffuse-withdrawn"
"""What marks a page that only says that it was withdrawn."""

HEADING = re.compile(r"<h1>.*?</h1>")

FURTHER = """
$wgMainCacheType = CACHE_NONE;
$wgParserCacheType = CACHE_NONE;
$wgSessionCacheType = CACHE_DB;
$wgCacheDirectory = '%s/cache';
$wgJobRunRate = 0;
$wgEnableEmail = false;
$wgShowExceptionDetails = true;
$wgPasswordAttemptThrottle = [];
$wgPasswordConfig['pbkdf2']['cost'] = 1;  // a test signs in some hundred times
eval(file_get_contents('%s/further.txt'));
"""


@dataclass(frozen=True, kw_only=True)
class MediaWikiRig:
    """A wiki with two bots: ``eraser`` may delete pages, ``writer`` may not."""

    address: str
    passwords: dict[str, str]
    """Bot passwords by the name of the account."""
    settings: Path
    """Further settings in PHP: what is written here counts at the next request."""
    name: str = "mediawiki"
    looks_up: bool = True
    changes: bool = True
    cleans: bool = True
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30), repr=False)

    def recipe(self, address: str = "", *, credentials: str = "good", account: str = "Eraser") -> Recipe:
        """Say how the adapter is put together."""
        password = self.passwords[account] if credentials == "good" else "f" * 32
        return Recipe(
            adapter="diffuse.adapters.platforms.mediawiki:MediaWiki",
            arguments={
                "url": f"{address or self.address}/api.php",
                "username": f"{account}@diffuse",
                "password": password,
            },
        )

    def posts(self) -> Sequence[Seen]:
        """Ask for what anybody reads, without signing in."""
        seen = [self._read(title) for title in self.titles()]
        return [one for one in seen if WITHDRAWN not in one.content]

    def titles(self) -> list[str]:
        """Return the names of all pages."""
        listed = self.api(action="query", list="allpages", aplimit="max")
        return [page["title"] for page in listed["query"]["allpages"]]

    def empty(self) -> None:
        """Delete every page."""
        if titles := self.titles():
            self._sign_in()
            token = self.api(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
            for title in titles:
                self.api(action="delete", title=title, token=token)

    def move(self, title: str, to: str) -> None:
        """Move a page, as an editor of the wiki would."""
        self._sign_in()
        token = self.api(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
        self.api(action="move", **{"from": title}, to=to, token=token)

    def api(self, **fields: str) -> dict[str, Any]:
        """Call the interface, signed in or not."""
        data = {"format": "json", "formatversion": "2", **fields}
        told: dict[str, Any] = (
            self.client.post(f"{self.address}/api.php", data=data).raise_for_status().json()
        )
        assert "error" not in told, told
        return told

    def _read(self, title: str) -> Seen:
        told = self.api(action="parse", page=title, prop="text|displaytitle", disableeditsection="1")["parse"]
        heading = HEADING.search(told["text"])
        shown = ELEMENT.sub("", heading[0] if heading else told["displaytitle"])
        return Seen(title=html.unescape(shown), content=told["text"])

    def _sign_in(self) -> None:
        if self.api(action="query", meta="userinfo")["query"]["userinfo"]["id"]:
            return
        token = self.api(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
        told = self.api(
            action="login", lgname="Eraser@diffuse", lgpassword=self.passwords["Eraser"], lgtoken=token
        )
        assert told["login"]["result"] == "Success", told


@contextmanager
def mediawiki_server() -> Iterator[MediaWikiRig]:
    """Install a wiki in a folder of its own, and let it answer."""
    needed(PACKAGES, f"{SITE}/api.php", "php")
    with TemporaryDirectory(prefix="diffuse-mediawiki-") as name:
        folder, port = Path(name), free_port()
        address = f"http://127.0.0.1:{port}"
        settings = _install(folder, address)
        environment = {"MW_CONFIG_FILE": str(settings)}
        passwords = {
            "Eraser": _account(folder, environment, "Eraser", f"{WRITES},delete", "--sysop"),
            "Writer": _account(folder, environment, "Writer", WRITES),
        }
        with php_server(SITE, port, log=folder / "php.log", environment=environment):
            rig = MediaWikiRig(address=address, passwords=passwords, settings=folder / "further.txt")
            with rig.client:
                rig.empty()  # the installer writes a main page
                yield rig


def _install(folder: Path, address: str) -> Path:
    """Make the database and the settings; return where these are."""
    (folder / "cache").mkdir()
    words = {
        "--dbtype": "sqlite",
        "--dbpath": folder,
        "--dbname": "wiki",
        "--confpath": folder,
        "--server": address,
        "--scriptpath": "",
        "--lang": "fr",
        "--pass": secrets.token_hex(16),
    }
    given = [f"{name}={value}" for name, value in words.items()]
    _maintain(folder, {"MW_CONFIG_FILE": str(folder / "none.php")}, "install", *given, "Wiki", "Direction")
    settings = folder / "LocalSettings.php"
    with settings.open("a", encoding="utf-8") as file:
        file.write(FURTHER % (folder, folder))
    (folder / "further.txt").touch()
    return settings


def _account(folder: Path, environment: dict[str, str], name: str, grants: str, *options: str) -> str:
    """Make an account with a bot password called ``diffuse``; return that."""
    password = secrets.token_hex(16)
    _maintain(folder, environment, "createAndPromote", *options, name, secrets.token_hex(16))
    _maintain(
        folder, environment, "createBotPassword", "--appid=diffuse", f"--grants={grants}", name, password
    )
    return password


def _maintain(folder: Path, environment: dict[str, str], script: str, *words: str) -> None:
    run(["php", SITE / "maintenance" / f"{script}.php", *words], folder=folder, environment=environment)
