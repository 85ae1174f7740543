TESTS += tests/debian/install.sh tests/debian/trixie.sh tests/debian/package.sh tests/debian/appliance.sh tests/debian/sbom.sh tests/debian/reproducible.sh
EXTRA_DIST += tests/debian/install.sh tests/debian/sbom.sh tests/debian/reproducible.sh tests/debian/chroot.sh tests/debian/trixie.sh tests/debian/package.sh \
	tests/debian/installed.sh tests/debian/appliance.sh tests/debian/appliance-guest.sh
EXTRA_DIST += debian/changelog debian/control debian/copyright debian/rules debian/source/format debian/zoned.dirs \
	debian/zoned.examples debian/zoned.README.Debian debian/zoned.postrm \
	debian/zoned-doc.docs debian/zoned-doc.doc-base
