"""Campaigns from files: a folder with ``campaign.yaml``, one YAML file, or a Python file."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from diffuse.adapters import python_campaign
from diffuse.adapters.building import build
from diffuse.adapters.references import References, languages_of
from diffuse.adapters.text_files import read_text
from diffuse.adapters.yaml_tree import parse
from diffuse.domain.campaign import Campaign
from diffuse.domain.source import Loaded, Place, Written
from diffuse.errors import AuthoringError, Problem

FILE = "campaign.yaml"


class CampaignFiles:
    """Reads campaigns."""

    def read(self, path: Path) -> Loaded:
        """Read a campaign; whatever is wrong with its files is in the problems."""
        file = path / FILE if path.is_dir() else path
        source = str(file.resolve())
        try:
            if file.suffix == ".py":
                return _from_python(file, source)
            if file.suffix in {".yaml", ".yml"}:
                return _from_yaml(file, source)
        except AuthoringError as error:
            problems = error.problems
        else:
            expected = f"a folder with {FILE}, a .yaml file or a .py file"
            problems = (Problem(found="no campaign", expected=expected, file=str(file)),)
        return Loaded(source=source, problems=problems, places={(): Place(file=str(file))})


def _from_yaml(file: Path, source: str) -> Loaded:
    tree, spelling = parse(read_text(file, str(file)), file=str(file))
    references = References(file.parent, languages_of(tree))
    built = build(tree, references.follow)
    problems = _once((*spelling, *references.problems, *built.problems))
    return Loaded(
        source=source,
        campaign=None if problems else built.campaign,
        problems=problems,
        texts=built.texts,
        places=built.places,
        id=built.campaign.id,
        holidays=built.campaign.holidays,
    )


def _from_python(file: Path, source: str) -> Loaded:
    campaign = python_campaign.run(read_text(file, str(file)), str(file))
    return Loaded(
        source=source,
        campaign=campaign,
        texts=tuple(_texts(campaign)),
        places={(): Place(file=str(file))},
        id=campaign.id,
        holidays=campaign.holidays,
    )


def _texts(campaign: Campaign) -> Iterator[Written]:
    for place, policy in enumerate(campaign.policies):
        for number, point in enumerate(policy.key_points):
            for count, variant in enumerate(point.variants):
                path = ("policies", place, "key_points", number, "variants", count, "texts")
                for language in campaign.languages:
                    yield Written(text=variant.texts[language], language=language, path=(*path, language))


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Leave out problems that read the same: one file may be named in several places."""
    return tuple({str(problem): problem for problem in problems}.values())
