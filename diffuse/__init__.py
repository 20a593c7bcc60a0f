"""Spaced-repetition campaigns that make a governance framework remembered.

Definitions, to write a campaign in Python::

    from diffuse import Campaign, Policy, KeyPoint, Variant, Text, ByLanguage
"""

from diffuse.domain.attention import Attention, EasyDays, QuietHours
from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.measures import Rate
from diffuse.domain.people import Audience, Employee
from diffuse.domain.period import Period
from diffuse.domain.policy import Answer, KeyPoint, Policy, PolicyChange, Question, Text, Variant
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.signals import Signals
from diffuse.domain.tracking import Tracking
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
    "Attention",
    "Audience",
    "AuthoringError",
    "ByLanguage",
    "Campaign",
    "DiffuseError",
    "EasyDays",
    "Employee",
    "KeyPoint",
    "Period",
    "PermanentFailure",
    "Policy",
    "PolicyChange",
    "Problem",
    "Question",
    "QuietHours",
    "Rate",
    "Schedule",
    "SendWindow",
    "Signals",
    "Targets",
    "Text",
    "Tracking",
    "TransientFailure",
    "UnknownDelivery",
    "Variant",
]
