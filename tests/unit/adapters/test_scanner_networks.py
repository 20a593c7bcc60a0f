"""The file of scanners' networks."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from diffuse.adapters.scanner_networks import read_networks
from diffuse.errors import AuthoringError


def test_networks_stand_one_a_line_with_remarks(tmp_path: Path) -> None:
    file = tmp_path / "scanners.txt"
    file.write_text("# Microsoft\n40.94.0.0/16  # Safe Links\n\n2a01:111::/32\n", encoding="utf-8")
    assert read_networks(file) == (ip_network("40.94.0.0/16"), ip_network("2a01:111::/32"))


def test_lines_without_a_network_are_named_all_at_once(tmp_path: Path) -> None:
    file = tmp_path / "scanners.txt"
    file.write_text("40.94.0.0/16\nmicrosoft.com\n40.94.1.0/28\n40.94.1.1/16\n", encoding="utf-8")
    with pytest.raises(AuthoringError) as refused:
        read_networks(file)
    assert [problem.line for problem in refused.value.problems] == [2, 3, 4]
    assert "at most /24" in str(refused.value)
