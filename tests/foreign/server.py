"""A foreign echo server: python3 server.py SOCKET CONNECTIONS kept|once|bytes|half

Prints one line when it listens. With "once" it serves one message a connection, as the C
library does; otherwise it says that it takes several. "bytes" sends every byte by itself, "half"
leaves in the middle of its first reply."""

import socket
import sys
import time

import sipc

how = sys.argv[3]


def reply_to(kind, flags, payload):
    kept = 0 if how == "once" else sipc.KEPT
    if payload == b"nothing":
        return sipc.frame(sipc.BINARY, b"", 3, kept)
    if flags & sipc.NORESP:
        return b""
    # The C library leaves garbage there.
    return sipc.frame(kind, payload, 0, kept or 0xAAAAAAAA)


def serve(sock):
    while True:
        try:
            kind, flags, _, payload = sipc.receive(sock)
        except (EOFError, ConnectionResetError):
            return
        reply = reply_to(kind, flags, payload)
        if how == "half":
            sock.sendall(reply[: len(reply) // 2])
            return
        step = 1 if how == "bytes" and len(reply) < 1000 else max(len(reply), 1)
        for at in range(0, len(reply), step):
            sock.sendall(reply[at : at + step])
            time.sleep(0 if step > 1 else 0.0005)
        if how == "once":
            return


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(10)
print("listening", flush=True)
for _ in range(int(sys.argv[2])):
    connection, _ = listener.accept()
    connection.settimeout(20)
    serve(connection)
    connection.close()
