"""A foreign client of an echo server: python3 client.py SOCKET"""

import socket
import sys

import sipc

sock = socket.socket(socket.AF_UNIX)
sock.settimeout(20)
sock.connect(sys.argv[1])


def ask(kind, payload, flags=0, expect=None):
    sock.sendall(sipc.frame(kind, payload, flags))
    answer = sipc.receive(sock)
    assert answer == (kind, 0, sipc.KEPT, payload if expect is None else expect), answer


ask(sipc.STRING, b"hello\0")
ask(sipc.STRING, b"no nul", expect=b"no nul\0")
ask(sipc.STRING, "grüße\0".encode())
ask(sipc.BINARY, bytes(range(256)))
ask(sipc.BINARY, b"")
ask(sipc.BINARY, b"unsigned", sipc.NOSIGN)
ask(sipc.CLOSE, b"")
long = bytes(i * 7 & 255 for i in range(300000))
ask(sipc.BINARY, long)
sock.sendall(sipc.frame(sipc.STRING, b"unheard\0", sipc.DISCARD))
assert sipc.receive(sock)[:2] == (sipc.BINARY, 3)
sock.sendall(sipc.frame(sipc.STRING, b"silent\0", sipc.NORESP))
whole = b"".join(sipc.frame(sipc.BINARY, bytes([i])) for i in range(100))
for at in range(0, len(whole), 5):
    sock.sendall(whole[at : at + 5])
for i in range(100):
    assert sipc.receive(sock)[3] == bytes([i])
print("all answered")
