dist_rules_DATA += rules/modbus-read-only.conf rules/modbus-read-only-strict.conf rules/modbus-read-write.conf \
	rules/modbus-programming.conf rules/modbus-setpoints.conf \
	rules/opcua-all.conf rules/opcua-read-only.conf rules/opcua-discovery.conf rules/opcua-secure-only.conf \
	rules/dnp3-read-only.conf rules/dnp3-read-only-master.conf rules/dnp3-operate.conf rules/dnp3-outstation.conf \
	rules/dnp3-all.conf rules/iec104-monitor-only.conf rules/iec104-control.conf rules/iec104-all.conf
# What an operator edits: FILE:PLACE below $(sysconfdir). Installed only where nothing is, and
# removed only as long as it is what was installed.
OPERATORS_FILES = conf/zoned.conf:zoned/zoned.conf
EXTRA_DIST += conf/zoned.conf
install-data-local:
	@for f in $(OPERATORS_FILES); do \
		from=$${f%%:*} to='$(DESTDIR)$(sysconfdir)'/$${f##*:}; \
		test -f "$$from" || from='$(abs_srcdir)'/$$from; \
		if test -e "$$to" || test -L "$$to"; then \
			cmp -s "$$from" "$$to" || echo "$$to is kept as it is; this version's is $$from"; \
		else \
			$(MKDIR_P) "$${to%/*}" && $(INSTALL_DATA) "$$from" "$$to" || exit 1; \
		fi; \
	done
uninstall-local:
	@for f in $(OPERATORS_FILES); do \
		from=$${f%%:*} to='$(DESTDIR)$(sysconfdir)'/$${f##*:}; \
		test -f "$$from" || from='$(abs_srcdir)'/$$from; \
		if test ! -L "$$to" && cmp -s "$$from" "$$to"; then \
			rm -f "$$to" || exit 1; \
		elif test -e "$$to" || test -L "$$to"; then \
			echo "$$to is left: it is not what was installed"; \
		fi; \
	done; \
	rmdir '$(DESTDIR)$(sysconfdir)/zoned' 2>/dev/null || :
exampledir = $(docdir)/examples
dist_example_DATA = conf/example-small-cell.conf conf/example-water-works.conf conf/example-substation.conf conf/example-opcua.conf \
	conf/example-dnp3.conf conf/example-iec104.conf
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = conf/bash-completion/zonectl
# for rsyslog; nothing reads it there
rsyslogdir = $(pkgdatadir)/rsyslog
dist_rsyslog_DATA = conf/rsyslog/zoned-forward.conf
