"""Spaced-repetition campaigns that make a governance framework remembered.

Definitions, to write a campaign in Python::

    from diffuse import Campaign, Policy, KeyPoint, Variant, Text, ByLanguage
"""

from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.measures import Rate
from diffuse.domain.people import Audience, Employee
from diffuse.domain.period import Period
from diffuse.domain.policy import Answer, KeyPoint, Policy, Question, Text, Variant
from diffuse.domain.schedule import Schedule
from diffuse.domain.window import SendWindow
from diffuse.errors import (
    AuthoringError,
    DiffuseError,
    PermanentFailure,
    Problem,
    TransientFailure,
    UnknownDelivery,
)

__all__ = [
    "Answer",
    "Audience",
    "AuthoringError",
    "ByLanguage",
    "Campaign",
    "DiffuseError",
    "Employee",
    "KeyPoint",
    "Period",
    "PermanentFailure",
    "Policy",
    "Problem",
    "Question",
    "Rate",
    "Schedule",
    "SendWindow",
    "Text",
    "TransientFailure",
    "UnknownDelivery",
    "Variant",
]
