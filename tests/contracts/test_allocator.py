"""What a large mail took goes back to the system, also where something small was allocated behind it meanwhile."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from gateway.edges.allocator import return_large_blocks
return_large_blocks()
def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096
for _ in range(3):
    bytearray(16 << 20)[:] = b"x" * (16 << 20)  # the allocator sees large blocks come and go
before, kept = resident(), []
for _ in range(4):
    large = b"x" * (16 << 20)
    kept.append(bytes(100_000))  # stays behind
    del large
print(resident() - before)
"""


def test_large_blocks_leave_no_holes() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 4 << 20
