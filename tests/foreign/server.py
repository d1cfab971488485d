"""A foreign echo server: python3 server.py SOCKET CONNECTIONS kept|once

Prints one line when it listens. With "once" it serves one message a connection, as the C
library does; with "kept" it says that it takes several."""

import socket
import sys

import sipc

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(10)
print("listening", flush=True)
for _ in range(int(sys.argv[2])):
    sock, _ = listener.accept()
    sock.settimeout(20)
    while True:
        try:
            kind, flags, _, payload = sipc.receive(sock)
        except (EOFError, ConnectionResetError):
            break
        is_kept = sys.argv[3] == "kept"
        if payload == b"nothing":
            sock.sendall(sipc.frame(sipc.BINARY, b"", 3, sipc.KEPT if is_kept else 0))
        elif not flags & sipc.NORESP:
            reply = sipc.frame(kind, payload, 0, sipc.KEPT if is_kept else 0xAAAAAAAA)
            sock.sendall(reply)
        if not is_kept:
            break
    sock.close()
