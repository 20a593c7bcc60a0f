"""Reads the organisation's rules of attention from a YAML file."""

from pathlib import Path

from diffuse.adapters.building import build_rules
from diffuse.adapters.text_files import read_text
from diffuse.adapters.yaml_tree import parse
from diffuse.domain.attention import Attention
from diffuse.errors import AuthoringError


def read_attention(path: Path) -> Attention:
    """Read the rules.

    Raises:
        AuthoringError: with every mistake, each with its line.
    """
    tree, spelling = parse(read_text(path, str(path)), file=str(path))
    rules, problems = build_rules(tree)
    if spelling or problems:
        raise AuthoringError(*spelling, *problems)
    return rules
