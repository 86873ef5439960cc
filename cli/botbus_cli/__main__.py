"""`python -m botbus_cli` is `botbus`."""

from botbus_cli.main import main

main(prog_name="botbus")
