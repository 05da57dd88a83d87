"""The `luban` command."""

import typer

from luban.cli.commands import (
    addresses,
    clock,
    demo,
    fsck,
    keys,
    load,
    log,
    papers,
    postgres,
    recover,
    replay,
    restore,
    stack,
    token,
    topics,
    verify,
)

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
app.command()(load.load)
app.command()(topics.topics)
app.command()(restore.restore)
app.command()(recover.recover)
app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})(postgres.postgres)
app.command()(token.token)
app.command()(replay.replay)
app.command()(fsck.fsck)
app.command()(papers.papers)
app.command()(verify.verify)
app.command()(verify.trust)
app.add_typer(clock.app, name="clock")
app.add_typer(keys.app, name="keys")
app.add_typer(log.app, name="log")

if __name__ == "__main__":
    app()
