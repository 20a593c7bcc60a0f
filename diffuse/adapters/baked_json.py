"""Baked wordings as JSON: what is stored at launch and filled ever after."""

import json
from typing import Any

from diffuse.domain.message import Announcement, Baked, Excerpt, Pieces, Slot

_PIECES = ("subject", "html", "text")
_EXCERPT = ("subject", "body", "action")


def dump(baked: Baked) -> str:
    """Write a wording as JSON with sorted keys: fixed text as strings, slots as lists of one name."""
    plain = {
        "language": baked.language,
        "links": list(baked.links),
        "excerpt": {name: getattr(baked.excerpt, name) for name in _EXCERPT},
        **({"notices": dict(baked.notices)} if baked.notices else {}),
        **({"announcement": _announced(baked.announcement)} if baked.announcement else {}),
        **{name: [_plain(piece) for piece in getattr(baked, name)] for name in _PIECES},
    }
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load(text: str) -> Baked:
    """Read what ``dump`` wrote."""
    plain: dict[str, Any] = json.loads(text)
    return Baked(
        language=plain["language"],
        links=tuple(plain["links"]),
        excerpt=Excerpt(**plain["excerpt"]),
        notices=plain.get("notices", {}),
        announcement=_announcement(plain["announcement"]) if "announcement" in plain else None,
        **{name: _pieces(plain[name]) for name in _PIECES},
    )


def _announced(one: Announcement) -> dict[str, Any]:
    pieces = {name: [_plain(piece) for piece in getattr(one, name)] for name in ("html", "text")}
    return {"title": one.title, **pieces}


def _announcement(plain: dict[str, Any]) -> Announcement:
    return Announcement(title=plain["title"], html=_pieces(plain["html"]), text=_pieces(plain["text"]))


def _plain(piece: str | Slot) -> str | list[str]:
    return [piece.name] if isinstance(piece, Slot) else piece


def _pieces(plain: list[str | list[str]]) -> Pieces:
    return tuple(piece if isinstance(piece, str) else Slot(piece[0]) for piece in plain)
