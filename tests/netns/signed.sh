#!/bin/bash
# SPDX-License-Identifier: MIT
# Signed models, with OpenBSD's signify as the one who signs: what is not signed, by another key, or changed behind the
# signature, in the file or in one that it includes, is refused, by apply, reload, start and restore alike.
. "$(dirname "$0")/lab.sh"
lab_need
command -v signify-openbsd >/dev/null || lab_skip "needs signify-openbsd"
lab_up
lab_changes
keys=$lab_dir/keys
state=$lab_dir/state
mkdir -m 755 "$keys" "$lab_dir/etc" "$lab_dir/sec"
model=$lab_dir/etc/model.conf
for name in plant other; do
	signify-openbsd -G -n -c "$name" -p "$lab_dir/sec/$name.pub" -s "$lab_dir/sec/$name.sec" || lab_fail "signify -G"
done
cp "$lab_dir/sec/plant.pub" "$keys/"
trust="trusted_keys = \\\"$keys\\\"; require_signature = true;"
make() {	# make FILE POLICY: with a file that it includes
	lab_model policy="$2" daemon="${3-${trust//\\/}}" | grep -v '^system' >"$1"
	sed -i '1i @include "site.conf"' "$1"
	echo 'system = { name = "lab"; };' >"${1%/*}/site.conf"
}
sign() {	# sign FILE [KEY]
	"$ctl" manifest "$1" >"$lab_dir/manifest" || lab_fail "manifest"
	signify-openbsd -S -s "$lab_dir/sec/${2:-plant}.sec" -m "$lab_dir/manifest" -x "$1.sig" || lab_fail "signify -S"
}
may_write() { lab_may_write "$1" ", in generation $(in_force)"; }
refused() {	# refused WHAT TEXT VERB ...
	local what=$1 text=$2 rc=0
	shift 2
	"$ctl" "$@" >"$lab_dir/out" 2>"$lab_dir/err" || rc=$?
	[ $rc = 3 ] && grep -qF -- "$text" "$lab_dir/err" || lab_fail "$what ($rc): $(cat "$lab_dir/err")"
	echo "ok: refused, $what: $text"
}

# a start without a signature, and with one
make "$model" modbus-read-only
rc=0
in_g "$top_builddir/zoned" -d -f "$model" -R "$ZONED_RULES" -u nobody -C "$lab_dir/control" -S "$lab_dir/none" 2>"$lab_dir/err" || rc=$?
expect "start without a signature" $rc 3
grep -q "it is not signed, and require_signature asks for it; there is no $model.sig" "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
sign "$model"
signify-openbsd -q -V -p "$keys/plant.pub" -m "$lab_dir/manifest" -x "$model.sig" || lab_fail "signify does not take its own"
"$ctl" manifest --keys "$keys" "$model" >/dev/null || lab_fail "manifest --keys"
lab_gate "$model"
may_write no

# apply
new=$lab_dir/new.conf
make "$new" modbus-read-write
refused "no signature" "it is not signed" apply "$new"
sign "$new" other
refused "another key" "signed with a key that is not among the trusted keys" apply "$new"
sign "$new"
sed -i 's/modbus-read-write/modbus-read-only/' "$new"
refused "another octet" "not as it was signed" apply "$new"
make "$new" modbus-read-write
sed -i 's/lab/bal/' "$lab_dir/site.conf"
refused "another octet of what it includes" "not as it was signed" apply "$new"
make "$new" modbus-read-write
cp "$new.sig" "$lab_dir/good.sig"
sed -i '2{s/^\(.\{60\}\)A/\1B/;t;s/^\(.\{60\}\)./\1A/}' "$new.sig"
refused "another signature" "not as it was signed" apply "$new"
echo nonsense >"$new.sig"
refused "no signature of signify" "no signature of signify" apply "$new"
cp "$lab_dir/good.sig" "$new.sig"
chmod 777 "$keys"
refused "keys that others may write" "others than its owner may write the directory" apply "$new"
chmod 755 "$keys"
make "$new" modbus-read-write ""
refused "a model that asks for none" "not as it was signed" apply "$new"
rm "$new.sig"
refused "a model that asks for none, unsigned" "it is not signed" apply "$new"
expect "generation" "$(in_force)" 1
make "$new" modbus-read-write
sign "$new"
"$ctl" apply "$new" >/dev/null || lab_fail "a signed model is refused"
may_write yes

# reload, by the verb and by SIGHUP
sed -i 's/lab/bal/' "$lab_dir/etc/site.conf"
refused "reload of an edited include" "not as it was signed" reload
kill -HUP "$lab_zoned"
lab_wait 3 grep -q 'event=change verb=reload result=refused by=SIGHUP' "$lab_dir/syslog" || lab_fail "SIGHUP"
expect "generation after SIGHUP" "$(in_force)" 2

# a start with the edited file goes on with the last generation, whose signature is kept
lab_restart
expect "generation after a start" "$(in_force)" 2
lab_said "not as it was signed" || lab_fail "not said"
# and so does one with a file that asks for no signature
make "$model" modbus-read-only ""
rm "$model.sig"
lab_restart
expect "generation after a start with a file that asks for none" "$(in_force)" 2
make "$model" modbus-read-only
sign "$model"
"$ctl" reload >/dev/null || lab_fail "reload of a signed file"
may_write no
"$ctl" rollback >/dev/null || lab_fail "rollback to a signed generation"

# backup has the signature, and restore looks at it
places=(--config "$model" --state "$state")
"$ctl" backup "${places[@]}" "$lab_dir/plant.backup" >/dev/null || lab_fail "backup"
make "$lab_dir/etc/model.conf" modbus-read-only "${trust//\\/}"
lab_end "$lab_zoned"
"$ctl" restore "${places[@]}" --yes "$lab_dir/plant.backup" >/dev/null || lab_fail "restore of a signed model"
mv "$keys/plant.pub" "$lab_dir/"; cp "$lab_dir/sec/other.pub" "$keys/"
rc=0
"$ctl" restore "${places[@]}" --yes "$lab_dir/plant.backup" >/dev/null 2>"$lab_dir/err" || rc=$?
expect "restore of a model signed by another key" $rc 5
grep -q 'not among the trusted keys' "$lab_dir/err" || lab_fail "$(cat "$lab_dir/err")"
mv "$lab_dir/plant.pub" "$keys/"
lab_keeps=1 lab_gate "$model"
# with a signature the signatures can be done away with
make "$new" modbus-read-only ""
sign "$new" other
"$ctl" apply "$new" >/dev/null || lab_fail "a signed model that asks for none: $(cat "$lab_dir/err")"
make "$new" modbus-read-write ""
rm "$new.sig"
"$ctl" apply "$new" >/dev/null || lab_fail "no signature is asked for any more"
lab_gate_stop
