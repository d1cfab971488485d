"""The wire format, written from its byte rules alone. Standard library only."""

import struct

MAGIC = 0xBEEFBEEFABAD1DEA
STRING, BINARY, CLOSE = 0, 1, 2
NORESP, DISCARD, NOSIGN = 1, 2, 4
KEPT = 0x6B616C76

TABLE = []
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ (0x95AC9329AC4BC9B5 if value & 1 else 0)
    TABLE.append(value)


def crc(data):
    value = 0
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value


assert crc(b"123456789") == 0xE9C6D914C4B8D9CA


def frame(kind, payload, flags=0, reserved=0):
    head = struct.pack("<IIIIQQ", kind, flags, len(payload), reserved, MAGIC, MAGIC)
    if not flags & NOSIGN:
        head = head[:24] + struct.pack("<Q", crc(head + payload))
    return head + payload


def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError(f"{len(data)} of {count} bytes")
        data += piece
    return data


def receive(sock):
    """Returns kind, flags, reserved and payload of the next frame, checked."""
    head = exactly(sock, 32)
    kind, flags, length, reserved, magic, check = struct.unpack("<IIIIQQ", head)
    assert magic == MAGIC and kind <= 2 and length < 5242880
    payload = exactly(sock, length)
    if flags & NOSIGN:
        assert check == MAGIC
    else:
        assert check == crc(head[:24] + struct.pack("<Q", MAGIC) + payload)
    return kind, flags, reserved, payload
