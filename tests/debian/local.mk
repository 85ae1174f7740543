TESTS += tests/debian/install.sh tests/debian/trixie.sh
EXTRA_DIST += tests/debian/install.sh tests/debian/chroot.sh tests/debian/trixie.sh
