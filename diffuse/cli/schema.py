"""``diffuse schema``: what editors need to complete and check campaign files."""

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of campaign.yaml.

    Policies in files of their own follow its part '#/$defs/Policy'. With it, an editor completes keys
    and marks mistakes while you write.
    """
    from diffuse.adapters.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
