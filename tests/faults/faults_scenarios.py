"""Each of the twenty scenarios comes to the figure that it may come to at most."""

from collections.abc import Callable

import pytest

from tests.faults.conftest import row
from tests.faults.scenarios import SCENARIOS, World

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("number", sorted(SCENARIOS))
def test_a_scenario_ends_as_it_may(
    number: int, world: World, record_property: Callable[[str, object], None]
) -> None:
    fault, expected, scenario = SCENARIOS[number]
    found = scenario(world)
    record_property(str(number), row(number, found))
    assert found.holds, f"{fault}: {expected}, but {found.figure}; seed {world.seed}, kept in {world.folder}"
