"""`--help` of every verb and subcommand is worth reading."""

from collections.abc import Iterator

import click

from butterfly_gitops.cli.main import group
from tests.table import in_one_test


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


COMMANDS = dict(commands(group, "bgo"))


@in_one_test("path", COMMANDS)
def test_every_option_says_what_it_is_for(path: str):
    options = [one for one in COMMANDS[path].params if isinstance(one, click.Option)]
    assert [one.opts for one in options if not one.help] == []


@in_one_test("path", COMMANDS)
def test_every_command_says_what_it_does(path: str):
    says = (COMMANDS[path].help or "").strip()
    assert says.endswith((".", "problems.")) or "\n" in says
    assert len(says) >= 20
