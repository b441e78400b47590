"""Free memory: what the machine says, or what the control groups leave, whichever is less."""

from pathlib import Path

import pytest

from photochrom.conversion.system_memory import UNKNOWN_FREE, UNKNOWN_OWN, free_memory, own_memory

MIB = 1 << 20


def write(files: dict[str, str], root: Path) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def machine(root: Path, *, mebibytes: int, groups: str = "") -> Path:
    meminfo = f"MemTotal: {8 * mebibytes * 1024} kB\nMemFree: 12 kB\nMemAvailable:   {mebibytes * 1024} kB\n"
    write({"proc/meminfo": meminfo, "proc/self/cgroup": groups}, root)
    return root


def test_free_is_what_linux_calls_available(tmp_path: Path):
    assert free_memory(machine(tmp_path, mebibytes=700)) == 700 * MIB


@pytest.mark.parametrize(("limit", "free"), [("max", 700), (f"{512 * MIB}", 312), (f"{5000 * MIB}", 700)])
def test_a_control_group_of_version_2_limits_it(tmp_path: Path, limit: str, free: int):
    machine(tmp_path, mebibytes=700, groups="0::/user.slice/job\n")
    folder = "sys/fs/cgroup/user.slice/job/memory"
    write({f"{folder}.max": f"{limit}\n", f"{folder}.current": f"{300 * MIB}\n"}, tmp_path)
    write({f"{folder}.stat": f"anon 5\ninactive_file {100 * MIB}\nactive_file 7\n"}, tmp_path)
    assert free_memory(tmp_path) == free * MIB


def test_a_control_group_of_version_1_limits_it(tmp_path: Path):
    machine(tmp_path, mebibytes=700, groups="7:cpu,cpuacct:/a\n4:memory:/docker/abc\n0::/\n")
    folder = "sys/fs/cgroup/memory/docker/abc/memory"
    write({f"{folder}.limit_in_bytes": f"{256 * MIB}", f"{folder}.usage_in_bytes": f"{200 * MIB}"}, tmp_path)
    write({f"{folder}.stat": f"inactive_file 3\ntotal_inactive_file {50 * MIB}\n"}, tmp_path)
    assert free_memory(tmp_path) == 106 * MIB


def test_a_group_around_the_own_one_limits_too(tmp_path: Path):
    machine(tmp_path, mebibytes=700, groups="0::/outer/inner\n")
    for group, limit, use in (("outer/inner", 600, 100), ("outer", 400, 300)):
        folder = f"sys/fs/cgroup/{group}/memory"
        write({f"{folder}.max": f"{limit * MIB}", f"{folder}.current": f"{use * MIB}"}, tmp_path)
    assert free_memory(tmp_path) == 100 * MIB


def test_the_own_group_counts_where_a_container_sees_it_as_the_top(tmp_path: Path):
    machine(tmp_path, mebibytes=700, groups="0::/system.slice/docker-0123.scope\n")
    write({"sys/fs/cgroup/memory.max": f"{64 * MIB}", "sys/fs/cgroup/memory.current": f"{16 * MIB}"}, tmp_path)
    assert free_memory(tmp_path) == 48 * MIB


def test_nothing_is_free_in_a_group_that_is_over_its_limit(tmp_path: Path):
    machine(tmp_path, mebibytes=700, groups="0::/\n")
    write({"sys/fs/cgroup/memory.max": f"{64 * MIB}", "sys/fs/cgroup/memory.current": f"{65 * MIB}"}, tmp_path)
    assert free_memory(tmp_path) == 0


def test_another_system_has_half_of_its_memory_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    values = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr("os.sysconf", values.__getitem__)
    assert free_memory(tmp_path) == 1000 * 4096 // 2
    assert own_memory(tmp_path) == UNKNOWN_OWN


def test_a_system_that_tells_nothing_has_a_fixed_amount_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr("os.sysconf")
    assert free_memory(tmp_path) == UNKNOWN_FREE


def test_the_own_memory_grows_with_what_is_taken():
    before = own_memory()
    taken = bytearray(b"\1") * (64 * MIB)
    assert own_memory() - before > 60 * MIB
    assert len(taken) == 64 * MIB


def test_this_machine_has_some_free():
    assert 0 < free_memory() < 1 << 50
