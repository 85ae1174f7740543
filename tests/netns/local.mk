# The lab needs root and libmodbus; without root every test in it is skipped.
# LAB_TRANSACTIONS sets the length of the long session.
NETNS_TESTS = \
	tests/netns/basic.sh \
	tests/netns/readme.sh tests/netns/tutorial.sh \
	tests/netns/v6.sh \
	tests/netns/segments.sh \
	tests/netns/reset.sh \
	tests/netns/foreign.sh \
	tests/netns/neighbours.sh \
	tests/netns/guard.sh \
	tests/netns/bypass.sh \
	tests/netns/reload.sh \
	tests/netns/kill.sh \
	tests/netns/control.sh tests/netns/counters.sh tests/netns/uses.sh tests/netns/connections.sh tests/netns/metrics.sh tests/netns/changes.sh tests/netns/unfriendly.sh tests/netns/orders.sh tests/netns/grants.sh tests/netns/times.sh \
	tests/netns/failmode.sh \
	tests/netns/rates.sh \
	tests/netns/shares.sh \
	tests/netns/records.sh \
	tests/netns/places.sh \
	tests/netns/words.sh tests/netns/ends.sh tests/netns/bind.sh tests/netns/typed.sh \
	tests/netns/evidence.sh \
	tests/netns/lanes.sh \
	tests/netns/gaps.sh \
	tests/netns/notify.sh \
	tests/netns/start.sh \
	tests/netns/flood.sh \
	tests/netns/session.sh \
	tests/netns/opcua.sh \
	tests/netns/dnp3.sh \
	tests/netns/iec104.sh \
	tests/netns/fast.sh \
	tests/netns/plain.sh \
	tests/netns/inside.sh \
	tests/netns/fragments.sh \
	tests/netns/misfits.sh \
	tests/netns/settings.sh \
	tests/netns/faults.sh tests/netns/clock.sh tests/netns/endure.sh tests/netns/memory.sh \
	tests/netns/marks.sh \
	tests/netns/reverse.sh \
	tests/netns/errors.sh \
	tests/netns/refused.sh \
	tests/netns/watched.sh \
	tests/netns/offload.sh \
	tests/netns/nat.sh \
	tests/netns/bulk.sh \
	tests/netns/audit.sh \
	tests/netns/outputs.sh \
	tests/netns/forward.sh \
	tests/netns/oneread.sh \
	tests/netns/silent.sh \
	tests/netns/tap.sh tests/netns/tap-ends.sh \
	tests/netns/tolerate.sh \
	tests/netns/processes.sh tests/netns/backup.sh tests/netns/signed.sh tests/netns/approved.sh
if HAVE_MODBUS
check_PROGRAMS += tests/netns/mbserver tests/netns/mbclient tests/netns/flooder
tests_netns_flooder_SOURCES = tests/netns/flooder.c
tests_netns_mbserver_SOURCES = tests/netns/mbserver.c tests/netns/mbpattern.h
tests_netns_mbserver_CPPFLAGS = $(AM_CPPFLAGS) $(MODBUS_CFLAGS)
tests_netns_mbserver_LDADD = $(MODBUS_LIBS)
tests_netns_mbclient_SOURCES = tests/netns/mbclient.c tests/netns/mbpattern.h
tests_netns_mbclient_CPPFLAGS = $(AM_CPPFLAGS) $(MODBUS_CFLAGS)
tests_netns_mbclient_LDADD = $(MODBUS_LIBS)
TESTS += $(NETNS_TESTS)
check_DATA = tests/netns/clock-shift.so
CLEANFILES += tests/netns/clock-shift.so
tests/netns/clock-shift.so: tests/netns/clock-shift.c
	$(AM_V_CCLD)$(CC) $(AM_CFLAGS) $(CFLAGS) -shared -fPIC -o $@ $<
endif
check_PROGRAMS += tests/netns/selftest-broken
tests_netns_selftest_broken_SOURCES = $(zonectl_SOURCES) tests/netns/selftest-broken.c
tests_netns_selftest_broken_LDADD = $(zonectl_LDADD)
tests_netns_selftest_broken_LDFLAGS = -Wl,--wrap=nft_commit -Wl,--wrap=policy_build
check_PROGRAMS += tests/netns/restore-cut
tests_netns_restore_cut_SOURCES = $(zonectl_SOURCES) tests/netns/restore-cut.c
tests_netns_restore_cut_LDADD = $(zonectl_LDADD)
tests_netns_restore_cut_LDFLAGS = -Wl,--wrap=write -Wl,--wrap=renameat -Wl,--wrap=unlinkat -Wl,--wrap=mkdirat -Wl,--wrap=fsync
TESTS += tests/netns/selftest.sh
EXTRA_DIST += tests/netns/selftest.sh
TESTS += tests/check-tree tests/check-format
EXTRA_DIST += $(NETNS_TESTS) tests/netns/fragments.py \
	tests/netns/lab.sh tests/netns/clock-shift.c \
	tests/netns/with-devlog \
	tests/netns/plant.sh tests/netns/tutorial.py \
	tests/netns/talk.py \
	tests/netns/mbwire.py tests/netns/metrics.py \
	tests/netns/holes.py \
	tests/netns/gaps.py \
	tests/netns/stream.py \
	tests/netns/marks.py \
	tests/netns/bulk.py tests/netns/orders.py tests/netns/zone.py \
	tests/netns/dnp3-peer.py \
	tests/netns/iec104-peer.py \
	tests/netns/spoof.py \
	tests/netns/oneread.py tests/netns/unfriendly.py \
	tests/netns/silent.py \
	tests/netns/mirror.py \
	tests/netns/tolerate.py tests/netns/typed.py \
	tests/netns/shares.py \
	tests/netns/records.py \
	tests/netns/evidence.py tests/netns/ends.py \
	tests/netns/reverse.py \
	tests/netns/errors.py tests/netns/endure.py \
	tests/netns/forge.py \
	tests/netns/inside.py \
	tests/netns/opcua/package.json \
	tests/netns/opcua/package-lock.json \
	tests/netns/opcua/server.js \
	tests/netns/opcua/client.js \
	tests/netns/demo.sh \
	tests/check-tree tests/check-format .clang-format COPYING ChangeLog.md

# what tests/netns/opcua.sh had npm install
clean-local:
	rm -rf tests/netns/opcua-modules tests/netns/opcua-new.*
