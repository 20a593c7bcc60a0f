"""The blocks of README.md run as tests; those of the guide are parts of one campaign: see tests/docs."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from diffuse.adapters.campaign_files import CampaignFiles
from diffuse.bootstrap import authoring
from diffuse.services.check import check
from diffuse.settings import Settings

LEFT_OUT = f'secret = "{"0" * 32}"\n'
"""What a settings file on a page leaves out: it belongs into the environment."""


def load_yaml(example: Example) -> None:
    """Check a campaign, and keep it for the block that writes the same one in Python."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "essai.yaml")
        file.write_text(str(example.parsed), encoding="utf-8")
        tools = authoring()
        problems = check([file], tools.campaigns, tools.renderer, tools.calendar)
        if problems:
            raise AssertionError("\n".join(map(str, problems)))
        example.namespace["written"] = CampaignFiles().read(file).campaign


def run_python(example: Example) -> None:
    """Run a block; its campaign equals the one that the page wrote in YAML before."""
    PythonEvaluator()(example)
    written, campaign = example.namespace["written"], example.namespace["campaign"]
    if written != campaign:
        raise AssertionError(f"the YAML says {written}\nbut Python says {campaign}")


def load_toml(example: Example) -> None:
    """Read a settings file; a setting that is missing, wrong or not known is refused."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "diffuse.toml")
        file.write_text(LEFT_OUT + str(example.parsed), encoding="utf-8")
        Settings.load(file)


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser("yaml", load_yaml),
        CodeBlockParser("python", run_python),
        CodeBlockParser("toml", load_toml),
    ],
    patterns=["README.md"],
).pytest()
