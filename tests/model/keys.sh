#!/bin/bash
# SPDX-License-Identifier: MIT
# Each key of the model, its words and its bounds are in the manual, and each key of the manual is in the model.
exec python3 -B "$top_srcdir/tests/model/keys.py" "$top_builddir/zonectl" "$top_srcdir/src" "$top_srcdir/man"
