"""A group of sub-commands that lists if nothing else is said: `botbus dead` is `botbus dead list`."""

import click


class ListsByDefault(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        says_nothing = not args or (
            args[0].startswith("-") and args[0] not in ctx.help_option_names
        )
        return super().parse_args(ctx, ["list", *args] if says_nothing else args)
