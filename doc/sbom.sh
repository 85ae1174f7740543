#!/bin/bash
# SPDX-License-Identifier: MIT
# The software bill of materials of built programs, as CycloneDX 1.5 in JSON:
#
#	doc/sbom.sh VERSION PROGRAM...
#
# What is linked says the dynamic loader (ldd), what of that a program itself asks for, its dynamic section (readelf).
# Of each library: its file and SHA-256, and the Debian package it came from with version and licenses. The licenses are
# the short names that the package's own copyright file has; where that is not in Debian's format it says so.
# Nothing is fetched. The same programs on the same machine give the same text, but for the time, which
# SOURCE_DATE_EPOCH sets.
set -euo pipefail
export LC_ALL=C
fail() { echo "sbom: $*" >&2; exit 1; }
[ $# -ge 2 ] || fail "usage: sbom.sh VERSION PROGRAM..."
for tool in ldd readelf sha256sum; do
	command -v $tool >/dev/null || fail "there is no $tool (apt-get install libc-bin binutils)"
done
version=$1
shift
[[ $version =~ ^[0-9A-Za-z.+~:-]+$ ]] || fail "no version: $version"

quote() { local s=${1//\\/\\\\}; printf '"%s"' "${s//\"/\\\"}"; }
sum() { sha256sum <"$1" | cut -d' ' -f1; }
comma() { sed '$!s/$/,/'; }
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'; }

# linked PROGRAM: name and file of each library in it, the loader among them; the kernel's own has no file
linked()
{
	local said
	said=$(ldd "$1") || fail "ldd $1"
	grep -q 'not found' <<<"$said" && fail "$1: $(grep 'not found' <<<"$said")"
	sed -n 's/^[[:space:]]*\([^ ]*\) => \(\/[^ ]*\) (.*/\1 \2/p; s/^[[:space:]]*\(\/[^ ]*\/\)\([^ /]*\) (.*/\2 \1\2/p' <<<"$said"
}

# owners FILE...: "package:architecture /file" of each that is of a Debian package. The old place of /lib counts as well.
owners()
{
	command -v dpkg-query >/dev/null || return 0
	dpkg-query -S "$@" "${@#/usr}" 2>/dev/null | sed -n '/^diversion/d; s/^\([^ ,]*\)\(, [^ ]*\)*: \(.*\)$/\1 \3/p' |
		sed 's#^\([^ ]*\) /lib#\1 /usr/lib#' | sort -u || :
}

# licenses PACKAGE: short names, one a line; or where the text is
licenses()
{
	local file=/usr/share/doc/${1%:*}/copyright
	[ -f "$file" ] || { echo "not stated by the package"; return; }
	if grep -q '^Format: .*copyright-format' "$file"; then
		sed -n 's/^License:[[:space:]]*\([^[:space:]].*\)$/\1/p' "$file" | sed 's/[[:space:]]*$//' | sort -u
	else
		echo "see $file"
	fi
}

library()	# NAME FILE
{
	local file package name=$1 of arch v ref
	file=$(realpath "$2")
	package=$(awk -v f="$file" '$2 == f { print $1; exit }' "$dir/owners")
	ref=file:$1
	if [ -n "$package" ]; then
		read -r of arch v < <(dpkg-query -W -f '${Package} ${Architecture} ${Version}\n' "$package")
		name=$of
		ref="pkg:deb/debian/${of//+/%2B}@$(sed 's/+/%2B/g; s/:/%3A/g; s/~/%7E/g' <<<"$v")?arch=$arch#$1"
	fi
	echo "$1 $ref" >>"$dir/refs"
	{
		printf '{"type":"library","bom-ref":%s,"name":%s' "$(quote "$ref")" "$(quote "$name")"
		if [ -n "$package" ]; then
			printf ',"version":%s,"purl":%s' "$(quote "$v")" "$(quote "${ref%#*}")"
			printf ',"licenses":[%s]' "$(licenses "$package" | while read -r l; do
				printf '{"license":{"name":%s}}\n' "$(quote "$l")"; done | comma | tr -d '\n')"
		fi
		printf ',"hashes":[{"alg":"SHA-256","content":"%s"}]' "$(sum "$file")"
		printf ',"properties":[{"name":"zoned:soname","value":%s},{"name":"zoned:file","value":%s}]}\n' \
			"$(quote "$1")" "$(quote "$file")"
	} >>"$dir/components"
}

ref_of() { awk -v name="$1" '$1 == name { print $2 }' "$dir/refs"; }
depends()	# REF LIBRARY...: of these names, those that are here
{
	local ref=$1 name
	shift
	printf '{"ref":%s,"dependsOn":[%s]}\n' "$(quote "$ref")" "$(for name; do ref_of "$name"; done | sort -u | while read -r r; do
		printf '%s\n' "$(quote "$r")"; done | comma | tr -d '\n')"
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for program; do
	linked "$program" >"$dir/of" || exit 1
	cat "$dir/of" >>"$dir/linked"
	name=$(basename "$program")
	printf '{"type":"application","bom-ref":%s,"name":%s,"version":%s,"licenses":[{"license":{"id":"MIT"}}],' \
		"$(quote "$name")" "$(quote "$name")" "$(quote "$version")" >>"$dir/programs"
	printf '"hashes":[{"alg":"SHA-256","content":"%s"}]}\n' "$(sum "$program")" >>"$dir/programs"
done
sort -u "$dir/linked" >"$dir/all"
mapfile -t files < <(cut -d' ' -f2 "$dir/all" | xargs realpath)
owners "${files[@]}" >"$dir/owners"
while read -r name file; do
	library "$name" "$file"
done <"$dir/all"
{
	for program; do
		depends "$(basename "$program")" $(needed "$program")
	done
	while read -r name file; do
		depends "$(ref_of "$name")" $(needed "$file")
	done <"$dir/all"
} >"$dir/depends"

hash=$(cat "$dir/programs" "$dir/components" "$dir/depends" | sha256sum)
uuid=${hash:0:8}-${hash:8:4}-8${hash:13:3}-8${hash:17:3}-${hash:20:12}	# version 8 of RFC 9562: from what is listed
cat <<END
{"\$schema":"http://cyclonedx.org/schema/bom-1.5.schema.json","bomFormat":"CycloneDX","specVersion":"1.5",
"serialNumber":"urn:uuid:$uuid","version":1,
"metadata":{"timestamp":"$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)",
"component":{"type":"application","bom-ref":"zoned-$version","name":"zoned","version":"$version",
"licenses":[{"license":{"id":"MIT"}}],"components":[
$(comma <"$dir/programs")]}},
"components":[
$(comma <"$dir/components")],
"dependencies":[
$(comma <"$dir/depends")]}
END
