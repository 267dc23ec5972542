"""`bgo schema`: write the published JSON Schemas, or fail when the committed ones are stale."""

from pathlib import Path

import click

from butterfly_gitops.cli.output import ExitCode, say
from butterfly_gitops.config.json_schema import documents, print_schema, schema_of
from butterfly_gitops.plan.document import Plan


@click.command("schema")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a schema is stale or missing.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="Where the schemas are.",
)
@click.pass_context
def command(ctx: click.Context, *, check: bool, folder: Path) -> None:
    """Write the JSON Schemas of files, events and outputs.

    They are generated from the program's own models, so that an editor and a reviewer see what the program checks.
    """
    schemas = published()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*") if path.name in schemas}
    stale = [name for name, text in schemas.items() if there.get(name) != text]
    if check:
        for name in stale:
            say(f"{folder / name}: stale; run `bgo schema`")
        ctx.exit(ExitCode.FAILED if stale else ExitCode.DONE)
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).write_text(schemas[name], encoding="utf-8")
        say(f"{folder / name}: written")


def published() -> dict[str, str]:
    """Return each schema as text, by the name of its file."""
    return {
        **documents(),
        "plan.v1.schema.json": print_schema(schema_of(Plan, title="A plan")),
    }
