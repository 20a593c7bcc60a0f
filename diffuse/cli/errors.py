"""How mistakes look on the command line: one readable text on standard error, exit status 1."""

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from diffuse.errors import DiffuseError

if TYPE_CHECKING:
    from diffuse.bootstrap import App


class Told(click.ClickException):
    """A failure whose text says everything."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the text as it is."""
        click.echo(self.message, err=True, file=file)


class Commands(click.Group):
    """A group that tells the errors of diffuse instead of showing a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's own signature
        """Run the command; an error of ours becomes its text."""
        try:
            return super().invoke(ctx)
        except DiffuseError as error:
            raise Told(str(error)) from error


def open_app(config: Path | None) -> "App":
    """Load the settings and open the installation."""
    from diffuse import bootstrap
    from diffuse.settings import Settings

    return bootstrap.app(Settings.load(config))
