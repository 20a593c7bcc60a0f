"""Each of the twenty scenarios comes to the figure that it may come to at most."""

import pytest

from tests.faults.conftest import FINDINGS
from tests.faults.scenarios import SCENARIOS, World

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("number", sorted(SCENARIOS))
def test_a_scenario_ends_as_it_may(number: int, world: World) -> None:
    fault, expected, scenario = SCENARIOS[number]
    FINDINGS[number] = found = scenario(world)
    assert found.holds, f"{fault}: {expected}, but {found.figure}; seed {world.seed}, kept in {world.folder}"
