if HAVE_MODBUS
check_PROGRAMS += tests/netns/mbserver tests/netns/mbclient
tests_netns_mbserver_SOURCES = tests/netns/mbserver.c tests/netns/mbpattern.h
tests_netns_mbserver_CPPFLAGS = $(AM_CPPFLAGS) $(MODBUS_CFLAGS)
tests_netns_mbserver_LDADD = $(MODBUS_LIBS)
tests_netns_mbclient_SOURCES = tests/netns/mbclient.c tests/netns/mbpattern.h
tests_netns_mbclient_CPPFLAGS = $(AM_CPPFLAGS) $(MODBUS_CFLAGS)
tests_netns_mbclient_LDADD = $(MODBUS_LIBS)
TESTS += tests/netns/gate.sh
endif
EXTRA_DIST += tests/netns/gate.sh tests/netns/lab-small.sh tests/netns/demo.sh
