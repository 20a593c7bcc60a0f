"""Specimens of messages as files, with a page that leads to them all."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from diffuse.adapters.templates import default_folder
from diffuse.errors import AuthoringError
from diffuse.ports import Specimen

INDEX = "preview/index.html.j2"


class FolderGallery:
    """Writes ``<folder>/index.html`` and, beside it, each specimen as HTML and as plain text."""

    def __init__(self, folder: Path, templates: Path | None = None) -> None:
        """Take the folder, which is made when it does not exist, and that of the templates."""
        self._folder = folder
        self._pages = Environment(
            loader=FileSystemLoader(templates or default_folder()),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @property
    def index(self) -> Path:
        """The page that leads to all specimens."""
        return self._folder / "index.html"

    def write(self, specimens: Sequence[Specimen]) -> None:
        """Write every specimen, and the index; files of an earlier run are replaced.

        Raises:
            AuthoringError: when the folder cannot be written.
        """
        try:
            for specimen in specimens:
                # A browser takes a text file from a disk for Windows-1252 unless a mark says otherwise.
                for ending, content, encoding in (
                    ("html", specimen.html, "utf-8"),
                    ("txt", specimen.text, "utf-8-sig"),
                ):
                    file = self._folder / name_of(specimen, ending)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(content, encoding=encoding)
            self._folder.mkdir(parents=True, exist_ok=True)
            self.index.write_text(self._page(specimens), encoding="utf-8")
        except OSError as error:
            raise AuthoringError.of(
                f"{error.filename or self._folder} cannot be written: {error.strerror}",
                "a folder that may be written",
            ) from error

    def _page(self, specimens: Sequence[Specimen]) -> str:
        shelves = [
            (
                first,
                [
                    (point, list(wordings))
                    for point, wordings in groupby(group, key=lambda one: one.key_point)
                ],
            )
            for first, group in _grouped(specimens)
        ]
        return self._pages.get_template(INDEX).render(shelves=shelves, count=len(specimens), name_of=name_of)


def name_of(specimen: Specimen, ending: str) -> str:
    """Name a specimen's file, relative to the gallery's folder."""
    return f"{specimen.campaign}/{specimen.key_point}.{specimen.register}.{specimen.language}.{ending}"


def _grouped(specimens: Sequence[Specimen]) -> list[tuple[Specimen, list[Specimen]]]:
    groups = [list(group) for _, group in groupby(specimens, key=lambda one: (one.campaign, one.policy))]
    return [(group[0], group) for group in groups]
