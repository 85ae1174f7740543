# The lab tests share this machine's two cores: the build system may run them
# side by side, they do not collide, but each bounds its own time.
if HAVE_MODBUS
check_PROGRAMS += tests/netns/mbserver tests/netns/mbclient
tests_netns_mbserver_SOURCES = tests/netns/mbserver.c tests/netns/mbpattern.h
tests_netns_mbserver_CPPFLAGS = $(AM_CPPFLAGS) $(MODBUS_CFLAGS)
tests_netns_mbserver_LDADD = $(MODBUS_LIBS)
tests_netns_mbclient_SOURCES = tests/netns/mbclient.c tests/netns/mbpattern.h
tests_netns_mbclient_CPPFLAGS = $(AM_CPPFLAGS) $(MODBUS_CFLAGS)
tests_netns_mbclient_LDADD = $(MODBUS_LIBS)
endif
NETNS_TESTS = tests/netns/basic.sh tests/netns/v6.sh tests/netns/reset.sh tests/netns/segments.sh \
	tests/netns/reload.sh tests/netns/foreign.sh tests/netns/kill.sh tests/netns/session.sh
TESTS += $(NETNS_TESTS)
EXTRA_DIST += $(NETNS_TESTS) tests/netns/lab.sh tests/netns/lab-small.sh tests/netns/demo.sh \
	tests/netns/talk.py tests/netns/with-devlog
