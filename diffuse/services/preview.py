"""Preview: every wording, as one fictional employee would receive it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from diffuse.domain.campaign import Campaign
from diffuse.domain.message import (
    ABOUT,
    ACKNOWLEDGE_URL,
    DECOY_URL,
    DUTY,
    GIVEN_NAME,
    NAME,
    PIXEL_URL,
    fill,
    link_slot,
)
from diffuse.domain.policy import KeyPoint, Policy, Variant
from diffuse.domain.source import Loaded
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Renderer, Specimen

SAMPLE: Mapping[str, str] = {
    NAME: "Camille Côté",
    GIVEN_NAME: "Camille",
    ABOUT: "Dominique Roy",
    DUTY: "Facebook, Instagram",
    ACKNOWLEDGE_URL: "https://diffuse.example/acknowledge",
    DECOY_URL: "https://diffuse.example/decoy",
    # Nothing is fetched when an officer opens a page.
    PIXEL_URL: "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
}
"""The fictional employee and neutral addresses."""


class Gallery(Protocol):
    """Shows specimens side by side."""

    def write(self, specimens: Sequence[Specimen]) -> object:
        """Write every specimen, and one page that leads to them all."""


def preview(read: Sequence[Loaded], renderer: Renderer, gallery: Gallery) -> int:
    """Write every wording of the campaigns, in each of their languages; return how many there are.

    Raises:
        AuthoringError: with every problem of the campaigns; nothing is written then.
    """
    problems: list[Problem] = []
    specimens: list[Specimen] = []
    for loaded in read:
        problems += loaded.problems
        for wording in _wordings(loaded):
            try:
                specimens.append(wording.specimen(renderer))
            except AuthoringError as error:
                problems += (
                    problem if problem.file else loaded.located(problem) for problem in error.problems
                )
    if problems:
        raise AuthoringError(*dict.fromkeys(problems))
    gallery.write(specimens)
    return len(specimens)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    campaign: Campaign
    policy: Policy
    point: KeyPoint
    variant: Variant
    language: str

    def specimen(self, renderer: Renderer) -> Specimen:
        """Render this wording for the fictional employee."""
        which = (self.campaign, self.policy, self.point, self.variant.register, self.language)
        baked = renderer.bake(*which).tracked(self.campaign.tracking)
        # Links lead where they lead in the end, for officers to try.
        values = {**SAMPLE, **{link_slot(number): link for number, link in enumerate(baked.links)}}
        return Specimen(
            campaign=self.campaign.id,
            campaign_title=self.campaign.title[self.language],
            policy=self.policy.id,
            policy_title=self.policy.title[self.language],
            key_point=self.point.id,
            says=self.point.says[self.language],
            register=self.variant.register,
            language=self.language,
            subject=fill(baked.subject, values),
            action=baked.excerpt.action,
            words=self.variant.texts[self.language].words,
            html=fill(baked.html, values, escape),
            text=fill(baked.text, values),
        )


def _wordings(loaded: Loaded) -> Iterator[_Wording]:
    campaign = loaded.campaign
    if campaign is None:
        return
    for policy, point in campaign.key_points:
        for variant in point.variants:
            for language in campaign.languages:
                yield _Wording(
                    campaign=campaign, policy=policy, point=point, variant=variant, language=language
                )
