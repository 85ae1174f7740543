TESTS += tests/debian/install.sh
EXTRA_DIST += tests/debian/install.sh
