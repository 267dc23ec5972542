"""`bgo completion`: the script that lets a shell complete verbs, options, addresses and rules."""

import click
from click.shell_completion import get_completion_class

from butterfly_gitops.cli.main import COMPLETING, NAMES, group
from butterfly_gitops.cli.output import say_lines

# How each shell takes the same function for the program's second name.
_ALSO = {
    "bash": "complete -o nosort -F _bgo_completion {name}",
    "zsh": "[[ $zsh_eval_context[-1] == loadautofunc ]] || compdef _bgo_completion {name}",
    "fish": 'complete --no-files --command {name} --arguments "(_bgo_completion)"',
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_ALSO)))
def command(*, shell: str) -> None:
    """Print the script that lets a shell complete verbs, options, addresses and rules.

    \b
    bash (4.4 or newer)  eval "$(bgo completion bash)"     in ~/.bashrc
    zsh                  eval "$(bgo completion zsh)"      in ~/.zshrc, below compinit
    fish                 bgo completion fish | source      in ~/.config/fish/config.fish

    Sites and endpoints are those of the folder sites, or of what --sites names.
    """  # noqa: D301 - \b is click's mark for lines that keep their breaks
    say_lines(script_for(shell))


def script_for(shell: str) -> str:
    """The script of a shell, for both names of the program. Raises KeyError for a shell that is none of ours."""
    first, *others = NAMES
    kind = get_completion_class(shell)
    if kind is None:
        raise KeyError(shell)
    script = kind(group, {}, first, COMPLETING).source().strip()
    # Where zsh loads the script from a file on its path, the first line says for what.
    script = script.replace(f"#compdef {first}\n", f"#compdef {' '.join(NAMES)}\n", 1)
    return "\n".join([script, *(_ALSO[shell].format(name=name) for name in others), ""])
