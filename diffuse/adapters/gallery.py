"""Specimens of messages as files, with a page that leads to them all."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from diffuse.adapters.post_pages import channel_name, page_of_post
from diffuse.adapters.templates import default_folder
from diffuse.errors import AuthoringError
from diffuse.ports import PostSpecimen, Specimen

INDEX = "preview/index.html.j2"


class FolderGallery:
    """Writes ``<folder>/index.html`` and, beside it, each specimen as HTML, as plain text, and as posts."""

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
                self._keep(name_of(specimen, "html"), specimen.html)
                self._keep(name_of(specimen, "txt"), specimen.text, "utf-8-sig")
                for one in specimen.posts:
                    name = name_of_post(specimen, one)
                    back = "/".join([".."] * name.count("/") + [self.index.name])
                    self._keep(name, page_of_post(self._pages, specimen, one, back))
            self._folder.mkdir(parents=True, exist_ok=True)
            self.index.write_text(self._page(specimens), encoding="utf-8")
        except OSError as error:
            raise AuthoringError.of(
                f"{error.filename or self._folder} cannot be written: {error.strerror}",
                "a folder that may be written",
            ) from error

    def _keep(self, name: str, content: str, encoding: str = "utf-8") -> None:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding=encoding)

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
        return self._pages.get_template(INDEX).render(
            shelves=shelves,
            count=len(specimens),
            posts=sum(post.is_posted for one in specimens for post in one.posts),
            name_of=name_of,
            name_of_post=name_of_post,
            channel_name=channel_name,
        )


def name_of(specimen: Specimen, ending: str) -> str:
    """Name a specimen's file, relative to the gallery's folder."""
    return f"{specimen.campaign}/{specimen.key_point}.{specimen.register}.{specimen.language}.{ending}"


def name_of_post(specimen: Specimen, one: PostSpecimen) -> str:
    """Name the file of a specimen on a channel, relative to the gallery's folder."""
    return name_of(specimen, f"{one.channel.replace('/', '.')}.html")


def _grouped(specimens: Sequence[Specimen]) -> list[tuple[Specimen, list[Specimen]]]:
    groups = [list(group) for _, group in groupby(specimens, key=lambda one: (one.campaign, one.policy))]
    return [(group[0], group) for group in groups]
