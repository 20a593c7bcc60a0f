"""A post for tests of platforms, and what is left of it when people read it."""

import html
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from diffuse.domain.post import Post
from diffuse.ports import Platform
from tests.suites.platforms.rig import Recipe, Seen

PAST = datetime(2026, 1, 5, 13, 0, tzinfo=UTC)

TYPOGRAPHY = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " ", "…": "...", "\u2060": None}
)
"""Platforms set quotes and spaces as they like, in what they show."""

ELEMENT = re.compile(r"<[a-zA-Z/!][^>]*>")

WORDS = "L’été à Chicoutimi : œuvre, naïveté, 5 < 7 & 9 > 3, « guillemets », \"droits\" et 'simples', 😀🇨🇦"

TITLE = ('Renseignements personnels : l’accès, « la garde » & le "retrait" 5 < 7 😀 – ' * 5)[:246] + " fin"
"""250 characters."""

HOSTILE = """
<p onclick="vole()">Mot avant <script>alert("scripte")</script><b onmouseover=vole()>Mot gras</b></p>
<img src="x" onerror="alert('image')"><svg onload="alert('dessin')"></svg>
<a href="javascript:alert('lien')">Mot lien</a> <a href="JaVa\nScript:alert(1)">Mot autre</a>
<a href="data:text/html,<script>alert(1)</script>">Mot donnée</a>
<iframe src="https://mal.example"></iframe><style>body{display:none}</style>
<form action="https://mal.example"><input name="nip"><button>Mot bouton</button></form>
<p style="position:fixed">Mot après</p>
"""
GONE: tuple[str, ...] = (
    "<script",
    "onerror",
    "onload",
    "onclick",
    "onmouseover",
    "javascript:",
    "<iframe",
    "<style",
)
GONE += ("<form", "<input", "alert(", "position:fixed", "display:none", "mal.example", "data:text")
STAYS = ("Mot avant", "Mot gras", "Mot lien", "Mot après")


def a_post(key: str = "loi-25-incidents-1", **other: Any) -> Post:  # noqa: ANN401 -- as Post takes them
    """Return a post that is due."""
    told: dict[str, Any] = {
        "title": "Signaler un incident",
        "html": "<p>Tout incident se signale dans les <strong>24 heures</strong>.</p>",
        "text": "Tout incident se signale dans les 24 heures.",
        "language": "fr",
        "publish_at": PAST,
    }
    return Post(key=key, **{**told, **other})


@contextmanager
def built(recipe: Recipe) -> Iterator[Platform]:
    """Put an adapter together, and hang up at the end."""
    platform = recipe.build()
    try:
        yield platform
    finally:
        platform.close()


def words_of(text: str) -> str:
    """Return what people read, whatever the quotes and spaces look like."""
    plain = html.unescape(ELEMENT.sub(" ", text))
    return " ".join(unicodedata.normalize("NFC", plain).translate(TYPOGRAPHY).split())


def read(seen: Seen) -> str:
    """Return title and text as people read them."""
    return words_of(f"{html.escape(seen.title)} {seen.content}")
