#!/bin/bash
# SPDX-License-Identifier: MIT
# zonectl zones and conduits: columns that stand under each other whatever the letters are, no line that ends in blanks,
# the same data as JSON, colours on a terminal only, and never what would change a terminal.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules" ZONED_CONTROL=/nonexistent
python3 -B - "$top_builddir/zonectl" "$dir" <<'END'
import json, os, pty, subprocess, sys
zonectl, folder = sys.argv[1:]
path = os.path.join(folder, "plant.conf")
with open(path, "w", encoding="utf-8") as f:
    f.write("""zones = (
  { name = "hmi"; type = "control"; interfaces = [ "eth1", "eth3" ]; networks = [ "10.1.0.0/24", "10.3.0.0/24" ]; },
  { name = "a-zone-with-a-name"; type = "safety"; parent = "hmi"; networks = [ "10.2.0.0/24" ];
    assets = ( { name = "x"; address = "10.2.0.7"; } ); }
);
conduits = (
  { name = "one"; from = "hmi"; to = "a-zone-with-a-name"; mode = "observe"; max_requests_per_second = 20;
    flows = ( { protocol = "modbus"; policy = "p"; ports = [ 502, 503 ]; }, { service = "ping"; } ); },
  { name = "back"; from = "a-zone-with-a-name"; to = "hmi"; flows = ( { transport = "udp"; ports = [ 514 ]; } ); }
);
policies = { p = { protocol = "modbus"; allow = ( { functions = [ 3 ]; units = 1; addresses = 1; } ); }; };
""")


def run(*words):
    got = subprocess.run((zonectl,) + words, capture_output=True, text=True, check=False)
    return got.returncode, got.stdout, got.stderr


def on_terminal(*words, **more):
    main, side = pty.openpty()
    subprocess.run((zonectl,) + words, stdout=side, check=False, env={**os.environ, "TERM": "xterm", **more})
    os.close(side)
    text = os.read(main, 65536).decode()
    os.close(main)
    return text


rc, out, err = run("zones", "-m", path)
want = [["ZONE", "TYPE", "PARENT", "ASSETS", "INTERFACES", "NETWORKS"], ["hmi", "control", "0", "eth1, eth3", "10.1.0.0/24, 10.3.0.0/24"],
        ["a-zone-with-a-name", "safety", "hmi", "1", "10.2.0.0/24"]]
lines = out.splitlines()
assert (rc, err) == (0, "") and [[w.strip() for w in line.split("  ") if w.strip()] for line in lines] == want, out
assert not any(line.endswith(" ") for line in lines) and "\x1b" not in out, out
at = lines[0].index("NETWORKS")
assert all(line[at:].startswith("10.") and line[at - 1] == " " for line in lines[1:]), out
rc, out, err = run("zones", "--json", "-m", path)
answer = json.loads(out)
assert answer["schema"] == 1 and answer["model"] == path and answer["zones"][1] == {
    "zone": "a-zone-with-a-name", "type": "safety", "parent": "hmi", "assets": 1, "interfaces": [], "networks": ["10.2.0.0/24"]}, out
rc, out, err = run("conduits", "--json", "-m", path)
answer = json.loads(out)["conduits"]
assert answer[0]["flows"] == ["modbus tcp 502 503 by p", "service ping"] and answer[0]["max_requests_per_second"] == 20, out
assert answer[1] == {"conduit": "back", "from": "a-zone-with-a-name", "to": "hmi", "mode": "enforce", "fail": "closed",
                     "max_requests_per_second": None, "max_writes_per_second": None, "open": "always", "flows": ["udp 514"]}, out
rc, out, err = run("conduits", "-m", path, "back")
assert rc == 0 and len(out.splitlines()) == 2 and "udp 514" in out, out
rc, out, err = run("conduits", "-m", path, "nowhere")
assert rc == 2 and 'there is no conduit "nowhere"' in err and not out, (rc, out, err)
rc, out, err = run("zones")
assert rc == 4 and "name one" in err, (rc, out, err)
rc, out, err = run("zones", "-m", path + "x")
assert rc == 9 and not out, (rc, out, err)
coloured = on_terminal("zones", "-m", path, NO_COLOR="")
assert "\x1b[31msafety\x1b[0m" in coloured and "\x1b[1mZONE\x1b[0m" in coloured, coloured
assert "\x1b" not in on_terminal("zones", "-m", path, NO_COLOR="1") and "\x1b" not in on_terminal("zones", "-m", path, TERM="dumb")
assert "\x1b[33mobserve\x1b[0m" in on_terminal("conduits", "-m", path, NO_COLOR="")
print("zones and conduits as tables")
END
