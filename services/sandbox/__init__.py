"""Sandbox backend: serves the contract (`openapi.yaml`) from a database, with demo subscribers.

The app embeds it when it has no other backend; `python -m services.sandbox` serves it over HTTP.
"""

from services.sandbox.app import create_app
from services.sandbox.data_file import BadData, Subscriber, parse_subscribers
from services.sandbox.settings import Clock, SandboxSettings

__all__ = ["BadData", "Clock", "SandboxSettings", "Subscriber", "create_app", "parse_subscribers"]
