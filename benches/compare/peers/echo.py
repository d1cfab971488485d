"""Echoes messages of a fixed length. Run as: python3 echo.py SOCKET LENGTH"""
import socket
import sys

length = int(sys.argv[2])
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(128)
buffer = bytearray(length)
view = memoryview(buffer)
while True:
    stream, _ = listener.accept()
    while True:
        filled = 0
        while filled < length:
            count = stream.recv_into(view[filled:])
            if count == 0:
                break
            filled += count
        if filled < length:
            break
        stream.sendall(buffer)
    stream.close()
