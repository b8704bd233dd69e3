"""Any interleaving of all that happens to the store ends as the plain model says.

Pings arrive, late, twice and under an older list, of clients of two builds; people come
and go; operators pause, end, reopen and decide, and order rows to be expunged, or one
field of them; a review ends and is renewed or refused, documents are suspended and
released; jobs run, are killed, refused and left
without an answer; others forge decisions and letters, make up people, and put older
lists back; people agree and refuse, and ask for copies, which a desk makes, hands out
and destroys. After each step our readers see what the model allows, and nothing twice;
at the end the store holds exactly the model's rows, each person has the receipts that
are due, and running everything again changes nothing.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Machine

pytestmark = pytest.mark.slow("models")

STEPS = 20


@pytest.mark.hypothesis
def test_store_equals_the_model(registries):
    class Here(Machine):
        pass

    Here.registries = registries
    how = settings(stateful_step_count=STEPS, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Here, settings=how)
