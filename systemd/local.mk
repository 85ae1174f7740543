unitdir = $(systemdsystemunitdir)
nodist_unit_DATA = systemd/zoned.service systemd/zoned-boot.service
sysusersdir = $(prefix)/lib/sysusers.d
modulesdir = $(prefix)/lib/modules-load.d
bootdir = $(pkgdatadir)
dist_boot_DATA = systemd/zoned-boot.nft
EXTRA_DIST += systemd/zoned.service.in systemd/zoned-boot.service.in systemd/zoned.sysusers systemd/zoned.modules \
	tests/netns/units.sh
CLEANFILES += systemd/zoned.service systemd/zoned-boot.service
systemd/%.service: systemd/%.service.in Makefile
	$(AM_V_GEN)mkdir -p systemd && sed 's#@sbindir[@]#$(sbindir)#; s#@pkgdatadir[@]#$(pkgdatadir)#' $< >$@
install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(modulesdir)'
	$(INSTALL_DATA) '$(srcdir)/systemd/zoned.sysusers' '$(DESTDIR)$(sysusersdir)/zoned.conf'
	$(INSTALL_DATA) '$(srcdir)/systemd/zoned.modules' '$(DESTDIR)$(modulesdir)/zoned.conf'
uninstall-hook:
	rm -f '$(DESTDIR)$(sysusersdir)/zoned.conf' '$(DESTDIR)$(modulesdir)/zoned.conf'
TESTS += tests/netns/units.sh
