#!/bin/bash
# SPDX-License-Identifier: MIT
# The bill of materials (make sbom) is what the programs are made of: its libraries are those that the dynamic loader
# loads when they run, its versions those of dpkg, its hashes those of the files. Each difference is found: one library
# less, one more, another version, another hash, a dependency less. And there is none of what cannot be told.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
fail() { echo "FAIL: $*"; exit 1; }
cd "$top_builddir"
make -s sbom >"$dir/log" 2>&1 || fail "make sbom: $(cat "$dir/log")"
# what is really loaded, as the loader says while the program runs
for program in zoned zonectl; do
	word=$([ $program = zoned ] && echo --version || echo version)
	ASAN_OPTIONS=detect_leaks=0 LD_DEBUG=files LD_DEBUG_OUTPUT="$dir/$program" ./$program $word >/dev/null || fail "$program $word"
	sed -n 's/.*[[:space:]]file=\([^ ]*\) \[0\];  generating link map.*/\1/p' "$dir/$program".* | sort -u >"$dir/$program.loaded"
	[ "$(wc -l <"$dir/$program.loaded")" -ge 8 ] || fail "what $program loads cannot be told"
	readelf -d $program | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort >"$dir/$program.needed"
	readelf -l $program | sed -n 's#.*interpreter: .*/\([^]]*\)\]$#\1#p' >"$dir/$program.loader"
done
cat >"$dir/check.py" <<'END'
import copy, hashlib, json, subprocess, sys
bom, d = json.load(open("zoned.cdx.json")), sys.argv[1]
words = lambda name: set(open(d + "/" + name).read().split())
def wrong(b):
    assert (b["bomFormat"], b["specVersion"], b["version"]) == ("CycloneDX", "1.5", 1)
    programs = {p["name"]: p for p in b["metadata"]["component"]["components"]}
    assert set(programs) == {"zoned", "zonectl"}
    soname = lambda c: next(p["value"] for p in c["properties"] if p["name"] == "zoned:soname")
    found = {soname(c): c for c in b["components"]}
    graph = {x["ref"]: set(x["dependsOn"]) for x in b["dependencies"]}
    out, loaded = [], set()
    for name, p in programs.items():
        loaded |= words(name + ".loaded") | words(name + ".loader")
        if p["hashes"][0]["content"] != hashlib.sha256(open(name, "rb").read()).hexdigest():
            out.append(name + ": another hash")
        needed = {found[n]["bom-ref"] for n in words(name + ".needed") if n in found}
        if graph[name] != needed:
            out.append("%s: depends on others: %s" % (name, graph[name] ^ needed))
        seen, todo = set(), [name]      # all that is loaded is reached
        while todo:
            ref = todo.pop()
            if ref not in seen:
                seen.add(ref)
                todo += graph.get(ref, ())
        lost = {n for n in words(name + ".loaded") if n in found and found[n]["bom-ref"] not in seen}
        out += ["%s: nothing asks for %s" % (name, n) for n in lost]
    out += ["missing: " + n for n in loaded - set(found)] + ["too much: " + n for n in set(found) - loaded]
    for n, c in found.items():
        file = next(p["value"] for p in c["properties"] if p["name"] == "zoned:file")
        if c["hashes"][0]["content"] != hashlib.sha256(open(file, "rb").read()).hexdigest():
            out.append(n + ": another hash")
        if "purl" in c:
            is_ = versions.get(c["name"])
            if is_ != c["version"] or not c["purl"].startswith("pkg:deb/debian/" + c["name"].replace("+", "%2B") + "@"):
                out.append("%s: version %s, not %s" % (n, c["version"], is_))
            if not c["licenses"] or not all(l["license"]["name"] for l in c["licenses"]):
                out.append(n + ": no license")
        elif debian:
            out.append(n + ": of no package")
    return out
try:
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n"], capture_output=True, text=True).stdout
    versions, debian = {w[0]: w[1] for w in map(str.split, said.splitlines()) if w[-1] == "installed"}, True
except FileNotFoundError:
    versions, debian = {}, False
assert wrong(bom) == [], wrong(bom)
def changed(how):
    b = copy.deepcopy(bom)
    how(b)
    return " ".join(wrong(b))
def at(b, soname):
    return next(i for i, c in enumerate(b["components"]) if c["properties"][0]["value"] == soname)
def one_more(b):
    b["components"].append(copy.deepcopy(b["components"][at(b, "libpcap.so.0.8")]))
    b["components"][-1]["properties"][0]["value"] = "libmore.so.1"
def other_hash(b):
    b["components"][at(b, "libc.so.6")]["hashes"][0]["content"] = "0" * 64
def other_version(b):
    b["components"][at(b, "libmnl.so.0")]["version"] = "0"
def less_asked(b):
    next(x for x in b["dependencies"] if x["ref"] == "zonectl")["dependsOn"].pop()
assert "missing: libnftnl.so.11" in changed(lambda b: b["components"].pop(at(b, "libnftnl.so.11")))
assert "too much: libmore.so.1" in changed(one_more)
assert "libc.so.6: another hash" in changed(other_hash)
assert not debian or "libmnl.so.0: version 0" in changed(other_version)
assert "depends on others" in changed(less_asked)
print("ok: %d libraries, 5 differences found" % len(bom["components"]))
END
python3 -B "$dir/check.py" "$dir" || fail "the bill of materials is another"

# refused: no program, and one of which a library is not there
no() {	# no WHAT TEXT FILE
	if "$top_srcdir/doc/sbom.sh" 1 "$3" >"$dir/out" 2>"$dir/err"; then fail "$1: a bill was made"; fi
	grep -q "$2" "$dir/err" || fail "$1: $(cat "$dir/err")"
}
no "a text" "ldd" "$dir/log"
sed 's/libjansson\.so\.4/libjanss0n.so.4/g' zonectl >"$dir/zonectl"
chmod +x "$dir/zonectl"
no "a library that is not there" "libjanss0n.so.4 => not found" "$dir/zonectl"
echo "ok: refused where a library is not found"
