"""What the domain's tests start from: a campaign and an employee to vary, and the texts of refusals."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Employee
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant
from diffuse.errors import AuthoringError

TEXT = Text(subject="Un rappel", body="À retenir.")
OWNER = "Ana Roy <ana.roy@universite.example>"
MONDAY = date(2027, 1, 11)


def variant(register: str = "advice") -> Variant:
    return Variant(register=register, texts=ByLanguage(fr=TEXT))


def key_point(name: str = "substitute", /, **changes: Any) -> KeyPoint:  # noqa: ANN401 -- any field
    values: dict[str, Any] = {"id": name, "says": ByLanguage("À retenir."), "variants": (variant(),)}
    return KeyPoint(**(values | changes))


def policy(name: str = "succession", /, **changes: Any) -> Policy:  # noqa: ANN401 -- any field
    values: dict[str, Any] = {
        "id": name,
        "title": ByLanguage("Relève"),
        "version": "2.1",
        "key_points": (key_point(),),
    }
    return Policy(**(values | changes))


def campaign(name: str = "social-media", /, **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    values: dict[str, Any] = {
        "id": name,
        "title": ByLanguage("Médias sociaux"),
        "owner": OWNER,
        "starts": MONDAY,
        "policies": (policy(),),
    }
    return Campaign(**(values | changes))


def employee(name: str = "ana", /, **changes: Any) -> Employee:  # noqa: ANN401 -- any field
    values: dict[str, Any] = {
        "id": name,
        "name": f"{name.title()} Roy",
        "email": f"{name}@universite.example",
    }
    return Employee(**(values | changes))


def refusal(make: Callable[[], object]) -> str:
    """Return the text with which something is refused."""
    with pytest.raises(AuthoringError) as refused:
        make()
    return str(refused.value)
