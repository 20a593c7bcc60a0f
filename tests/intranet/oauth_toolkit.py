"""A real identity provider: Django OAuth Toolkit, in an environment of its own, with two accounts.

It shares no code with what signs in there: oauthlib and jwcrypto make its tokens, and it asks for PKCE.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import httpx

from tests.servers import ServerDidNotStart, free_port

CACHE = Path(__file__).parents[2] / ".cache/oauth-toolkit"
REQUIREMENTS = Path(__file__).with_name("oauth-toolkit-requirements.txt")
PATIENCE = 60.0

CLIENT, SECRET, PASSWORD = "diffuse", "un-secret-pour-essayer", "un-mot-de-passe-pour-essayer"
ACCOUNTS = {"ariane": "ariane@universite.example", "inconnu": "inconnu@universite.example"}

NAMED = """
import sys
__name__ = 'site_of_accounts'
sys.modules[__name__] = sys.modules['__main__']
"""
"""Django finds what the settings name in a module, and the script is run as one."""

SITE = """
import sys
from django.conf import settings
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PORT, CALLBACK = sys.argv[1:3]
KEY = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
settings.configure(
    SECRET_KEY="s" * 50,
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "provider.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [("django.template.loaders.locmem.Loader", {
                "registration/login.html": "<!doctype html><title>Connexion</title>"
                "<form method=post>{% csrf_token %}{{ form }}<button>Connexion</button></form>",
            })],
            "context_processors": ["django.template.context_processors.request"],
        },
    }],
    LOGIN_URL="/login/",
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{PORT}/o",
        "OIDC_RSA_PRIVATE_KEY": KEY.decode(),
        "OAUTH2_VALIDATOR_CLASS": f"{__name__}.Validator",
        "PKCE_REQUIRED": True,
        "SCOPES": {"openid": "identity", "profile": "profile", "email": "address"},
        "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
    },
)
import django
django.setup()
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.urls import include, path
from oauth2_provider.models import Application
from oauth2_provider.oauth2_validators import OAuth2Validator

class Validator(OAuth2Validator):
    def get_additional_claims(self, request):
        return {"email": request.user.email, "email_verified": True}

urlpatterns = [
    path("login/", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]

call_command("migrate", verbosity=0)
for name, address in ACCOUNTS.items():
    User.objects.create_user(name, address, PASSWORD)
Application.objects.create(
    client_id=CLIENT, client_secret=SECRET, client_type="confidential", name="diffuse",
    authorization_grant_type="authorization-code", algorithm="RS256", redirect_uris=CALLBACK,
    skip_authorization=True,
)
call_command("runserver", f"127.0.0.1:{PORT}", use_reloader=False, verbosity=0)
"""


@contextmanager
def oauth_toolkit(callback: str) -> Iterator[str]:
    """Run the provider for a client whose browsers it leads back to ``callback``; give its issuer."""
    python = _environment()
    with TemporaryDirectory(prefix="diffuse-oidc-") as name:
        folder, port = Path(name), free_port()
        told = f"ACCOUNTS = {ACCOUNTS!r}\nCLIENT, SECRET, PASSWORD = {(CLIENT, SECRET, PASSWORD)!r}\n"
        (folder / "site_of_accounts.py").write_text(f"{NAMED}{told}{SITE}", encoding="utf-8")
        log = folder / "log"
        with log.open("wb") as written:
            command = [str(python), "site_of_accounts.py", f"{port}", callback]
            process = subprocess.Popen(command, cwd=folder, stdout=written, stderr=subprocess.STDOUT)
        try:
            issuer = f"http://127.0.0.1:{port}/o"
            _wait_for(process, f"{issuer}/.well-known/openid-configuration", log)
            yield issuer
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = monotonic() + PATIENCE
    while True:
        if process.poll() is not None or monotonic() > until:
            raise ServerDidNotStart(f"the identity provider did not start:\n{log.read_text('utf-8')[-2000:]}")
        try:
            httpx.get(address).raise_for_status()
        except httpx.TransportError:
            sleep(0.1)
        else:
            return


def _environment() -> Path:
    """Return the Python that has the provider; make it where it is missing, one process at a time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    text = f"{REQUIREMENTS.read_text(encoding='utf-8')}\0{sys.version}"
    folder = CACHE / hashlib.sha256(text.encode()).hexdigest()[:16]
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", folder])
            pip: list[str | Path] = [
                folder / "bin/python",
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--no-input",
            ]
            _run([*pip, "install", "--quiet", "--no-deps", "--requirement", REQUIREMENTS])
            (folder / "ready").touch()
    return folder / "bin/python"


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        said = done.stdout[-2000:]
        raise ServerDidNotStart(f"{' '.join(map(str, command[:4]))} ended with {done.returncode}:\n{said}")
