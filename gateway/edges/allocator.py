"""The C library's allocator: what a large mail took goes back to the system when the mail is gone."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3  # <malloc.h>


def return_large_blocks(octets: int = 4 << 20) -> None:
    """From now on every block of `octets` or more is mapped by itself, and unmapped when it is freed (mallopt(3)).

    Left alone, glibc raises that bound to the size of each block it sees freed, up to 32 MiB; then large mails come from the common heap, leave holes
    that nothing fits, and the daemon grows with every one. Where the C library has no such call nothing happens.
    """
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(_M_MMAP_THRESHOLD, octets)
