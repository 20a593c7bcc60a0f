"""A live WordPress from Debian's package: PHP's own server, and MariaDB on a socket."""

import html
import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.servers import free_port
from tests.suites.platforms.mariadb import NAME, mariadb, sql
from tests.suites.platforms.php import needed, php, php_server
from tests.suites.platforms.rig import Recipe, Seen

SITE = "/usr/share/wordpress"
PACKAGES = "wordpress mariadb-server php-cli php-mysql php-mbstring php-xml php-intl php-curl php-gd"
EMPTY = "DELETE FROM wp_posts; DELETE FROM wp_postmeta; DELETE FROM wp_term_relationships"

CONFIG = """<?php
define('DB_NAME', '%(database)s');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:%(socket)s');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define($name . '_KEY', '%(salt)s');
    define($name . '_SALT', '%(salt)s');
}
define('WP_HOME', '%(address)s');
define('WP_SITEURL', '%(address)s');
define('WP_ENVIRONMENT_TYPE', 'local');  // application passwords work without TLS
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_DEFAULT_THEME', 'bare');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
"""

THEME = """<?php while (have_posts()) { the_post(); ?>
<article><h1><?php the_title(); ?></h1><?php the_content(); ?></article>
<?php }
"""

INSTALL = """
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '127.0.0.1';
require 'wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Intranet', 'direction', 'direction@exemple.test', true, '', bin2hex(random_bytes(16)));
update_option('timezone_string', 'America/Toronto');
$made = [];
foreach (['author', 'contributor'] as $role) {
    $id = wp_insert_user(['user_login' => "com-$role", 'user_pass' => bin2hex(random_bytes(16)),
        'user_email' => "$role@exemple.test", 'role' => $role]);
    $made[$role] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'diffuse'])[0];
}
echo json_encode($made);
"""


@dataclass(frozen=True, kw_only=True)
class WordPressRig:
    """A WordPress whose communications office is an author, not an administrator."""

    address: str
    socket: Path
    passwords: dict[str, str]
    """Application passwords by role: ``author`` may publish, ``contributor`` may not."""
    name: str = "wordpress"
    looks_up: bool = True
    changes: bool = True
    cleans: bool = True

    def recipe(self, address: str = "", *, credentials: str = "good", role: str = "author") -> Recipe:
        """Say how the adapter is put together."""
        password = self.passwords[role] if credentials == "good" else "abcd EFGH 1234 ijkl MNOP 5678"
        return Recipe(
            adapter="diffuse.adapters.platforms.wordpress:WordPress",
            arguments={"url": address or self.address, "username": f"com-{role}", "password": password},
        )

    def posts(self) -> Sequence[Seen]:
        """Ask for what anybody may read, without signing in."""
        query: dict[str, str | int] = {"rest_route": "/wp/v2/posts", "per_page": 100}
        listed = httpx.get(f"{self.address}/index.php", params=query, timeout=30).raise_for_status().json()
        return [
            Seen(title=html.unescape(one["title"]["rendered"]), content=one["content"]["rendered"])
            for one in listed
        ]

    def empty(self) -> None:
        """Take every post away, in the database."""
        sql(self.socket, EMPTY, NAME)

    def sql(self, statements: str) -> str:
        """Ask the database itself, or do what another person would do."""
        return sql(self.socket, statements, NAME)


@contextmanager
def wordpress_server() -> Iterator[WordPressRig]:
    """Install a WordPress in a folder of its own, and let it answer."""
    needed(PACKAGES, SITE, "php", "/usr/sbin/mariadbd")
    with TemporaryDirectory(prefix="diffuse-wordpress-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # another account runs the database
        with mariadb(folder) as socket:
            port = free_port()
            site = _site(folder, socket, f"http://127.0.0.1:{port}")
            passwords = json.loads(php(INSTALL, folder=site))
            sql(socket, EMPTY, NAME)
            with php_server(site, port, log=folder / "php.log") as address:
                yield WordPressRig(address=address, socket=socket, passwords=passwords)


def _site(folder: Path, socket: Path, address: str) -> Path:
    """Copy the program: it takes the folder that its files really are in for the site."""
    site = folder / "site"
    shutil.copytree(SITE, site, ignore=shutil.ignore_patterns("wp-config.php", ".htaccess"))
    told = {"database": NAME, "socket": socket, "salt": secrets.token_hex(32), "address": address}
    (site / "wp-config.php").write_text(CONFIG % told, encoding="utf-8")
    theme = site / "wp-content/themes/bare"
    theme.mkdir(parents=True)
    (theme / "style.css").write_text("/* Theme Name: Bare */", encoding="utf-8")
    (theme / "index.php").write_text(THEME, encoding="utf-8")
    return site
