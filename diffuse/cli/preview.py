"""``diffuse preview``: look at every message before anybody receives it."""

import webbrowser
from pathlib import Path

import click


@click.command()
@click.argument(
    "paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("preview"),
    show_default=True,
    help="The folder that the messages are written to.",
)
@click.option("--open", "show", is_flag=True, help="Open the index page in the browser.")
def preview(paths: tuple[Path, ...], folder: Path, *, show: bool) -> None:
    """Write every message of campaigns, in each language, to a folder with an index page.

    Where an audience is reached by intranet posts, each wording is shown as its platform is given it.
    """
    from diffuse import bootstrap
    from diffuse.adapters.gallery import FolderGallery
    from diffuse.adapters.platforms.building import looks
    from diffuse.services.preview import preview as write

    writing = bootstrap.authoring()
    gallery = FolderGallery(folder)
    specimens = write([writing.campaigns.read(path) for path in paths], writing.renderer, gallery, looks)
    posts = sum(len(one.posts) for one in specimens)
    click.echo(f"{len(specimens)} messages, as HTML and as plain text: {gallery.index}")
    if posts:
        click.echo(f"{posts} pages show them as intranet posts, one for each channel")
    if show:
        webbrowser.open(gallery.index.resolve().as_uri())
