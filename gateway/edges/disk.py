"""How much room a disk has left (statvfs(3)). Only looks."""

from __future__ import annotations

import shutil
from pathlib import Path

MIB = 2**20


def free_octets(folder: Path) -> int:
    """What this user may still write on the disk of `folder`, or of the nearest folder above that exists. Raises `OSError`."""
    place = next(p for p in (folder, *folder.parents) if p.exists())
    return shutil.disk_usage(place).free
