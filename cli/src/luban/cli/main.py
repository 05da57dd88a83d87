"""The `luban` command."""

import typer

from luban.cli.commands import addresses, clock, demo, fsck, replay, stack, token, topics

app = typer.Typer(
    help="Luban (鲁班): a province's skill assessment and certification.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(stack.up)
app.command()(stack.down)
app.command()(stack.status)
app.command()(stack.logs)
app.command()(addresses.addresses)
app.command()(demo.demo)
app.command()(topics.topics)
app.command()(token.token)
app.command()(replay.replay)
app.command()(fsck.fsck)
app.add_typer(clock.app, name="clock")

if __name__ == "__main__":
    app()
