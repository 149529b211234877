"""Alembic revisions of the store's schema, shipped inside the package and run by `coachgate init`."""

REVISION = "0005"  # the newest one, which this program needs; a test compares it with the scripts
