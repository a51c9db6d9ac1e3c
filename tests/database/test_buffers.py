"""The embedded server's share of the memory."""

import pytest

from incidents_project.database import buffers

GIB = 1024**3


@pytest.fixture
def installed(monkeypatch):
    def install(size):
        monkeypatch.setattr(buffers, "_installed", lambda: size)

    return install


@pytest.mark.parametrize(
    ("size", "share"),
    [(16 * GIB, "2048MB"), (512 * 1024**2, "128MB"), (256 * GIB, "4096MB"), (0, "128MB")],
)
def test_an_eighth_within_bounds(installed, size, share):
    installed(size)
    assert buffers.size(limits=[]) == share


@pytest.mark.parametrize(
    ("limit", "share"),
    [(f"{4 * GIB}\n", "512MB"), ("max\n", "2048MB"), (f"{2**63 - 4096}\n", "2048MB")],
)
def test_a_containers_limit_counts_where_it_is_less(installed, tmp_path, limit, share):
    installed(16 * GIB)
    (tmp_path / "memory.max").write_text(limit)
    assert buffers.size([tmp_path / "memory.max", tmp_path / "not there"]) == share


def test_the_machine_says_how_much_it_has():
    assert buffers._installed() > 0
