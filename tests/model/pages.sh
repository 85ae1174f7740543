# SPDX-License-Identifier: MIT
# Sourced by the tests that read the manual: its pages are in two folders, since some are put together by make.

# all_pages FOLDER: all of them as they are installed, into that folder
all_pages()
{
	mkdir "$1"
	for page in "$top_srcdir"/man/*.[578] "$top_builddir"/man/*.[578]; do
		cp "$page" "$1"
	done
}
