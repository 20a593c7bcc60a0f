"""Moves a page's style sheet into its elements, for mail programs that ignore sheets (premailer)."""

import logging
import re
from threading import Lock

from diffuse.errors import AuthoringError

_ONE_AT_A_TIME = Lock()  # cssutils, below premailer, keeps its parser's state in its module.
_FETCHES = re.compile(
    r"<style\b(?:(?!</style).)*(?P<import>@import)|<link\b[^>]*stylesheet", re.IGNORECASE | re.DOTALL
)
_DOCTYPE = re.compile(r"^\s*<!doctype html>", re.IGNORECASE)  # premailer drops one in lower case.


def inline(html: str) -> str:
    """Return a page whose elements carry their own style.

    A ``<style data-premailer="ignore">`` stays as it is: the place of media queries, which cannot be
    moved. Nothing is ever fetched.

    Raises:
        AuthoringError: when the page asks for a style sheet from elsewhere.
    """
    from premailer.premailer import Premailer

    if found := _FETCHES.search(html):
        what = found["import"] or "a linked style sheet"
        raise AuthoringError.of(f"{what} in the layout", "all styles inside its <style> element")
    with _ONE_AT_A_TIME:
        page = Premailer(  # type: ignore[no-untyped-call]  # the library has no types
            _DOCTYPE.sub("<!DOCTYPE html>", html, count=1),
            allow_network=False,
            base_url=None,
            cssutils_logging_level=logging.CRITICAL,
            disable_link_rewrites=True,
            disable_validation=True,
        )
        return str(page.transform(pretty_print=False))  # type: ignore[no-untyped-call]  # as above
