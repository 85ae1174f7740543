#!/bin/bash
# SPDX-License-Identifier: MIT
# One conversation in every link type: the read passes, the write is refused.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export ZONED_RULES="$top_srcdir/rules"
model="$top_srcdir/conf/zoned.conf"
# what its policy permits
functions="read-coils, read-discrete-inputs, read-holding-registers, read-input-registers, read-exception-status"
functions="$functions, get-comm-event-counter, get-comm-event-log, report-server-id, read-file-record, read-fifo-queue"
functions="$functions, encapsulated-interface"
cat >"$dir/want" <<'END'
4 accept 10.10.1.10 40000 > 10.10.2.20 502 modbus dir=request tid=1 unit=1 fc=3 function=read-holding-registers address=10-11 rule="modbus-read-only.conf:9" protocol_id=0 length=6 quantity=2
5 accept 10.10.2.20 502 > 10.10.1.10 40000 modbus dir=response tid=1 unit=1 fc=3 function=read-holding-registers protocol_id=0 length=7 byte_count=4
6 drop 10.10.1.10 40000 > 10.10.2.20 502 modbus dir=request PLACES tid=2 unit=1 fc=6 function=write-single-register address=10-10 value=65535 expected="FUNCTIONS" came="write-single-register" protocol_id=0 length=6 quantity=1 reason=function-not-allowed
END
for link in ethernet vlan qinq cooked cooked2 raw null loop pcapng ipv6; do
	python3 "$top_srcdir/tests/pcap/make-case.py" "$dir/$link.pcap" "$link"
	"$top_builddir/zonectl" replay -m "$model" "$dir/$link.pcap" >"$dir/lines" || [ $? -eq 5 ]
	sed "s|rule=\"$ZONED_RULES/|rule=\"|; s/ time=[^ ]* connection=[^ ]*//" "$dir/lines" >"$dir/got"
	# the assets with these addresses, and the link addresses that this kind of link has
	assets='src_asset="hmi-1" dst_asset="plc-1" '
	macs="src_mac=02:00:00:00:00:02 dst_mac=02:00:00:00:00:01 "
	case $link in
	ipv6) assets="" ;;
	cooked | cooked2) macs="src_mac=02:00:00:00:00:01 " ;;
	raw | null | loop) macs="" ;;
	esac
	want="$dir/want-$link"
	sed "s/PLACES /$assets$macs/; s/FUNCTIONS/$functions/" "$dir/want" >"$want"
	if [ "$link" = ipv6 ]; then
		sed 's/10\.10\.1\.10/fd00:10:1::a/; s/10\.10\.2\.20/fd00:10:2::14/' "$want" >"$dir/want6"
		want="$dir/want6"
	fi
	diff "$want" "$dir/got" || { echo "$link differs"; exit 1; }
done
# a file cut short, and one that is no capture: said, not crashed
head -c 150 "$dir/raw.pcap" >"$dir/short.pcap"
! "$top_builddir/zonectl" replay "$dir/short.pcap" 2>"$dir/err" || exit 1
grep -q "$dir/short.pcap" "$dir/err"
! "$top_builddir/zonectl" replay "$model" 2>"$dir/err" || exit 1
grep -q "$model" "$dir/err"
# a link type we do not know is named, and no frame of it is guessed at
python3 "$top_srcdir/tests/pcap/make-case.py" "$dir/unknown.pcap" unknown
! "$top_builddir/zonectl" replay "$dir/unknown.pcap" >"$dir/got" 2>"$dir/err" || exit 1
[ ! -s "$dir/got" ]
grep -q "link type 105" "$dir/err"
