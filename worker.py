"""The one module with an effect at import: ``dramatiq worker:broker``."""

from diffuse.actors import worker_broker
from diffuse.errors import DiffuseError
from diffuse.settings import Settings

try:
    broker = worker_broker(Settings.load())
except DiffuseError as error:
    raise SystemExit(str(error)) from None
