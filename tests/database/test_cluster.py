"""The life of the embedded server: made, shared, left, found again."""

import gc
import os
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from incidents_project.database import binaries, cluster, leakproof
from incidents_project.database.account import Account
from incidents_project.database.cluster import PORT, Cluster
from incidents_project.database.refusal import ClusterError


def answers(socket_dir, user="incidents_app", database="incidents"):
    with psycopg.connect(host=str(socket_dir), port=PORT, user=user, dbname=database) as connection:
        return connection.execute("SELECT current_user").fetchone()[0]


def runs(pid):
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def ends(pid):
    """A server takes its file away a moment before it ends."""
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not runs(pid)


def test_the_service_role_can_connect_to_its_database(home, open_cluster):
    assert answers(open_cluster(home).ensure_running()) == "incidents_app"


def test_nothing_listens_on_the_network(home, open_cluster):
    with psycopg.connect(
        host=str(open_cluster(home).ensure_running()), user="postgres", dbname="postgres"
    ) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_only_the_servers_user_may_enter_the_directory_of_its_socket(home, open_cluster):
    assert open_cluster(home).ensure_running().stat().st_mode & 0o777 == 0o700


def test_asking_twice_is_asking_once(home, open_cluster):
    server = open_cluster(home)
    server.ensure_running()
    first = server.postmaster()
    server.ensure_running()
    assert server.postmaster() == first


def test_leaving_stops_the_server_when_nobody_else_uses_it(home):
    server = Cluster(home)
    server.ensure_running()
    pid = server.postmaster()
    server.leave()
    assert server.postmaster() is None
    assert ends(pid)


def test_processes_share_one_server_and_the_last_to_leave_stops_it(home, user):
    first, second = user(home), user(home)  # at the same moment: only one may start it
    pid = first.postmaster()
    assert second.postmaster() == pid
    first.leave()
    assert runs(pid)
    second.leave()
    assert ends(pid)


def test_who_started_the_server_leaves_it_to_others_in_silence(home, user):
    server = Cluster(home)
    server.ensure_running()
    other = user(home)
    pid = other.postmaster()
    server.leave()
    del server
    gc.collect()  # a child that still runs would be warned of
    assert runs(pid)
    other.leave()
    assert ends(pid)


def test_a_killed_process_leaves_its_server_to_the_next(home, user, open_cluster):
    killed = user(home)
    pid = killed.postmaster()
    killed.kill()
    assert runs(pid)
    server = open_cluster(home)
    server.ensure_running()
    assert server.postmaster() == pid
    server.leave()
    assert ends(pid)


def test_a_fork_does_not_stop_the_server_of_its_parent(home, open_cluster):
    server = open_cluster(home)
    server.ensure_running()
    child = subprocess.run(  # a fork of this process would carry pytest along
        ["true"], preexec_fn=server.leave, check=False
    )
    assert child.returncode == 0
    assert runs(server.postmaster())


def test_a_server_that_died_is_started_again(home, open_cluster):
    server = open_cluster(home)
    server.ensure_running()
    os.kill(server.postmaster(), 9)
    while server.postmaster() is not None:
        time.sleep(0.01)
    assert answers(server.ensure_running()) == "incidents_app"


@pytest.mark.parametrize("pid", [1, os.getpid(), 4_194_303], ids=["init", "ourselves", "nobody"])
def test_a_stale_pid_file_is_not_taken_for_a_server(home, open_cluster, pid):
    (home / "postgres" / "postmaster.pid").write_text(f"{pid}\n{home}/postgres\n")
    assert answers(open_cluster(home).ensure_running()) == "incidents_app"


def test_a_long_path_puts_the_socket_elsewhere(made, tmp_path, open_cluster):
    long = tmp_path / ("a" * 60) / ("b" * 60)
    long.mkdir(parents=True)
    (long / "postgres").symlink_to(made / "postgres")
    socket_dir = open_cluster(long).ensure_running()
    assert not socket_dir.is_relative_to(long)
    assert answers(socket_dir) == "incidents_app"


def test_a_private_parent_directory_is_no_obstacle(private_home, open_cluster):
    assert answers(open_cluster(private_home).ensure_running()) == "incidents_app"
    assert private_home.parent.stat().st_mode & 0o777 == 0o700


def test_data_that_was_only_half_made_is_made_again(tmp_path, open_cluster):
    unfinished = tmp_path / "postgres.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("15\n")
    assert answers(open_cluster(tmp_path).ensure_running()) == "incidents_app"
    assert not unfinished.exists()


def test_a_directory_of_something_else_is_refused(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "holiday.jpg").touch()
    with pytest.raises(ClusterError, match="not a PostgreSQL data directory"):
        Cluster(tmp_path).ensure_running()


def test_data_of_a_version_that_is_not_installed_is_refused(own_home):
    (own_home / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterError, match="Install PostgreSQL 9"):
        Cluster(own_home).ensure_running()


def test_a_server_that_does_not_start_shows_why(own_home):
    (own_home / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ClusterError, match="no_such_setting"):
        Cluster(own_home).ensure_running()


def test_a_user_without_a_name_is_told_what_is_missing():
    with pytest.raises(ClusterError, match="/etc/passwd"):
        Account(4_000_000, 4_000_000).require_name()


def test_no_binaries_at_all_is_refused(tmp_path):
    with pytest.raises(ClusterError, match="No PostgreSQL was found"):
        binaries.choose(directories=[tmp_path])


def program(directory, name, version):
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
    path.chmod(0o755)


@pytest.fixture
def places(tmp_path):
    for version in ("14.1", "16.2", "18beta1"):
        program(tmp_path / version, "postgres", version)
        program(tmp_path / version, "initdb", version)
    program(tmp_path / "client", "psql", "17.1")
    return [tmp_path / name for name in ("client", "14.1", "16.2", "18beta1")]


def test_the_first_server_that_is_new_enough_is_chosen(places):
    assert binaries.choose(directories=places).major == 16


def test_data_chooses_the_server_of_its_version(places):
    assert binaries.choose(18, places).directory == places[3]


def asked(home, open_cluster, database, query, user="postgres"):
    host = str(open_cluster(home).ensure_running())
    with psycopg.connect(host=host, port=PORT, user=user, dbname=database) as connection:
        return connection.execute(query).fetchone()[0]


def test_case_is_known_of_letters_beyond_ascii_and_text_is_ordered_by_bytes(home, open_cluster):
    query = "SELECT upper('ä') = 'Ä' AND 'Z' < 'a'"
    assert asked(home, open_cluster, "incidents", query) is True


def test_a_system_without_that_locale_still_has_a_database(tmp_path, open_cluster, monkeypatch):
    monkeypatch.setattr(cluster, "_LETTERS", ("--lc-ctype=xx_XX.UTF-8",))
    query = "SELECT datctype FROM pg_database WHERE datname = current_database()"
    assert asked(tmp_path, open_cluster, "incidents", query) == "C"


@pytest.mark.parametrize("database", ["incidents", "template1"])
def test_data_of_an_earlier_version_can_use_indexes_after_a_start(own_home, open_cluster, database):
    server = open_cluster(own_home)
    host = str(server.ensure_running())
    with psycopg.connect(host=host, port=PORT, user="postgres", dbname=database) as connection:
        assert leakproof.indexes_usable(connection)
        for name in leakproof.FUNCTIONS:
            connection.execute(f"ALTER FUNCTION pg_catalog.{name} NOT LEAKPROOF")
        assert not leakproof.indexes_usable(connection)
    server.leave()
    host = str(server.ensure_running())
    with psycopg.connect(host=host, port=PORT, user="postgres", dbname=database) as connection:
        assert leakproof.indexes_usable(connection)


def test_data_of_an_earlier_version_gets_the_role_that_counts(own_home, open_cluster, user):
    """Also while a process of that version still uses the server."""
    server = open_cluster(own_home)
    host = str(server.ensure_running())
    with psycopg.connect(host=host, port=PORT, user="postgres", dbname="postgres") as connection:
        connection.execute("DROP ROLE incidents_app_survey")
    assert user(own_home).postmaster() == server.postmaster()
    with psycopg.connect(host=host, port=PORT, user="incidents_app", dbname="incidents") as app:
        app.execute("SET ROLE incidents_app_survey")
