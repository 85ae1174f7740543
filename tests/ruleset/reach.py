#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""reach.py GATEWAY WORLD TOOL MODEL: in namespace WORLD, where each interface of GATEWAY has its other end.
Packets by a fixed seed; one line per model, or one per packet that went otherwise than reach_of() says."""
import collections
import ctypes
import ipaddress
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys

GATEWAY, WORLD, TOOL, MODEL = sys.argv[1:]
OPENINGS, ERRORS_MAX = 160, 12
TCP, UDP, ICMP, GRE, ESP, AH, ICMP6 = 6, 17, 1, 47, 50, 51, 58
SYN, ACK = 2, 16
libc = ctypes.CDLL(None, use_errno=True)
pick = random.Random(18)


def enter(name):
    fd = os.open("/run/netns/" + name, os.O_RDONLY)
    if libc.setns(fd, 0):
        sys.exit("setns: %s" % os.strerror(ctypes.get_errno()))
    os.close(fd)


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if words[0] == "nft" else None, check=True, encoding="ascii").stdout


# ---- packets

def checksum(b):
    b += b"\0" * (len(b) & 1)
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def summed(head, at, pseudo):
    return head[:at] + struct.pack("!H", checksum(pseudo + head)) + head[at + 2:]


def ip_packet(src, dst, proto, payload):
    if src.version == 4:
        h = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 60, proto, 0, src.packed, dst.packed)
        return summed(h, 10, b"") + payload
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), proto, 60, src.packed, dst.packed) + payload


def layer4(src, dst, proto, sport, dport, flags=SYN, kind=None):
    pseudo = src.packed + dst.packed
    tag = b"zoned reach"
    if proto == TCP:
        h = struct.pack("!HHIIBBHHH", sport, dport, 1000, 1001 if flags & ACK else 0, 5 << 4, flags, 1000, 0, 0)
        body, at = h, 16
    elif proto == UDP:
        body, at = struct.pack("!HHHH", sport, dport, 8 + len(tag), 0) + tag, 6
    elif proto in (ICMP, ICMP6):
        body, at = struct.pack("!BBHHH", kind, 0, 0, sport, 1) + tag, 2
    else:
        return ip_packet(src, dst, proto, struct.pack("!HH", 0, 0x800) + tag)
    over = b"" if proto == ICMP else pseudo + struct.pack("!II", len(body), proto)
    return ip_packet(src, dst, proto, summed(body, at, over))


def icmp_error(router, quoted, kind):
    v4 = router.version == 4
    dst = ipaddress.ip_address(quoted[12:16] if v4 else quoted[8:24])
    body = struct.pack("!BBHI", kind, 0, 0, 0) + quoted[:28 if v4 else 60]
    over = b"" if v4 else router.packed + dst.packed + struct.pack("!II", len(body), ICMP6)
    return ip_packet(router, dst, ICMP if v4 else ICMP6, summed(body, 2, over))


# ---- the gateway

def elements(name):
    return [(e[0]["elem"]["val"] if isinstance(e, list) and isinstance(e[0], dict) and "elem" in e[0] else
             e[0] if isinstance(e, list) else e["elem"]["val"] if isinstance(e, dict) and "elem" in e else e,
             e[1] if isinstance(e, list) else None) for e in SETS[name]]


def networks(value):
    if isinstance(value, str):
        return [ipaddress.ip_network(value)]
    if "prefix" in value:
        return [ipaddress.ip_network("%s/%d" % (value["prefix"]["addr"], value["prefix"]["len"]))]
    first, last = map(ipaddress.ip_address, value["range"])
    return list(ipaddress.summarize_address_range(first, last))


def build():
    """The interfaces of the zones and two more, and a route to each network; some hosts by another one."""
    zones, paths = collections.defaultdict(list), collections.defaultdict(list)
    for name in "zone4", "zone6":
        for value, mark in elements(name):
            wide = [n for n in networks(value) if n.num_addresses >= 16]
            zones[mark] += wide if len(wide) < 9 else pick.sample(wide, 8)
    for value, _ in elements("paths"):
        paths[value["concat"][1]].append(value["concat"][0])
    names = sorted({v for v, _ in elements("claimed")}) + ["free0", "free1"]
    for i, name in enumerate(names):
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "w%d" % i, "netns", WORLD)
        run("ip", "link", "set", name, "arp", "off", "up")
    for what in ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.conf.all.rp_filter=0",
                 "net.ipv4.conf.all.send_redirects=0"):
        run("sysctl", "-qw", what)
    for name in names:
        run("sysctl", "-qw", "net.ipv4.conf.%s.rp_filter=0" % name, "net.ipv4.conf.%s.send_redirects=0" % name)
    routes = {}
    for mark, nets in zones.items():
        for net in nets:
            way = (paths[mark] or ["free0"])[0]
            stray = pick.choice([n for n in names if n not in paths[mark]])
            routes[net] = way
            routes[ipaddress.ip_network(net[-2])] = stray
            if len(paths[mark]) > 1:
                routes[ipaddress.ip_network(net[-3])] = paths[mark][1]
    routes[ipaddress.ip_network("0.0.0.0/0")] = routes[ipaddress.ip_network("::/0")] = "free1"
    for net, way in routes.items():
        run("ip", "-%d" % net.version, "route", "add", str(net), "dev", way)
    return zones, paths, names, routes


def way_out(dst):
    return ROUTES[max((n for n in ROUTES if n.version == dst.version and dst in n), key=lambda n: n.prefixlen)]


def counters():
    return {n: int(p) for n, p, _ in (line.split() for line in run(TOOL, "counters").splitlines())}


# ---- packets of one connection

Ends = collections.namedtuple("Ends", "src sport dst dport proto kind")
REQUESTS = {ICMP: [8, 8, 8, 13, 15, 17], ICMP6: [128, 128, 128, 139]}
REPLY = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140}


def real_port(number):
    """With ranges of ports conduits have the first port of a piece: any of it."""
    for value, mark in elements("port-ranges") if "port-ranges" in SETS else ():
        if mark == number:
            lo, hi = value["range"] if isinstance(value, dict) else (value, value)
            return pick.choice([lo, hi, pick.randrange(lo, hi + 1)])
    return number


def opening():
    """From any zone, or none, to any, by ports that conduits have, or others."""
    mark, to = pick.choice(list(ZONES) + list(HOSTS) + [0]), pick.choice(list(ZONES) + list(HOSTS) + [0])
    conduits = [v["concat"][:3] + [real_port(v["concat"][3])] for v, _ in elements("conduits")]
    others = [v["concat"] for n in ("conduits-icmp", "conduits-protocol") if n in SETS for v, _ in elements(n)]
    between = [c for c in conduits if c[0] == mark and c[1] == to]
    if pick.random() < 0.4 and conduits:
        mark, to = pick.choice(conduits)[:2]
        between = [c for c in conduits if c[0] == mark and c[1] == to]
    turned = [c for c in conduits if c[0] == to and c[1] == mark]
    version = pick.choice([4, 4, 6])
    if others and pick.random() < 0.25:
        mark, to, proto = pick.choice(others)[:3]
        proto = {"icmp": ICMP, "ipv6-icmp": ICMP6, "esp": ESP, "gre": GRE, "ah": AH}.get(proto, proto)
        version = {ICMP: 4, AH: 4, ICMP6: 6}.get(proto, version)
        between = []
    else:
        proto = None
    src, dst = host(mark, version), host(to, version)
    if not src or not dst:
        return None
    if proto is not None:
        port = None
    elif between and pick.random() < 0.6:
        proto, port = pick.choice(between)[2:]
        proto = {"tcp": TCP, "udp": UDP}.get(proto, proto)
    else:
        proto, port = pick.choice([TCP, TCP, UDP, ICMP if version == 4 else ICMP6, GRE, ESP]), pick.choice([22, 53, 502, 4444])
    if proto in (ICMP, ICMP6):
        port = None
    client = NEXT.pop()
    if turned and pick.random() < 0.3 and proto in (TCP, UDP):
        client = pick.choice(turned)[3]
    portless = proto not in (TCP, UDP, ICMP, ICMP6)
    return Ends(src, 0 if portless else client, dst, 0 if portless else client if port is None else port, proto,
                pick.choice(REQUESTS[proto]) if proto in REQUESTS else 0)


def host(mark, version):
    if mark in HOSTS:       # the assets of a class
        return pick.choice([a for a in HOSTS[mark] if a.version == version] or [None])
    if not mark and ANY:    # no zone has those that nobody forwards
        return ipaddress.ip_address("169.254.7.%d" % pick.randrange(1, 99)) if version == 4 else None
    if not mark:
        return ipaddress.ip_address("192.0.2.%d" % pick.randrange(1, 99) if version == 4 else "2001:db8:ffff::%d" % pick.randrange(1, 99))
    nets = [n for n in ZONES[mark] if n.version == version]
    net = pick.choice(nets) if nets else None
    return net and net[pick.choice([-3, -2] if net.num_addresses < 16 or pick.random() < 0.2 else [5, 6, 7])]


def line_of(state, e, answer, way_in, out, kind=0, router="-"):
    return "%s %s %d %s %d %d %d %s %s %d %s %d" % (state, e.src, e.sport, e.dst, e.dport, e.proto, answer, way_in, out, kind, router, e.kind)


def ask(line):
    REACH.stdin.write(line + "\n")
    REACH.stdin.flush()
    fate, counter, conduit = REACH.stdout.readline().split()
    return fate, counter, conduit


def arrived(packet):
    """The interfaces behind which it came out within a short time."""
    found, wait = set(), 0.02
    key = packet[12:20] + packet[20:] if packet[0] >> 4 == 4 else packet[8:]
    while True:
        ready, _, _ = select.select(list(SOCKETS.values()), [], [], wait)
        if not ready:
            return found
        for name, s in SOCKETS.items():
            if s in ready:
                got, where = s.recvfrom(2048)
                got = got[14:]
                if where[2] != socket.PACKET_OUTGOING and got and (got[12:20] + got[20:] if got[0] >> 4 == 4 else got[8:]) == key:
                    found.add(name)
        wait = 0.002


def send(what, line, packet, way_in, out):
    """Does the kernel do with it what reach_of() says? Returns its fate."""
    global BEFORE, SENT
    fate, counter, conduit = ask(line)
    SOCKETS[way_in].send(MACS[way_in] + b"\x02\0\0\0\0\1" + (b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet)
    came, now = arrived(packet), counters()
    more = {n for n in now if now[n] != BEFORE.get(n, 0)}
    BEFORE, SENT = now, SENT + 1
    SEEN[fate, counter if counter[:8] != "conduit-" else "conduit"] += 1
    want = {out} if fate in ("plain", "inside", "observed") or fate == "inspected" and conduit in OPEN else set()
    if WATCHED and came != {out} and out != way_in:
        print("FAILED: %s: %s: watched, and refused" % (what, line))
        FAILED.append(line)
    if WATCHED and what != "opening" and counter in ("wrong-interface", "wrong-way-out") and "observed-answers" in more:
        counter = "observed-answers"  # the opening came in there, and is remembered
    if (counter in more if counter != "-" else not more) and came == want and \
            (fate not in ("plain", "inspected") or counter == "conduit-" + conduit):
        return fate
    print("FAILED: %s: %s: reach says %s in %s; the kernel counts in %s, and it came out at %s" %
          (what, line, fate, counter, ", ".join(sorted(more)) or "none", ", ".join(sorted(came)) or "none"))
    FAILED.append(line)
    return fate


def connection():
    e = opening()
    if not e or (e.dst, e.src, e.proto) in PORTLESS: # that would be an answer
        return
    if not e.sport:
        PORTLESS.add((e.src, e.dst, e.proto))
    right = PATHS[zone_of(e.src)] if zone_of(e.src) else []
    way_in = (right or ["free0"])[0] if pick.random() < 0.85 else pick.choice(NAMES)
    out, kind = way_out(e.dst), e.kind
    midway = e.proto == TCP and pick.random() < 0.25
    packet = layer4(e.src, e.dst, e.proto, e.sport, e.dport, ACK if midway else SYN, kind)
    fate = send("opening", line_of("midway" if midway else "opens", e, 0, way_in, out, kind), packet, way_in, out)
    if fate not in ("plain", "inside", "observed") or midway:
        return
    back, kind = way_out(e.src), REPLY.get(e.kind, 0)
    answer = layer4(e.dst, e.src, e.proto, e.dport, e.sport, SYN | ACK, kind)
    if len(SENT_ERRORS) < ERRORS_MAX and e.proto not in (GRE, ESP, AH) and pick.random() < 0.5:
        SENT_ERRORS.append(1)
        router = pick.choice([e.dst, host(0, e.src.version) or e.dst, host(pick.choice(list(ZONES)), e.src.version) or e.dst])
        kind = pick.choice([3, 11, 5] if e.src.version == 4 else [1, 3, 2])
        send("error", line_of("error", e, 1, out, back, kind, str(router)), icmp_error(router, packet, kind), out, back)
    send("answer", line_of("continues", e, 1, out, back, REPLY.get(e.kind, 0)), answer, out, back)


def zone_of(a):
    for mark, nets in ZONES.items():
        if any(a in n for n in nets if n.version == a.version):
            return mark
    return 0


enter(GATEWAY)
run(TOOL, "commit", MODEL, "1")
TABLE = json.loads(run("nft", "-j", "-n", "list", "table", "inet", "zoned"))["nftables"]
SETS = {x[k]["name"]: x[k].get("elem", []) for x in TABLE for k in x if k in ("map", "set")}
WATCHED = open(MODEL).read().startswith('mode = "observe";')
OPEN = {b.split('"')[1] for b in open(MODEL).read().split("{ name = ")[1:] if WATCHED or 'fail = "open"' in b}
ZONES, PATHS, NAMES, ROUTES = build()
MACS = {n: bytes.fromhex(json.loads(run("ip", "-j", "link", "show", n))[0]["address"].replace(":", "")) for n in NAMES}
enter(WORLD)
SOCKETS = {}
for number, ifname in enumerate(NAMES):
    run("ip", "link", "set", "w%d" % number, "arp", "off", "up")
    SOCKETS[ifname] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    SOCKETS[ifname].bind(("w%d" % number, 3))
enter(GATEWAY)
REACH = subprocess.Popen([TOOL, "reach", MODEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii")
NEXT = pick.sample(range(30000, 60000), 4 * OPENINGS)
BEFORE, SENT, SEEN, FAILED, SENT_ERRORS = counters(), 0, collections.Counter(), [], []
HOSTS = collections.defaultdict(list)
for value, number in (elements("end4") + elements("end6") if "end4" in SETS else ()):
    HOSTS[number].append(ipaddress.ip_address(value))
PORTLESS, ANY = set(), 'networks = "any"' in open(MODEL).read()
for _ in range(OPENINGS):
    connection()
REACH.stdin.close()
REACH.wait()
print("%s: %s: %d packets: %s" % ("FAILED" if FAILED else "ok", os.path.basename(MODEL), SENT, ", ".join(
    "%s %s %d" % (f, c, n) for (f, c), n in sorted(SEEN.items()))))
sys.exit(1 if FAILED or SENT < OPENINGS // 2 else 0)
