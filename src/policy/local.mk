noinst_LIBRARIES += src/policy/libpolicy.a
src_policy_libpolicy_a_SOURCES = src/policy/policy.h src/policy/image.c src/policy/decide-modbus.c \
	src/policy/opcua.h src/policy/decide-opcua.c \
	src/policy/dnp3.h src/policy/decide-dnp3.c
