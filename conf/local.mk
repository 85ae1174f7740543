dist_rules_DATA += rules/modbus-read-only.conf rules/modbus-read-only-strict.conf rules/modbus-read-write.conf \
	rules/modbus-programming.conf rules/modbus-setpoints.conf \
	rules/opcua-all.conf rules/opcua-read-only.conf rules/opcua-discovery.conf rules/opcua-secure-only.conf \
	rules/dnp3-read-only.conf rules/dnp3-read-only-master.conf rules/dnp3-operate.conf rules/dnp3-outstation.conf \
	rules/dnp3-all.conf rules/iec104-monitor-only.conf rules/iec104-control.conf rules/iec104-all.conf
zonedconfdir = $(sysconfdir)/zoned
dist_zonedconf_DATA = conf/zoned.conf
exampledir = $(docdir)/examples
dist_example_DATA = conf/example-small-cell.conf conf/example-water-works.conf conf/example-substation.conf conf/example-opcua.conf \
	conf/example-dnp3.conf conf/example-iec104.conf
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = conf/bash-completion/zonectl
# for rsyslog; nothing reads it there
rsyslogdir = $(pkgdatadir)/rsyslog
dist_rsyslog_DATA = conf/rsyslog/zoned-forward.conf
