"""Mistakes in the layouts and words of the pages."""

from pathlib import Path

import pytest

from diffuse.errors import AuthoringError
from diffuse.web.pages import Pages
from tests.suites.web.given import TEMPLATES


def copy_of_templates(folder: Path) -> Path:
    (folder / "web").mkdir()
    for file in (TEMPLATES / "web").iterdir():
        (folder / "web" / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "words.toml",
            'acknowledge = "J’ai lu et compris"',
            "",
            r"words\.toml: no word 'acknowledge' in \[fr\]",
        ),
        (
            "words.toml",
            'acknowledge = "J’ai lu et compris"',
            "acknowledge = 1",
            r"no word 'acknowledge' in \[fr\]",
        ),
        ("words.toml", "[en]", "[de]", r"no part \[en\]"),
        ("words.toml", "bad_link", "bad_lnk", r"unknown word 'bad_lnk'.*did you mean 'bad_link'"),
        ("words.toml", "[fr]", "[fr", r"words\.toml: .*TOML"),
        ("not_found.html.j2", "{% endblock %}", "{% end %}", r"not_found\.html\.j2:\d+: "),
        ("not_found.html.j2", "fr.not_found_text", "fr.not_fond_text", r"not_fond_text"),
    ],
)
def test_a_mistake_in_the_pages_layouts_is_told_at_start(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    path = copy_of_templates(tmp_path) / "web" / file
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(AuthoringError, match=told):
        Pages(tmp_path)


@pytest.mark.parametrize("file", ["words.toml", "style.css", "acknowledge.html.j2", "base.html.j2"])
def test_a_missing_file_of_the_pages_is_told_at_start(tmp_path: Path, file: str) -> None:
    (copy_of_templates(tmp_path) / "web" / file).unlink()
    with pytest.raises(AuthoringError, match="web"):
        Pages(tmp_path)
