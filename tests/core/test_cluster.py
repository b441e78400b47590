"""What is there of a cluster where Ray is not; conversions on one are tried in `tests/ray`."""

import sys
from pathlib import Path

import pytest

from photochrom.cluster.convert_on_ray import convert_on_ray
from photochrom.errors import JobError


def test_without_ray_it_is_told_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("photochrom.cluster.run", "photochrom.cluster.machine", "photochrom.cluster.worker"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(JobError, match=r"Ray is not installed; install it with: pip install 'photochrom\[ray\]'"):
        convert_on_ray(tmp_path, tmp_path / "out")
