"""Standings as bytes: what was kept before texts could change is read as knowing of no change."""

import io
import zlib

import numpy as np

from diffuse.adapters import snapshots
from diffuse.domain.standing import Standing


def test_what_was_kept_before_texts_could_change_is_read() -> None:
    standing = Standing.fresh(3)
    standing.touch[:] = (4, 5, 6)
    with np.load(io.BytesIO(zlib.decompress(snapshots.dump(["ana"], standing)))) as kept:
        older = {name: kept[name] for name in kept.files if name not in {"renewed", "anew"}}
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **older)
    names, found = snapshots.load(zlib.compress(out.getvalue()))
    assert names == ["ana"]
    assert found.touch.tolist() == [4, 5, 6]
    assert not found.renewed.any()
    assert not found.anew.any()


def test_what_began_again_stays_so() -> None:
    standing = Standing.fresh(2)
    standing.anew[0] = standing.renewed[1] = True
    _, found = snapshots.load(snapshots.dump(["ana"], standing))
    assert (found.anew.tolist(), found.renewed.tolist()) == ([True, False], [False, True])
