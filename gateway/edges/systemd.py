"""Tells systemd about readiness (sd_notify(3)): one datagram to the socket it names, nothing where there is none."""

from __future__ import annotations

import os
import socket


def tell_systemd(state: str) -> None:
    """Send `state`, for instance "READY=1". Does nothing outside systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.sendall(state.encode())
