"""What every test run shares: how many cases a property is tried on."""

import os

from hypothesis import HealthCheck, settings

# By default a run is bounded and the same every time; `make fuzz` searches.
settings.register_profile(
    "bounded", max_examples=60, derandomize=True, deadline=None, database=None
)
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("RALLY_FUZZ_CASES", "20000")),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("bounded")
