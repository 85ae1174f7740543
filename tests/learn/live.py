# SPDX-License-Identifier: MIT
"""live.py talk SECONDS: a Modbus client at 127.0.0.2 and a device at 127.0.0.1, some reads and two writes.
live.py daemon SOCKET MODEL: what answers "model" as zoned does, with this model."""
import json
import os
import socket
import struct
import sys
import threading
import time


def device(server):
    peer, _ = server.accept()
    with peer:
        while head := peer.recv(7, socket.MSG_WAITALL):
            tid, _, length, unit = struct.unpack('>HHHB', head)
            pdu = peer.recv(length - 1, socket.MSG_WAITALL)
            answer = pdu if pdu[0] == 6 else bytes([3, 4, 0, 1, 0, 2])
            peer.sendall(struct.pack('>HHHB', tid, 0, len(answer) + 1, unit) + answer)


def talk(seconds):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(('127.0.0.1', 502))
    server.listen()
    threading.Thread(target=device, args=(server,), daemon=True).start()
    client = socket.socket()
    client.bind(('127.0.0.2', 0))
    client.connect(('127.0.0.1', 502))
    end = time.monotonic() + seconds
    n = 0
    while time.monotonic() < end and n < 200:
        n += 1
        pdu = struct.pack('>BHH', 6, 40, 7) if n in (10, 20) else struct.pack('>BHH', 3, 100, 2)
        client.sendall(struct.pack('>HHHB', n, 0, len(pdu) + 1, 1) + pdu)
        client.recv(512)
        time.sleep(0.02)


def daemon(path, model):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    while True:
        peer, _ = server.accept()
        with peer:
            peer.recv(64)
            with open(model) as f:
                files = [{"path": os.path.abspath(model), "text": f.read()}]
            source = {"rules": os.environ["ZONED_RULES"], "files": files}
            peer.sendall(b"200 %s\n" % json.dumps({"generation": 1, "source": source}).encode())


talk(float(sys.argv[2])) if sys.argv[1] == 'talk' else daemon(*sys.argv[2:])
