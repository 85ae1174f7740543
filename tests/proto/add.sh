#!/bin/bash
# SPDX-License-Identifier: MIT
# The list of protocols is the only one: a line more without its parts does not link, and the linker names each that is
# missing; with the parts of tests/proto/echo the program knows a protocol more, from its words to its records. Its
# seeds and its sections of the manual are missed as long as it has none, and used as soon as it has.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
src=$top_srcdir/src
echo=$top_srcdir/tests/proto/echo
setting() { sed -n "s/^$1 = //p" "$top_builddir/Makefile"; }
fail() { echo "FAIL: $*"; exit 1; }

flags="$(setting DEFS) -std=gnu11 -D_GNU_SOURCE -O0 -Wall -Wextra -Werror -I$dir -I$src -I$top_builddir"
printf '#define ZONED_%s\n' "RULESDIR \"$top_srcdir/rules\"" 'CONF "/etc/zoned/zoned.conf"' 'RUNDIR "/run/zoned"' 'STATEDIR "/var/lib/zoned"' >"$dir/paths.h"
flags+=" -include $dir/paths.h"
libs=
for lib in MNL NFTNL CONFIG PCAP JANSSON NETTLE SQLITE ZLIB ZSTD; do
	flags+=" $(setting ${lib}_CFLAGS)"
	libs+=" $(setting ${lib}_LIBS)"
done
cc=$(setting CC)

# The list with one line more; a header is found here before it is found in src.
mkdir -p "$dir/proto" "$dir/o"
last=$(grep -n '^	P(' "$src/proto/protocols.h" | tail -n 1 | cut -d: -f1)
sed "${last}s/\$/ \\\\\n	P(ECHO, echo, \"echo\", 7, OVER_TCP)/" "$src/proto/protocols.h" >"$dir/proto/protocols.h"
grep -q 'PROTO_ECHO\|P(ECHO' "$dir/proto/protocols.h" || fail "the list has no line more"
cp -r "$echo" "$dir/proto/echo"

# All of zonectl, and the protocol
for file in "$src"/{base,model,packet,record,policy,compile,compare,lint,nft,stream,inspect,host,recording,history,backup,store,learn,zonectl}/*.c \
	"$src"/fastpath/policy.c "$src"/fastpath/load-none.c "$src"/proto/*/*.c "$dir"/proto/echo/*.c; do
	folder=${file%/*}
	echo "$file $dir/o/${folder##*/}-${file##*/}.o"
done >"$dir/files"
xargs -P 2 -L 1 sh -c "$cc $flags -c \"\$0\" -o \"\$1\"" <"$dir/files" || fail "it does not compile"

link() # link OBJECT...: what the linker says
{
	$cc -o "$dir/zonectl" "$@" $libs 2>"$dir/said"
}

parts="words:policy_echo_ops image:build_echo decide:pol_echo_shape gate:proto_echo gate-fast:fast_echo
	kernel:fast_echo_policy facts:facts_echo replay:replay_echo explain:explain_echo learn:learn_echo
	scope:scope_echo"
without=$(ls "$dir"/o/*.o | grep -v '/echo-')
link $without && fail "a line without its parts links"
for part in $parts; do
	grep -q "undefined reference to .${part#*:}'" "$dir/said" || fail "the linker does not name ${part#*:}"
done
echo "ok: a line without its parts: the linker names each"
for part in $parts; do
	link $(ls "$dir"/o/*.o | grep -v "/echo-${part%:*}.c.o") && fail "it links without its ${part%:*}.c"
	grep -q "undefined reference to .${part#*:}'" "$dir/said" || fail "the linker does not name ${part#*:} alone"
done
echo "ok: each part alone"
link "$dir"/o/*.o || { cat "$dir/said"; fail "the whole protocol does not link"; }

# --- its seeds run, and are missed
mkdir "$dir/fuzz"
names=$("$src/proto/list.sh" "$dir" | cut -d' ' -f2)
for name in ${names/echo/}; do
	ln -s "$src/proto/$name" "$dir/proto/$name"
done
ln -s "$(realpath "$top_builddir")"/tests/fuzz/fuzz-* "$dir/fuzz/"
$cc $flags -o "$dir/fuzz/fuzz-echo" "$top_srcdir"/tests/{proto/fuzz-echo,fuzz/run-seeds}.c "$dir/o/echo-wire.c.o"
seeds() { bash "$top_srcdir/tests/fuzz/run-seeds.sh" "$dir" "$dir/fuzz" >"$dir/said" 2>&1; }
seeds || { cat "$dir/said"; fail "the seeds of all protocols do not run"; }
grep -A 1 '^fuzz-echo:' "$dir/said" | grep -q "^$(ls "$echo"/seeds/fuzz-echo | wc -l) of .* seeds ran" || fail "its seeds do not run"
mv "$dir/proto/echo/seeds" "$dir/seeds"
seeds && fail "a protocol without seeds is not missed"
grep -q '^FAIL: the protocol echo has no seeds' "$dir/said" || fail "who has no seeds: $(cat "$dir/said")"
mv "$dir/seeds" "$dir/proto/echo/seeds"
echo "ok: its seeds"

# --- its sections of the manual come behind those of the others; one that is missing is named
mkdir "$dir/man"
manual() # the pages with parts of protocols, into $dir/man
{
	for page in zoned-model.5 zoned-events.5 zoned-peers.7; do
		"$top_srcdir/man/compose.sh" "$top_srcdir/man/$page.in" "$dir" >"$dir/man/$page" 2>"$dir/said" || return 1
	done
}
manual || fail "the manual: $(cat "$dir/said")"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$dir"/man/*
fi
sort "$dir"/man/* >"$dir/lines"
sort "$top_builddir"/man/zoned-{model.5,events.5,peers.7} "$echo"/manual/*.mdoc | diff - "$dir/lines" || fail "the pages have other lines more than its own"
for name in $names; do
	grep '^\.Ss' "$dir/proto/$name/manual/policies.mdoc"
done >"$dir/titles"
grep -xFf "$dir/titles" "$dir/man/zoned-model.5" | diff "$dir/titles" - || fail "the sections are not in the order of the list"
for part in rules policies tables fields reasons peers; do
	mv "$dir/proto/echo/manual/$part.mdoc" "$dir/part"
	manual && fail "the manual is put together without a part"
	grep -q "echo/manual/$part.mdoc" "$dir/said" || fail "which part of the manual is missing: $(cat "$dir/said")"
	mv "$dir/part" "$dir/proto/echo/manual/$part.mdoc"
done
manual
# the keys of its policies are those of its section; the lists of all protocols have its word, as its author writes it
sed -i 's/^\.Cm modbus , dnp3 , /&echo , /' "$dir/man/zoned-model.5"
cp "$top_srcdir/man/zoned.conf.5" "$dir/man"
python3 -B "$top_srcdir/tests/model/keys.py" "$dir/zonectl" "$src" "$dir/man"
echo "ok: its sections of the manual"

# --- the program of the in-kernel path judges what has a kernel.bpf.h, without a line of its own
for folder in "$src"/proto/*/; do
	judged=false
	[ -e "$folder/kernel.bpf.h" ] && judged=true
	grep -q "\.judged = $judged" "$folder/kernel.c" || fail "${folder}kernel.c: judged is not $judged"
done
program() # program OUT: what clang says
{
	"$src/fastpath/judged.sh" "$dir" "$src" >"$dir/judged.bpf.h"
	$clang -target bpf -I"$dir" -I"$src" -mcpu=v3 -O2 -g -Wall -Wextra -Werror $(setting BPF_INCLUDES) $(setting BPF_TSO) \
		-c "$src/fastpath/fast.bpf.c" -o "$1" 2>"$dir/said"
}
clang=$(setting CLANG_BPF)
if [ -n "$(setting BPF_LIBS)" ]; then
	program "$dir/without.o" || { cat "$dir/said"; fail "the program does not compile with a protocol that it does not judge"; }
	cat >"$dir/proto/echo/kernel.bpf.h" <<'END'
PREPARES_NOTHING(echo)
static const struct fast_kept echo_kept = { FAST_HEAD, 256, 256 };
static __always_inline bool echo_has_room(const struct judging *j)
{
	return room_in(&echo_kept, j);
}
END
	program "$dir/half.o" && fail "the program compiles without echo_messages()"
	grep -q 'echo_messages' "$dir/said" || fail "clang does not name echo_messages(): $(cat "$dir/said")"
	cat >>"$dir/proto/echo/kernel.bpf.h" <<'END'
__noinline int echo_is_whole(struct fast_slot *slot, __u32 at, __u32 len)
{
	return slot && byte_at(slot, at) + 1 == len;
}
static __always_inline __u32 echo_messages(const struct judging *j, const struct echo_prepared *p)
{
	__u32 at;
	(void)p;
	bool pass = load(j, &echo_kept, &at) && echo_is_whole(j->slot, at, j->s->len) == 1;
	return judged_in_place(j, pass, at);
}
END
	program "$dir/whole.o" || { cat "$dir/said"; fail "the program does not compile with one protocol more"; }
	grep -q echo_is_whole "$dir/whole.o" && ! grep -q echo_is_whole "$dir/without.o" || fail "the program does not judge it"
	echo "ok: the program judges a protocol more by its kernel.bpf.h alone"
fi

# --- it is there, from its words to its records
cat >"$dir/model.conf" <<'END'
zones = (
  { name = "a"; type = "control"; networks = [ "10.1.0.0/24" ]; interfaces = [ "eth1" ]; },
  { name = "b"; type = "control"; networks = [ "10.2.0.0/24" ]; interfaces = [ "eth2" ]; } );
conduits = (
  { name = "a-to-b"; from = "a"; to = "b"; flows = ( { protocol = "echo"; policy = "short"; } ); } );
policies = { short = { protocol = "echo"; allow = ( { lengths = "1-8"; } ); }; };
END
"$dir/zonectl" check "$dir/model.conf" || fail "its model is not good"
"$dir/zonectl" print "$dir/model.conf" >"$dir/printed"
grep -q 'protocol = "echo"' "$dir/printed" || fail "its model is not printed"
grep -qE 'ports = \[ 7 \]' "$dir/printed" || fail "its port is not 7: $(grep ports "$dir/printed")"
grep -q '"1-8"' "$dir/printed" || fail "its policy is not printed"
"$dir/zonectl" check "$dir/printed" || fail "what is printed is not good"
sed 's/lengths/length/' "$dir/model.conf" >"$dir/bad.conf"
"$dir/zonectl" check "$dir/bad.conf" 2>"$dir/said" && fail "a wrong key of its policy is good"
grep -q 'bad.conf:6: .*"lengths"' "$dir/said" || fail "a wrong key of its policy: $(cat "$dir/said")"
sed 's/"echo"; policy/"echo"; transport = "udp"; policy/' "$dir/model.conf" >"$dir/bad.conf"
"$dir/zonectl" check "$dir/bad.conf" 2>"$dir/said" && fail "it is inspected over UDP"
grep -q 'echo is not inspected over UDP' "$dir/said" || fail "its transport: $(cat "$dir/said")"
# a short message, its answer, a long message
PYTHONDONTWRITEBYTECODE=1 python3 - "$top_srcdir/tests/pcap" "$dir/talk.pcap" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from dnp3_wire import Tcp, write_pcap
talk = Tcp(40000, 7, acknowledges=True)
write_pcap(sys.argv[2], talk.opening + [talk.packet(from_client, data) for from_client, data in (
    (True, b"\3abc"), (False, b"\3abc"), (True, b"\x09abcdefghi"))])
END
"$dir/zonectl" replay "$dir/talk.pcap" >"$dir/read"
"$dir/zonectl" replay -m "$dir/model.conf" --json "$dir/talk.pcap" >"$dir/judged" || [ $? -eq 5 ]
cat "$dir/read"
python3 - "$dir/judged" <<'END' || fail "what was judged: $(cat "$dir/judged")"
import json, sys
got = [json.loads(line) for line in open(sys.argv[1])]
got = [(m["proto"], m["length"], m["verdict"], m["reason"]) for m in got]
assert got == [("echo", 3, "accept", "none"), ("echo", 3, "accept", "none"), ("echo", 9, "drop", "quantity-not-allowed")], got
END
[ "$(grep -c 'echo.*length=' "$dir/read")" = 3 ] || fail "what was read"
echo "ok: a protocol more: its words, its port, its policy, its messages"
