"""Preview: every wording, as one fictional employee would receive it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Protocol, TypeAlias

from diffuse.domain.campaign import Campaign
from diffuse.domain.message import (
    ABOUT,
    ACKNOWLEDGE_URL,
    DECOY_URL,
    DUTY,
    GIVEN_NAME,
    NAME,
    PIXEL_URL,
    Announcement,
    fill,
    link_slot,
)
from diffuse.domain.policy import KeyPoint, Policy, Variant
from diffuse.domain.posting import variant_of, wanted
from diffuse.domain.source import Loaded
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Platform, PostSpecimen, Renderer, Specimen
from diffuse.services.compose import filled

Looks: TypeAlias = Callable[[str], Platform]
"""Gives for a channel a platform that dresses posts, before anything is set up."""

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


def preview(read: Sequence[Loaded], renderer: Renderer, gallery: Gallery, looks: Looks) -> Sequence[Specimen]:
    """Write every wording of the campaigns, in each of their languages; return them.

    Args:
        read: the campaigns.
        renderer: lays wordings out.
        gallery: where they are written.
        looks: gives for a channel a platform that dresses posts.

    Raises:
        AuthoringError: with every problem of the campaigns; nothing is written then.
    """
    problems: list[Problem] = []
    specimens: list[Specimen] = []
    looks = cache(looks)
    for loaded in read:
        problems += loaded.problems
        for wording in _wordings(loaded):
            try:
                specimens.append(wording.specimen(renderer, looks))
            except AuthoringError as error:
                problems += (
                    problem if problem.file else loaded.located(problem) for problem in error.problems
                )
    if problems:
        raise AuthoringError(*dict.fromkeys(problems))
    gallery.write(specimens)
    return specimens


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    campaign: Campaign
    policy: Policy
    point: KeyPoint
    variant: Variant
    language: str

    def specimen(self, renderer: Renderer, looks: Looks) -> Specimen:
        """Render this wording for the fictional employee, and as a post for everybody."""
        which = (self.campaign, self.policy, self.point, self.variant.register, self.language)
        baked = renderer.bake(*which).tracked(self.campaign.tracking)
        announcement = baked.announcement
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
            posts=tuple(self._posts(announcement, looks)) if announcement else (),
        )

    def _posts(self, announcement: Announcement, looks: Looks) -> Iterator[PostSpecimen]:
        """Yield this wording as each platform of its audience is given it, on the day that is wanted."""
        register = variant_of(self.point, self.language)
        for one in wanted(self.campaign):
            if (one.key_point, one.language) != (self.point.id, self.language):
                continue
            window, zone = self.campaign.send_window, self.campaign.zone
            opens, _ = window.hours(window.next_day(one.wanted_on), zone)
            post = filled(announcement, one.key, one.language, opens, SAMPLE[ACKNOWLEDGE_URL])
            yield PostSpecimen(
                channel=one.channel,
                at=opens.astimezone(zone),
                post=post,
                dressed=looks(one.channel).dress(post),
                falls_back=one.falls_back,
                is_posted=self.variant.register == register,
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
