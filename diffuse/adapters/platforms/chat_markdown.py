"""Markdown as Mattermost and Teams write it."""

import re

MARKS = re.compile(r"([\\`*_\[\]{}<>#|~!])")
LIST = re.compile(r"^(\s*)([-+=])(?=[\s=-]|$)")
NUMBER = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")
ENCODED = {sign: f"%{ord(sign):02X}" for sign in '()<>[]{}"`*|\\ '}


def escaped(text: str) -> str:
    """Return text in which nothing is a mark, nor begins a list."""
    return NUMBER.sub(r"\1\\\2", LIST.sub(r"\1\\\2", MARKS.sub(r"\\\1", text)))


def link(url: str, text: str) -> str:
    """Return a link."""
    for sign, code in ENCODED.items():
        url = url.replace(sign, code)
    return f"[{text}]({url})"
