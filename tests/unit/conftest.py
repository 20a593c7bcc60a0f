"""How properties are tested: no time limit per example, since other work may slow the machine down."""

from hypothesis import settings

settings.register_profile("diffuse", deadline=None)
settings.load_profile("diffuse")
