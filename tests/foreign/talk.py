"""A foreign client that says what it is told: python3 talk.py SOCKET whole|bytes|single < LINES

Each line is "string TEXT", "binary HEX" or "close"; each reply is printed in the same way, the
empty one as "nothing". "bytes" sends every byte by itself; "single" makes a connection for each
message and says nothing of keeping it, as the C library does."""

import socket
import sys
import time

import sipc


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    for _ in range(1000):
        try:
            sock.connect(sys.argv[1])
            return sock
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.01)
    sys.exit("the server does not come")


def to_send(line):
    kind, _, rest = line.partition(" ")
    if kind == "string":
        return sipc.STRING, rest.encode() + b"\0"
    return (sipc.BINARY, bytes.fromhex(rest)) if kind == "binary" else (sipc.CLOSE, b"")


def shown(kind, flags, payload):
    if flags == sipc.NORESP | sipc.DISCARD:
        assert (kind, payload) == (sipc.BINARY, b"")
        return "nothing"
    if kind == sipc.STRING:
        assert payload.endswith(b"\0")
        return "string " + payload[:-1].decode()
    return "binary " + payload.hex() if kind == sipc.BINARY else "close"


how = sys.argv[2]
sock = None
for line in sys.stdin.read().splitlines():
    sock = sock or connect()
    frame = sipc.frame(*to_send(line))
    step = 1 if how == "bytes" else len(frame)
    for at in range(0, len(frame), step):
        sock.sendall(frame[at : at + step])
    kind, flags, _, payload = sipc.receive(sock)
    print(shown(kind, flags, payload))
    if how == "single":
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b"", "the server did not end the connection"
        sock.close()
        sock = None
