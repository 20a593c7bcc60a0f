"""The script in an evidence pack must run on whatever Python an auditor has."""

import ast
from pathlib import Path

from diffuse.adapters import pack

SCRIPT = Path(pack.__file__).with_name("verify.py")
OLDEST = (3, 9)
AT_HAND = {
    "__future__", "collections", "hashlib", "json", "pathlib", "re", "sys", "tempfile", "typing", "zipfile",
}  # fmt: skip
"""Modules of Python 3.9 that the script may use."""


def test_the_script_of_a_pack_is_written_in_the_grammar_of_python_3_9_and_needs_nothing_else() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=OLDEST)
    plain = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    taken = [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in (*plain, *taken)} <= AT_HAND
