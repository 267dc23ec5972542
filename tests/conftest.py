"""What holds for all tests: none judges how fast the machine is, and a change is judged by the same examples each time.

A law is tried on few examples in `make test`, and on as many as it is worth in `make soak`. New examples are looked for
by `make search`: whatever it finds becomes a case of a table, or an `@example`.
"""

from hypothesis import HealthCheck, settings

_any_machine = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("few-examples", derandomize=True, max_examples=20, **_any_machine)
settings.register_profile("same-examples", derandomize=True, **_any_machine)
settings.register_profile("other-examples", derandomize=False, **_any_machine)
settings.load_profile("few-examples")
