noinst_LIBRARIES += src/policy/libpolicy.a
src_policy_libpolicy_a_SOURCES = src/policy/policy.h src/policy/image.c
