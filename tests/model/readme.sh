#!/bin/bash
# SPDX-License-Identifier: MIT
# README.md says what is so: its Quick start is two commands, its model is good, every field of its
# violation line is explained and in zoned-events(5), what it names is there, and its figures are those
# of tests/bench/README. That zoned logs that very line, tests/netns/readme.sh shows.
set -eu
readme=$top_srcdir/README.md
bench=$top_srcdir/tests/bench/README
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$top_srcdir/tests/model/pages.sh"
all_pages "$dir/man"
export ZONED_RULES="$top_srcdir/rules"
ctl="$top_builddir/zonectl"

fail()
{
	echo "FAIL: $*"
	exit 1
}

[ "$(wc -l <"$readme")" -le 150 ] || fail "README.md has more than 150 lines"

# the commands of Quick start: these two and no other
sed -n '/^## Quick start$/,/^## A model/s/^    //p' "$readme" >"$dir/commands"
printf '%s\n' ./quickstart './quickstart check' | diff - "$dir/commands" || fail "Quick start is not the two commands"

# the model, and the entry that the line names
sed -n '/^    zones = ($/,/^$/s/^    //p' "$readme" >"$dir/zoned.conf"
"$ctl" check "$dir/zoned.conf" || fail "the model of README.md is not good"
line=$(sed -n '/^    write-single-register refused /,/^$/s/^    //p' "$readme" | tr '\n' ' ')
number=$(sed -n 's/.* rule="[^"]*:\([0-9]*\)" $/\1/p' <<<"$line")
sed -n "${number:-0}p" "$dir/zoned.conf" | grep -q write-single-register || fail "line ${number:-?} is not the entry for writes"
reason=$(sed -n 's/.* reason=\([a-z-]*\) .*/\1/p' <<<"$line")
text=$("$ctl" reasons | sed -n "s/^$reason  *[a-z]*  *//p")
[ -n "$text" ] && [[ $line == *": $text: time="* ]] || fail "\"$reason\" is not what the sentence says"

# its fields: all are explained, in their order, and all are in the manual
grep -oE '(^| )[a-z_]+=' <<<"$line" | tr -d ' =' >"$dir/fields"
[ "$(wc -l <"$dir/fields")" -gt 20 ] || fail "the line is not read"
sed -n '/^| field |/,/^$/s/^| \(`[^|]*`\) |.*/\1/p' "$readme" | tr -d '`' | sed 's/, /\n/g' |
	diff "$dir/fields" - || fail "the table of fields differs from the line"
sed -n '/^\.Sh DESCRIPTION/,/^\.Ss Changes/s/^\.It Ic //p' "$dir/man/zoned-events.5" | sed 's/ , /\n/g' >"$dir/manual"
while read -r field; do
	grep -qx -- "$field" "$dir/manual" || fail "zoned-events(5) lacks $field"
done <"$dir/fields"

# which begins with this line, and explains each of its fields as it stands there
words() { tr -s ' \n' '\n' | sed '/^$/d'; }
awk '/^\.Ed/ { exit } inside { print } /^\.Bd/ { inside = 1 }' "$dir/man/zoned-events.5" | words >"$dir/example"
words <<<"$line" | diff - "$dir/example" || fail "zoned-events(5) begins with another line"
sed -n '/^\.It Li time=/,/^\.El/s/^\.It Li //p' "$dir/man/zoned-events.5" | sed 's/ , /\n/g; s/\\(dq/"/g' | sort >"$dir/explained"
tr '\n' ' ' <"$dir/example" | grep -oE '\b[a-z_]+=("[^"]*"|[^ ]*)' | sort | diff - "$dir/explained" || fail "zoned-events(5) explains other fields than those of its line"

# what it names: files, manual pages, verbs and options of zonectl
n=0
while read -r name; do
	compgen -G "$top_srcdir/$name" >/dev/null || fail "there is no $name"
	n=$((n + 1))
done < <(grep -oE '`(conf|doc|rules|man|src|tests)/[^` ]*' "$readme" | tr -d '`' | sort -u)
[ "$n" -ge 8 ] || fail "only $n names of files were found"
for page in $(grep -oE 'zone[a-z.-]*\([0-9]\)' "$readme" | sort -u | sed 's/(\(.\))/.\1/'); do
	[ -f "$dir/man/$page" ] || fail "there is no man/$page"
done
for page in "$dir"/man/*.[578]; do
	name=$(basename "$page" | sed 's/\(.*\)\.\(.\)$/\1(\2)/')
	grep -qF "$name" "$readme" || fail "README.md does not name $name"
done
for verb in $(grep -oE '`zonectl [a-z]+' "$readme" | sed 's/.* //' | sort -u); do
	grep -qE "^\.It Cm (.* , )?$verb( |\$)" "$dir/man/zonectl.8" || fail "zonectl(8) has no $verb"
done

# Figures: least to most of columns of the rows of tests/bench/README whose first word and number of words are these
range()	# WORDS NUMBER COLUMN...
{
	awk -v words=" $1 " -v n="$2" -v columns="${*:3}" 'NF == n && index(words, " " $1 " ") && $2 ~ /^[0-9]/ {
			k = split(columns, c, " ")
			for (i = 1; i <= k; i++) {
				x = $(c[i])
				if (least == "" || x + 0 < least + 0) least = x
				if (x + 0 > most + 0) most = x
			}
		}
		END { print least " to " most }' "$bench"
}
modbus="read mixed pipelined large"
tr '\n' ' ' <"$readme" >"$dir/readme"
while IFS=: read -r before figures after; do
	[[ $figures =~ ^[01]\.[0-9][0-9]\ to\ [01]\.[0-9][0-9]$ ]] || fail "tests/bench/README: no figures for \"$before\""
	grep -qF "$before$figures$after" "$dir/readme" || fail "README.md lacks \"$before$figures$after\""
done <<END
Modbus :$(range "$modbus" 13 2 6 10):, DNP3
latency was :$(range "$modbus" 13 4 8 12): of
CPU time :$(range "$modbus" 13 5 9 13):.
DNP3 :$(range dnp3 7 2 4 6):, OPC UA
OPC UA :$(range opcua 7 2 4 6): |
only inspectors judge had :$(range inspectors 11 3 6 9): (24 November)
unseen had :$(range queue 11 3 6 9):,
END
echo "README.md: $n files, $(wc -l <"$dir/fields") fields, 7 ranges of figures"
