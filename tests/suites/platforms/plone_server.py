"""A live Plone 6.2 from PyPI, in an environment of its own that is made once and kept in ``.cache``."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.servers import ServerDidNotStart, free_port
from tests.suites.platforms.rig import Recipe, Seen

REQUIREMENTS = Path(__file__).with_name("plone-requirements.txt")
CACHE = Path(__file__).parents[3] / ".cache/plone"
PATIENCE = 120.0
"""Seconds until it answers; it takes four."""

PASSWORD = "un-mot-de-passe-pour-essayer"
FOLDER = "nouvelles"

SITES = {"intranet": "simple_publication_workflow", "reseau": "intranet_workflow"}
"""By workflow: what ``intranet`` publishes anybody reads; what ``reseau`` publishes its members read."""

ACCOUNTS = {
    "communications": ["Contributor", "Editor", "Reviewer"],
    "stagiaire": ["Contributor"],
    "lectrice": [],
}
"""Their roles in the folder; none has any elsewhere."""

MAKE = """
import transaction
from AccessControl.SecurityManagement import newSecurityManager
from plone.registry.interfaces import IRegistry
from Products.CMFPlone.factory import addPloneSite
from Testing.makerequest import makerequest
from zope.component import getUtility
from zope.component.hooks import setSite

app = makerequest(app)
if not app.acl_users.getUserById("direction"):
    app.acl_users._doAddUser("direction", {password!r}, ["Manager"], [])
newSecurityManager(None, app.acl_users.getUserById("direction").__of__(app.acl_users))
profiles = ("plone.app.contenttypes:default", "plone.restapi:default")
site = addPloneSite(
    app, {site!r}, title={site!r}, setup_content=False, default_language="fr", portal_timezone="UTC",
    extension_ids=profiles,
)
setSite(site)
getUtility(IRegistry)["plone.available_languages"] = ["fr", "en"]
site.invokeFactory("Folder", {folder!r}, title="Nouvelles")
folder = site[{folder!r}]
site.portal_workflow.doActionFor(folder, "publish")
site.portal_workflow.setDefaultChain({workflow!r})
for account, roles in {accounts!r}.items():
    site.acl_users.userFolderAddUser(account, {password!r}, ["Member"], [])
    if roles:
        folder.manage_setLocalRoles(account, roles)
folder.reindexObjectSecurity()
transaction.commit()
print("made")
"""

ZOPE = """
instancehome {folder}
debug-mode off
<environment>
  CHAMELEON_CACHE {cache}
</environment>
<zodb_db main>
  mount-point /
  <filestorage>
    path {folder}/Data.fs
    blob-dir {folder}/blobs
  </filestorage>
</zodb_db>
"""

SERVER = """
[app:zope]
use = egg:Zope#main
zope_conf = {folder}/zope.conf

[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}

[pipeline:main]
pipeline =
    egg:Zope#httpexceptions
    zope

[loggers]
keys = root
[handlers]
keys = errors
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = errors
[handler_errors]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(asctime)s %(levelname)s %(name)s %(message)s
"""


@dataclass(frozen=True, kw_only=True)
class PloneRig:
    """One site of the server, whose communications office may publish in one folder and nothing else."""

    address: str
    site: str = "intranet"
    reader: tuple[str, str] | None = None
    """Whoever reads what is published: an account, or anybody."""
    name: str = "plone"
    looks_up: bool = True
    changes: bool = True
    cleans: bool = True

    def recipe(
        self, address: str = "", *, credentials: str = "good", account: str = "communications"
    ) -> Recipe:
        """Say how the adapter is put together."""
        return Recipe(
            adapter="diffuse.adapters.platforms.plone:Plone",
            arguments={
                "url": f"{address or self.address}/{self.site}",
                "folder": FOLDER,
                "username": account,
                "password": PASSWORD if credentials == "good" else "faux-mot-de-passe",
            },
        )

    def posts(self) -> Sequence[Seen]:
        """Open every news item as a reader does; what readers may not see is left out."""
        opened = (self.ask("GET", name, auth=self.reader) for name in self.names())
        bodies = [one.json() for one in opened if one.is_success]
        return [Seen(title=one["title"], content=(one["text"] or {}).get("data", "")) for one in bodies]

    def names(self) -> Sequence[str]:
        """Return the last parts of the addresses of all that is in the folder."""
        listed = self.ask("GET", "?b_size=1000").raise_for_status().json()
        return [one["@id"].rpartition("/")[2] for one in listed["items"]]

    def empty(self) -> None:
        """Take every news item away."""
        for name in self.names():
            self.ask("DELETE", name).raise_for_status()

    def ask(
        self,
        method: str,
        path: str,
        *,
        auth: tuple[str, str] | None = ("direction", PASSWORD),
        json: object = None,
    ) -> httpx.Response:
        """Call the site's own interface below the folder, as its administrator or as somebody else."""
        url = f"{self.address}/{self.site}/{FOLDER}/{path}"
        headers = {"Accept": "application/json"}
        return httpx.request(method, url, auth=auth, headers=headers, timeout=60, json=json)


@contextmanager
def plone_server() -> Iterator[PloneRig]:
    """Yield the site ``intranet`` of a Plone with a database of its own."""
    programs, made = _environment()
    with TemporaryDirectory(prefix="diffuse-plone-") as name:
        folder, port = Path(name), free_port()
        shutil.copy(made / "Data.fs", folder)
        _configure(folder, port)
        with (folder / "output.log").open("wb") as output:
            command = [programs / "runwsgi", folder / "server.ini"]
            process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
            )
        try:
            rig = PloneRig(address=f"http://127.0.0.1:{port}")
            _wait(rig, process, folder / "output.log")
            yield rig
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)


def _wait(rig: PloneRig, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            rig.names()
        except httpx.HTTPError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                words = log.read_text(errors="replace")[-2000:]
                raise ServerDidNotStart(f"Plone did not start ({error!r}):\n{words}") from error
            time.sleep(0.1)
        else:
            return


def _configure(folder: Path, port: int) -> None:
    cache = CACHE / "chameleon"
    cache.mkdir(parents=True, exist_ok=True)
    (folder / "var").mkdir()
    (folder / "zope.conf").write_text(ZOPE.format(folder=folder, cache=cache), encoding="utf-8")
    told: Mapping[str, object] = {"{folder}": folder, "{port}": port}
    text = SERVER
    for name, value in told.items():
        text = text.replace(name, f"{value}")
    (folder / "server.ini").write_text(text, encoding="utf-8")


def _environment() -> tuple[Path, Path]:
    """Return where the programs and the empty sites are; make what is missing, one process at a time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    installed = CACHE / _hash(REQUIREMENTS.read_text(encoding="utf-8"), sys.version)
    sites = _hash(MAKE, str(SITES), str(ACCOUNTS))
    made = installed / f"sites-{sites}"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (installed / "ready").exists():
            _install(installed)
        if not made.exists():
            _make(made, installed / "venv/bin")
    return installed / "venv/bin", made


def _install(folder: Path) -> None:
    """Install Plone; takes a minute or two, and needs a registry of packages."""
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", folder / "venv"])
    pip: list[str | Path] = [
        folder / "venv/bin/python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
    ]
    _run([*pip, "install", "--quiet", "--no-deps", "--requirement", REQUIREMENTS])
    (folder / "ready").touch()


def _make(made: Path, programs: Path) -> None:
    """Make the sites, which every server starts with a copy of."""
    with TemporaryDirectory(prefix="diffuse-plone-", dir=CACHE) as name:
        folder = Path(name)
        _configure(folder, 0)
        told = {"password": PASSWORD, "folder": FOLDER, "accounts": ACCOUNTS}
        for site, workflow in SITES.items():
            script = MAKE.format(site=site, workflow=workflow, **told)
            (folder / "site.py").write_text(script, encoding="utf-8")
            said = _run([programs / "zconsole", "run", folder / "zope.conf", folder / "site.py"])
            if "made" not in said:
                raise ServerDidNotStart(f"the site {site!r} of Plone could not be made:\n{said[-2000:]}")
        made.mkdir()
        shutil.copy(folder / "Data.fs", made / "Data.part")
        (made / "Data.part").rename(made / "Data.fs")


def _run(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        words = done.stdout[-2000:]
        raise ServerDidNotStart(f"{' '.join(map(str, command[:4]))} ended with {done.returncode}:\n{words}")
    return done.stdout


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
