#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An engineer's peer of the control socket that cuts, half closes, never reads and never ends.
unfriendly.py SOCKET PID MODEL; without the last two: who sends a line that does not end"""
import json
import os
import socket
import sys
import time

PATH = sys.argv[1]


def join():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(8)
    s.connect(PATH)
    return s


def answer(f):
    line = f.readline()
    code, document = line.split(" ", 1)
    return int(code), json.loads(document)


def ask(data):
    with join() as s, s.makefile("r") as f:
        s.sendall(data)
        return answer(f)


def memory():
    with open("/proc/%s/statm" % sys.argv[2]) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def octet_by_octet():
    with join() as s, s.makefile("r") as f:
        for b in b'rollback generation=77 reason="a \\"b\\""\n':
            s.sendall(bytes([b]))
            time.sleep(0.001)
        assert answer(f)[0] == 404
        for b in b"apply body=3\n{} ":
            s.sendall(bytes([b]))
            time.sleep(0.001)
        assert answer(f)[0] == 422


def half_closed():
    with join() as s, s.makefile("r") as f:
        s.sendall(b"status\ngenerations\nstatus\napply body=2\n{}")
        s.shutdown(socket.SHUT_WR)
        codes = [answer(f)[0] for _ in range(4)]
        assert codes == [200, 200, 200, 422], codes
        assert f.readline() == ""


def cut_body():
    with join() as s, s.makefile("r") as f:
        s.sendall(b"apply body=9\n{}")
        s.shutdown(socket.SHUT_WR)
        assert f.readline() == ""


def cut_in_a_character():
    code, o = ask("x{}\n".format("\u00e4" * 40).encode())
    assert code == 400 and "there is no verb" in o["error"], (code, o)
    code, o = ask("status x{}=1\n".format("\u00e4" * 40).encode())
    assert code == 400 and "takes no" in o["error"], (code, o)
    text = 'daemon = { roles = { viewer = [ "x%s" ]; }; };\n' % ("\u00e4" * 400)
    files = json.dumps({"rules": "", "files": [{"path": "/m.conf", "text": text}]}).encode()
    code, o = ask(b"apply body=%d\n" % len(files) + files)
    assert code == 422 and any("is not the name" in e["text"] for e in o["errors"]), (code, o)


def a_path_is_no_line():
    files = json.dumps({"rules": "", "files": [{"path": "m\nzoned: apply by root: in force: event=change",
                                                "text": "x"}]}).encode()
    code, o = ask(b"apply body=%d\n" % len(files) + files)
    assert code == 422 and "these are not the files" in o["errors"][0]["text"], (code, o)


def never_reads():
    """It sends and does not read: zoned takes a bounded part of that, and serves others."""
    before = memory()
    s = join()
    s.settimeout(0.5)
    sent = 0
    request = b"generations\n" * 4096
    try:
        while sent < 64 << 20:
            sent += s.send(request)
    except OSError:
        pass
    grown = memory() - before
    assert grown < 8 << 20, "zoned took %d MB of %d" % (grown >> 20, sent >> 20)
    assert ask(b"status\n")[0] == 200
    s.close()


def slow_line():
    """An octet now and then does not hold a place."""
    start = time.monotonic()
    with join() as s:
        try:
            while time.monotonic() < start + 20:
                s.sendall(b"s")
                time.sleep(0.5)
        except OSError:
            return
    raise AssertionError("a line may take for ever")


def role_lost():
    """The line came while its sender was an engineer, the body when he is none any more."""
    with open(sys.argv[3]) as f:
        text = f.read()
    less = text.replace('engineer = [ "games" ]', 'engineer = [ "src" ]')
    assert less != text
    with join() as s, s.makefile("r") as f:
        s.sendall(b"apply body=2\n{")
        time.sleep(0.1)
        pack = {"rules": os.environ["ZONED_RULES"], "files": [{"path": sys.argv[3], "text": less}]}
        for name in ("modbus-read-only.conf",):
            path = os.path.join(os.environ["ZONED_RULES"], name)
            pack["files"].append({"path": path, "text": open(path).read()})
        first = json.dumps(pack).encode()
        code, o = ask(b"apply body=%d\n" % len(first) + first)
        assert code == 200, (code, o)
        s.sendall(b"}")
        code, o = answer(f)
        assert code == 403, (code, o)


TRIALS = (octet_by_octet, half_closed, cut_body, cut_in_a_character, a_path_is_no_line, never_reads, role_lost)
for trial in TRIALS if len(sys.argv) == 4 else (slow_line,):
    try:
        trial()
    except Exception as e:
        print("FAIL: %s: %r" % (trial.__name__, e))
        sys.exit(1)
    print("ok:", trial.__name__.replace("_", " "))
