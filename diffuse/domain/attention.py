"""How much we may send: one message a day and a weekly budget, over all campaigns."""

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.period import Days

WEEK = 7
"""The weekly budget counts any seven days in a row, not calendar weeks."""


def choose(  # noqa: PLR0913 -- six columns, all needed, all by keyword
    *,
    employee: NDArray[np.int64],
    due: Days,
    order: NDArray[np.int64],
    budget: NDArray[np.int64],
    today: NDArray[np.bool_],
    recent: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Choose at most one touchpoint per employee, the one that has been due for longest.

    Args:
        employee: for each candidate, the row of its employee.
        due: for each candidate, the day since which it is due.
        order: for each candidate, its rank among those due on the same day (lower goes first).
        budget: for each candidate, ``max_messages_per_week`` of its campaign.
        today: for each employee, whether a message already stands on the day being planned.
        recent: for each employee, the messages of the fullest week, any seven days, that holds the day.

    Returns:
        The places of the chosen candidates, by employee.
    """
    allowed = np.flatnonzero(~today[employee] & (recent[employee] < budget))
    ranked = allowed[np.lexsort((order[allowed], due[allowed], employee[allowed]))]
    first = np.ones(len(ranked), dtype=np.bool_)
    first[1:] = employee[ranked][1:] != employee[ranked][:-1]
    return ranked[first]
