"""--help says what each command and each option is for."""

from collections.abc import Iterator

import click

from botbus_cli.main import main


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found is not None
            yield from commands(found, f"{name} {word}")


def test_every_command_and_every_option_is_explained() -> None:
    silent = [
        f"{name} {' '.join(option.opts)}"
        for name, command in commands(main, "botbus")
        for option in command.params
        if isinstance(option, click.Option) and not (option.help or option.hidden)
    ]
    silent += [name for name, command in commands(main, "botbus") if not command.help]
    assert silent == []


def test_figures_have_a_short_name() -> None:
    """`N`, not the name of the type that checks them."""
    for name, command in commands(main, "botbus"):
        with click.Context(command) as context:
            assert "INTEGER RANGE" not in command.get_help(context), name


def test_whom_the_policy_lets_look_as_a_bot_only_can_say_as_which() -> None:
    nameless = {
        name
        for name, command in commands(main, "botbus")
        if {"url", "me"}.intersection(option.name or "" for option in command.params) == {"url"}
    }
    for_administrators = {
        "botbus connections list",
        "botbus connections show",
        "botbus message show",
    }
    assert nameless - for_administrators == {"botbus", "botbus serve", "botbus doctor"}
