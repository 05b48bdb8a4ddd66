"""A name server that answers from a table; standard library only, for the private network of a witness.

A row of the table: ``name``; ``type`` (``A``, ``AAAA``, ``PTR`` or ``any``); ``server`` (only there; default all);
``data`` (addresses or names; an empty list is "no data"); ``rcode`` (``SERVFAIL`` …, in place of data); ``delay``
(seconds); ``drop`` (no answer at all); ``udp`` (over UDP only so many records, with the TC bit). The first row that
fits is taken; a name without one does not exist (NXDOMAIN).
"""

import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any

_TYPES = {"A": 1, "PTR": 12, "AAAA": 28}
_CODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}

Row = dict[str, Any]


def _name(text: str) -> bytes:
    labels = [label.encode() for label in text.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _record(kind: int, text: str) -> bytes:
    if kind == _TYPES["PTR"]:
        data = _name(text)
    else:
        data = socket.inet_pton(socket.AF_INET6 if kind == _TYPES["AAAA"] else socket.AF_INET, text)
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def reply(query: bytes, server: str, tcp: bool, rows: Sequence[Row]) -> bytes | None:
    """The answer to one query packet, None for silence. Sleeps where the row says so."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
        at += query[at] + 1
    (kind,) = struct.unpack(">H", query[at + 1 : at + 3])
    asked, question = ".".join(labels).lower(), query[12 : at + 5]
    for row in rows:
        fits = row["name"] == asked and row.get("server", server) == server
        if fits and row["type"] in ("any", next((name for name, n in _TYPES.items() if n == kind), "")):
            break
    else:
        row = {"rcode": "NXDOMAIN"}
    time.sleep(row.get("delay", 0))
    if row.get("drop"):
        return None
    data = [_record(kind, text) for text in row.get("data", ())]
    cut = not tcp and "udp" in row
    if cut:
        data = data[: row["udp"]]
    flags = 0x8180 | _CODES[row.get("rcode", "NOERROR")] | (0x200 if cut else 0)
    return query[:2] + struct.pack(">HHHHH", flags, 1, len(data), 0, 0) + question + b"".join(data)


def _udp(handle: socket.socket, server: str, rows: Sequence[Row]) -> None:
    def answer(query: bytes, client: Any) -> None:
        if (text := reply(query, server, False, rows)) is not None:
            handle.sendto(text, client)

    while True:
        query, client = handle.recvfrom(4096)
        threading.Thread(target=answer, args=(query, client), daemon=True).start()


def _tcp(handle: socket.socket, server: str, rows: Sequence[Row]) -> None:
    def answer(client: socket.socket) -> None:
        with client, client.makefile("rb") as stream:
            while len(size := stream.read(2)) == 2:  # glibc sends A and AAAA down one connection
                text = reply(stream.read(int.from_bytes(size, "big")), server, True, rows)
                if text is not None:
                    client.sendall(len(text).to_bytes(2, "big") + text)

    while True:
        client, _ = handle.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()


def serve(servers: Sequence[str], rows: Sequence[Row]) -> None:
    """Answer on port 53 of each address, over UDP and TCP, in the background. Returns once all are bound."""
    for server in servers:
        for kind, work in ((socket.SOCK_DGRAM, _udp), (socket.SOCK_STREAM, _tcp)):
            handle = socket.socket(socket.AF_INET, kind)
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            handle.bind((server, 53))
            if kind == socket.SOCK_STREAM:
                handle.listen(16)
            threading.Thread(target=work, args=(handle, server, rows), daemon=True).start()
