#!/bin/bash
# SPDX-License-Identifier: MIT
# doc/security.md, the threat model, hardening, disposal and the page of IEC 62443-4-1 name only what is there: files, words
# in tests, tests that are run, manual pages and their sections, verbs and options of zonectl, keys of the model. Each
# mitigation has a test; each practice of 62443-4-1 is there once. And of each kind an error is found.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$top_srcdir/tests/model/pages.sh"
all_pages "$dir/man"
python3 -B "$top_srcdir/tests/model/conduct.py" "$top_srcdir" "$top_builddir/zonectl" "$dir/man"
