"""config and connections: typed values, secrets that stay secret, changes as they are made."""

import json

import botbus
from tests.cli.command import Botbus


def test_a_configuration_from_beginning_to_end(run: Botbus) -> None:
    assert run("config", "set", "app.port", "8080").out == "app.port is set (integer)\n"
    assert run("config", "get", "app.port").out == "8080\n"
    shown = run("config", "get", "app.port", "--json").object
    assert (shown["value"], shown["value_type"]) == (8080, "integer")
    assert run("config", "set", "app.name", "botbus").out == "app.name is set (string)\n"
    run("config", "set", "app.name", "42")
    assert run("config", "get", "app.name", "--json").object["value"] == "42"
    assert (
        run("config", "set", "app.ratio", "1", "--type", "float", "--json").object["value"] == 1.0
    )
    run("config", "set", "app.hosts", '["a", "b"]', "--description", "who answers")
    assert run("config", "get", "app.hosts").out == '["a", "b"]\n'
    wrong = run("config", "set", "app.port", "many")
    assert (wrong.code, "app.port is of type integer" in wrong.err) == (1, True)
    listed = run("config", "list", "app.").out
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [
        "app.hosts",
        "app.name",
        "app.port",
        "app.ratio",
    ]
    assert run("config", "unset", "app.port").out == "app.port is gone\n"
    assert run("config", "unset", "app.port", "--json").object == {
        "key": "app.port",
        "changed": False,
    }
    assert run("config", "get", "app.port").code == 1


def test_a_change_can_depend_on_what_was_read(run: Botbus) -> None:
    assert run("config", "set", "lock", "me", "--if-absent").code == 0
    taken = run("config", "set", "lock", "you", "--if-absent")
    assert (taken.code, "conflict" in taken.err) == (1, True)
    assert run("config", "set", "lock", "you", "--if-value", "me").code == 0
    assert run("config", "unset", "lock", "--if-value", "me").code == 1


def test_a_secret_is_printed_by_its_get_alone(run: Botbus) -> None:
    secret = "hunter2"
    made = run("config", "set", "api.key", "-", "--secret", "--json", stdin=f"{secret}\n")
    assert (made.object["is_secret"], made.object["value"]) == (True, None)
    said = [
        made,
        run("config", "list"),
        run("config", "list", "--json"),
        run("config", "get", "api.key", "--json"),
        run("config", "set", "api.key", "x", "--if-absent"),
        run("history", "--channel", "botbus.config", "--json"),
        run("config", "unset", "api.key", "--if-value", "y"),
    ]
    assert all(secret not in outcome.out + outcome.err for outcome in said)
    assert "***" in said[1].out
    assert run("config", "get", "api.key").out == f"{secret}\n"


def test_changes_are_watched(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.configurations.set("seen.level", "debug")
    planner.configurations.set("unseen", 1)
    words = ("config", "watch", "seen.", "--after", "0", "--count", "2", "--json")
    with run.started(*words) as watch:
        assert watch.stdout is not None
        first = json.loads(watch.stdout.readline())
        planner.configurations.unset("seen.level")
        second = json.loads(watch.stdout.readline())
        assert watch.wait(10) == 0
    assert (first["type"], first["body"]["value"]) == ("config.set", "debug")
    assert (second["type"], second["body"]["key"]) == ("config.unset", "seen.level")


def test_connections_are_listed(run: Botbus, planner: botbus.SyncBus) -> None:
    made = run(
        "connections", "register", "browser-7", "websocket", "--user", "ann", "--json"
    ).object
    assert made["client_id"] == "browser-7"
    assert run("connections", "heartbeat", made["id"]).code == 0
    assert "browser-7" in run("connections", "--active").out
    assert run("connections", "close", made["id"], "--json").object["is_active"] is False
    listed = run("connections", "list", "--client", "browser-7", "--inactive", "--json")
    assert listed.object["user_id"] == "ann"
    own = run("connections", "list", "--type", "ipc", "--json").objects
    assert "planner" in {connection["client_id"] for connection in own}
    assert "connection type" in run("connections", "show", made["id"]).out
