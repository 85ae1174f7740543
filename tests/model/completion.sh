#!/bin/bash
# SPDX-License-Identifier: MIT
# The completion of zonectl in bash: what the installed function offers for a line that is begun.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ZONED_CONTROL=/nonexistent/control
ZONED_RULES=$top_srcdir/rules
export ZONED_CONTROL ZONED_RULES
# shellcheck source=/dev/null
. "$top_srcdir/conf/bash-completion/zonectl"
complete -p zonectl | grep -q -- '-F _zonectl' || { echo "FAIL: the function is not registered"; exit 1; }
printf '%s\n' 'zones = (' '  { name = "cell-1"; type = "control"; networks = [ "10.1.0.0/24" ]; },' \
	'  { name = "cell-2"; type = "control"; networks = [ "10.2.0.0/24" ]; },' \
	'  { name = "office"; type = "enterprise"; networks = [ "10.3.0.0/24" ]; } );' >"$dir/plant.conf"
touch "$dir/plant.pcap"
cd "$dir"
failed=0
# offers LINE WORD...: the words of the line are split at blanks; it may end in one. Each WORD is offered; -WORD is not.
offers() {
	local line=$1 want
	shift
	read -ra COMP_WORDS <<<"$line"
	[[ $line != *' ' ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_zonectl
	for want; do
		if [[ $want == not:* ]]; then
			! printf '%s\n' "${COMPREPLY[@]}" | grep -qx -- "${want#not:}"
		else
			printf '%s\n' "${COMPREPLY[@]}" | grep -qx -- "$want"
		fi || { echo "FAIL: \"$line\" offers ${COMPREPLY[*]-nothing}, and wanted is $want"; failed=1; }
	done
}
offers 'zonectl ' check replay version help not:complete
offers 'zonectl re' replay reasons reload not:check
offers 'zonectl check -' --here --help
offers 'zonectl replay --vi' --violations not:--json
offers 'zonectl check pl' plant.conf plant.pcap not:--here
offers 'zonectl replay -m ' plant.conf
offers 'zonectl replay -m plant.conf --s' --summary
offers 'zonectl replay -m plant.conf plant.pcap -' --summary
offers 'zonectl explain -m plant.conf question -' not:--json
offers 'zonectl counters --verdict o' observed not:drop
offers 'zonectl log --reason value-n' value-not-allowed
offers 'zonectl help ex' explain not:replay
offers 'zonectl learn --interface ' lo
offers 'zonectl replay --port m' modbus: not:dnp3:
offers 'zonectl zones -m plant.conf ' cell-1 cell-2 office not:unknown
offers 'zonectl zones -m plant.conf cell-1 cell' cell-2 not:office
offers 'zonectl mode --for 2h some-conduit ' observe enforce model
offers 'zonectl nonsense ' not:check
[ "$failed" = 0 ]
