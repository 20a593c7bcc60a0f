"""Pictures of a simulation, as PNG and SVG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffuse.domain.frontier import POLICIES, Found
from diffuse.domain.trial import Outcome
from diffuse.errors import AuthoringError

COLOURS = {
    "blast": "#999999",
    "uniform": "#D55E00",
    "fixed": "#E69F00",
    "fsrs": "#0072B2",
    "budgeted": "#009E73",
}
"""Told apart by colour-blind eyes (Okabe and Ito 2008)."""

MARKS = {"blast": "x", "uniform": "s", "fixed": "^", "fsrs": "D", "budgeted": "o"}
KINDS = ("png", "svg")
_STYLE: dict[Any, Any] = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#e6e6e6", "axes.axisbelow": True, "svg.hashsalt": "diffuse", "svg.fonttype": "none",
}  # fmt: skip


def draw(found: Found, path: Path) -> list[Path]:
    """Draw knowledge over time, and knowledge against messages, under each truth.

    Args:
        found: the results.
        path: where to, without an ending.

    Raises:
        AuthoringError: when nothing can be written there.
    """
    with rc_context(_STYLE):
        figure = Figure(figsize=(3.6 * len(found.truths), 6.4), layout="constrained")
        table = figure.subplots(2, len(found.truths), sharey="row", squeeze=False)
        for column, truth in enumerate(found.truths):
            _over_time(table[0, column], found, truth)
            _against_messages(table[1, column], found, truth)
        table[0, 0].set_ylabel("knowledge: mean probability of recall")
        table[1, 0].set_ylabel("mean knowledge over all days")
        handles, labels = table[1, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
        return [_write(figure, path.with_name(f"{path.name}.{kind}")) for kind in KINDS]


def _over_time(axes: Axes, found: Found, truth: str) -> None:
    for policy in POLICIES:
        curve = found.outcomes[truth, policy].curve
        axes.plot(np.arange(1, len(curve) + 1), curve, color=COLOURS[policy], linewidth=1.6)
    axes.set_title(f"truth: {truth}", fontsize=10)
    axes.set_xlabel("day")
    axes.set_ylim(0, None)


def _against_messages(axes: Axes, found: Found, truth: str) -> None:
    few = len(found.frontier[truth, "budgeted"][0].knowledge)  # the lines are theirs
    for policy in POLICIES:
        whole = found.outcomes[truth, policy]
        line = found.frontier.get((truth, policy), ())
        messages, knowledge = _line(line)
        axes.plot(messages, knowledge, color=COLOURS[policy], linewidth=1.2)
        axes.plot(
            [whole.messages[:few].mean()], [whole.knowledge[:few].mean()], marker=MARKS[policy],
            color=COLOURS[policy], linestyle="none", label=policy,
        )  # fmt: skip
    axes.set_xlabel("messages per employee")
    axes.set_xlim(0, None)
    axes.set_ylim(0, None)


def _line(outcomes: Sequence[Outcome]) -> tuple[list[float], list[float]]:
    points = sorted((float(one.messages.mean()), float(one.knowledge.mean())) for one in outcomes)
    return [messages for messages, _ in points], [knowledge for _, knowledge in points]


def _write(figure: Figure, path: Path) -> Path:
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150, metadata=metadata)
    except OSError as error:
        raise AuthoringError.of(
            f"{path} cannot be written: {error.strerror}", "a folder that may be written"
        ) from error
    return path
