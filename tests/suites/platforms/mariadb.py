"""A MariaDB of our own on a socket: no port, no system service, gone with its folder."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.suites.platforms.php import needed, run, running, wait_for

ACCOUNT = "mysql"
NAME = "intranet"


@contextmanager
def mariadb(folder: Path) -> Iterator[Path]:
    """Start it in a folder, with an empty database; yield its socket, where root has no password."""
    needed("mariadb-server", "mariadb-install-db", "/usr/sbin/mariadbd", "mariadb")
    account = ACCOUNT if os.geteuid() == 0 else None  # the server refuses to run as root
    place = folder / "mariadb"
    place.mkdir()
    data, socket = place / "data", place / "socket"
    if account:
        shutil.chown(place, account, pwd.getpwnam(account).pw_gid)
    run(
        [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *([f"--user={account}"] if account else []),
        ],
        folder=place,
    )
    options = {
        "datadir": data,
        "socket": socket,
        "pid-file": place / "pid",
        "innodb-flush-log-at-trx-commit": 0,
        "innodb-buffer-pool-size": "64M",
        "character-set-server": "utf8mb4",
    }
    command = ["/usr/sbin/mariadbd", "--no-defaults", "--skip-networking"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with running(command, log=folder / "mariadb.log", account=account) as process:
        wait_for(process, lambda: _ping(socket), folder / "mariadb.log")
        sql(socket, f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
        yield socket


def sql(socket: Path, statements: str, database: str = "") -> str:
    """Run statements and return what they print."""
    command = ["mariadb", "--no-defaults", "--user=root", f"--socket={socket}", "-N", "-e", statements]
    return run([*command, database] if database else command, folder=socket.parent)


def _ping(socket: Path) -> bool:
    done = subprocess.run(
        ["mariadb", "--no-defaults", "--user=root", f"--socket={socket}", "-e", "SELECT 1"],  # noqa: S607
        check=False,
        capture_output=True,
    )
    return done.returncode == 0
