"""Hostile clients of a server: python3 enemy.py SOCKET PID [any]

The server is an echo, unless "any" says that any reply will do. Each attack is followed by a good client, who must be answered; at the end the server holds no
descriptor more than before. Prints one line for each attack."""

import array
import os
import random
import socket
import sys
import time

import sipc

PATH, PID = sys.argv[1], int(sys.argv[2])
ECHO = sys.argv[3:] != ["any"]
HELLO = sipc.frame(sipc.STRING, b"hello\0")
LONG = sipc.frame(sipc.BINARY, b"x" * 400_000)


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    while True:
        try:
            sock.connect(PATH)
            return sock
        except BlockingIOError:
            time.sleep(0.001)


def assert_answer(sock, payload=b"hello\0"):
    answer = sipc.receive(sock)
    assert answer[3] == payload or not ECHO, answer


def attempt(what, *arguments):
    """The server may have closed the connection: its right."""
    try:
        return what(*arguments)
    except OSError:
        return None


def slow_at_every_offset():
    socks = []
    for offset in range(len(HELLO)):
        sock = connect()
        sock.sendall(HELLO[:offset])
        socks.append((sock, offset))
    good()
    for sock, offset in socks:
        for at in range(offset, len(HELLO)):
            sock.sendall(HELLO[at : at + 1])
        assert_answer(sock)


def vanishing_at_every_offset():
    for offset in range(len(HELLO)):
        sock = connect()
        sock.sendall(HELLO[:offset])
        sock.close()


def closed_for_writing_at_every_offset():
    for offset in range(len(HELLO) + 1):
        sock = connect()
        sock.sendall(HELLO[:offset])
        sock.shutdown(socket.SHUT_WR)
        if offset == len(HELLO):
            assert_answer(sock)
        assert sock.recv(1000) == b""


def closed_for_reading():
    for count in (1, 5):
        sock = connect()
        sock.shutdown(socket.SHUT_RD)
        for _ in range(count):
            attempt(sock.sendall, LONG)
        sock.close()


def replies_nobody_reads():
    socks = [connect() for _ in range(5)]
    for sock in socks:
        sock.setblocking(False)
        try:
            for _ in range(50):
                sock.sendall(LONG)
        except OSError:
            pass
    good()
    return socks


def connecting_and_leaving():
    for _ in range(3000):
        connect().close()


def descriptors_as_gifts():
    read, write = os.pipe()
    sock = connect()
    gift = array.array("i", [write] * 20)
    for at in range(len(HELLO)):
        sock.sendmsg([HELLO[at : at + 1]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, gift)])
    assert_answer(sock)
    os.close(write)
    # Nobody else holds the writing end: reading ends.
    sock.settimeout(5)
    assert os.read(read, 1) == b"", "the server kept a descriptor it was sent"
    os.close(read)


def gifts_in_half_a_message():
    read, write = os.pipe()
    sock = connect()
    sock.sendmsg([HELLO[:10]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write]))])
    os.close(write)
    good()
    sock.close()
    assert os.read(read, 1) == b""
    os.close(read)


def writes_of_nothing():
    sock = connect()
    for at in range(len(HELLO)):
        sock.send(b"")
        sock.send(HELLO[at : at + 1])
        sock.sendmsg([b"", b""])
    assert_answer(sock)


def urgent_bytes():
    sock = connect()
    attempt(sock.send, b"!", socket.MSG_OOB)
    attempt(sock.sendall, HELLO)
    sock.close()
    sock = connect()
    sock.sendall(HELLO)
    attempt(sock.send, b"!", socket.MSG_OOB)
    assert_answer(sock)


def a_child_that_keeps_the_socket():
    sock = connect()
    sock.sendall(HELLO[:20])
    child = os.fork()
    if child == 0:
        sock.sendall(HELLO[20:])
        good()
        assert_answer(sock)
        os._exit(0)
    sock.close()
    assert os.waitpid(child, 0)[1] == 0


def a_sender_that_is_dead_by_now():
    sock = connect()
    child = os.fork()
    if child == 0:
        sock.sendall(HELLO)
        os._exit(0)
    os.waitpid(child, 0)
    assert_answer(sock)


def many_messages_at_once():
    sock = connect()
    count = 3000
    child = os.fork()
    if child == 0:
        many = b"".join(sipc.frame(sipc.BINARY, b"%d" % i) for i in range(count))
        attempt(sock.sendall, many)
        os._exit(0)
    for i in range(count):
        assert_answer(sock, b"%d" % i)
    os.waitpid(child, 0)


def framings_mixed():
    legacy = b"\0\0\0\0\0\0\0\0\6\0\0\0hello\0"
    sock = connect()
    attempt(sock.sendall, HELLO + legacy + HELLO)
    assert_answer(sock)
    assert attempt(sock.recv, 100) in (b"", None), "the stream was read on"
    sock = connect()
    attempt(sock.sendall, legacy * 3 + HELLO)
    sock.shutdown(socket.SHUT_WR)
    attempt(sock.recv, 100)


def going_on_after_a_mistake():
    sock = connect()
    bad = bytearray(HELLO)
    bad[-3] ^= 1
    attempt(sock.sendall, HELLO + bad + HELLO)
    assert_answer(sock)
    assert attempt(sock.recv, 100) in (b"", None)
    for _ in range(20):
        attempt(sock.sendall, HELLO)


def every_length_and_flag():
    for flags in [1 << bit for bit in range(32)] + [0xFFFFFFFF, 3, 5, 7]:
        sock = connect()
        sock.sendall(sipc.frame(sipc.BINARY, b"flags", flags))
        sock.shutdown(socket.SHUT_WR)
        while attempt(sock.recv, 1000):
            pass
    for length in (5242879, 5242880, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        sock = connect()
        head = bytearray(HELLO[:32])
        head[8:12] = length.to_bytes(4, "little")
        attempt(sock.sendall, head)
        sock.close()


def noise():
    chance = random.Random(1)
    for _ in range(300):
        sock = connect()
        sock.setblocking(False)
        data = chance.randbytes(chance.randrange(200))
        if chance.random() < 0.5:
            data = HELLO[: chance.randrange(40)] + data
        attempt(sock.sendall, data)
        if chance.random() < 0.5:
            attempt(sock.shutdown, chance.choice([socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR]))
        sock.close()


def good():
    started = time.monotonic()
    sock = connect()
    sock.sendall(HELLO)
    assert_answer(sock)
    assert time.monotonic() - started < 5, "a good client waited"


def descriptors():
    return len(os.listdir(f"/proc/{PID}/fd"))


ATTACKS = [
    slow_at_every_offset,
    vanishing_at_every_offset,
    closed_for_writing_at_every_offset,
    closed_for_reading,
    replies_nobody_reads,
    connecting_and_leaving,
    descriptors_as_gifts,
    gifts_in_half_a_message,
    writes_of_nothing,
    urgent_bytes,
    a_child_that_keeps_the_socket,
    a_sender_that_is_dead_by_now,
    many_messages_at_once,
    framings_mixed,
    going_on_after_a_mistake,
    every_length_and_flag,
    noise,
]

before = descriptors()
for attack in ATTACKS:
    held = attack()
    good()
    del held
    end = time.monotonic() + 20
    while descriptors() > before:
        assert time.monotonic() < end, f"{descriptors()} descriptors, {before} before"
        time.sleep(0.005)
    print(attack.__name__, flush=True)
