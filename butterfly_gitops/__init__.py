"""Ultrasound results from the cloud to every EHR, configured by pull request.

Six packages decide (`model`, `config`, `plan`, `hl7`, `mllp`, `delivery`) and never touch the world: no IO,
no clock, no randomness, no async, no logging. The others do what these decided, and `wiring` joins them. The
order of the layers stands in `.importlinter`. Nothing belongs in this file but the version.
"""

__version__ = "0.1.0"
