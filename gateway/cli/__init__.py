"""The command line: one file a noun, typer and rich; see `coachgate --help`."""
