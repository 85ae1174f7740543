unitdir = $(systemdsystemunitdir)
nodist_unit_DATA = systemd/zoned.service systemd/zoned-boot.service systemd/zoned-metrics.service
dist_unit_DATA = systemd/zoned-metrics.timer
sysusersdir = $(prefix)/lib/sysusers.d
modulesdir = $(prefix)/lib/modules-load.d
bootdir = $(pkgdatadir)
dist_boot_DATA = systemd/zoned-boot.nft
# for those who use taps: zoned(8)
dropindir = $(pkgdatadir)/zoned.service.d
dist_dropin_DATA = systemd/taps.conf
OPERATORS_FILES += systemd/zoned.sysctl:sysctl.d/zoned.conf systemd/zoned.logrotate:logrotate.d/zoned \
	systemd/zoned.apparmor:apparmor.d/zoned
noinst_DATA = systemd/zoned.apparmor
EXTRA_DIST += systemd/zoned.service.in systemd/zoned-boot.service.in systemd/zoned-metrics.service.in systemd/zoned.sysusers systemd/zoned.modules \
	systemd/zoned.sysctl systemd/zoned.logrotate systemd/zoned.apparmor.in tests/netns/units.sh
CLEANFILES += systemd/zoned.service systemd/zoned-boot.service systemd/zoned-metrics.service systemd/zoned.apparmor
WITH_PATHS = $(AM_V_GEN)mkdir -p systemd && sed 's|@sbindir[@]|$(sbindir)|; s|@pkgdatadir[@]|$(pkgdatadir)|; s|@sysconfdir[@]|$(sysconfdir)|' $< >$@
systemd/%.service: systemd/%.service.in Makefile
	$(WITH_PATHS)
systemd/zoned.apparmor: systemd/zoned.apparmor.in Makefile
	$(WITH_PATHS)
install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(modulesdir)'
	$(INSTALL_DATA) '$(srcdir)/systemd/zoned.sysusers' '$(DESTDIR)$(sysusersdir)/zoned.conf'
	$(INSTALL_DATA) '$(srcdir)/systemd/zoned.modules' '$(DESTDIR)$(modulesdir)/zoned.conf'
uninstall-hook:
	rm -f '$(DESTDIR)$(sysusersdir)/zoned.conf' '$(DESTDIR)$(modulesdir)/zoned.conf'
TESTS += tests/netns/units.sh
