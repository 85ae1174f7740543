noinst_LIBRARIES += src/compile/libcompile.a
src_compile_libcompile_a_SOURCES = src/compile/policy_build.h src/compile/policy_build.c \
	src/compile/build.h \
	src/compile/ruleset.h src/compile/ruleset.c src/compile/ruleset-rules.h src/compile/ruleset-rules.c src/compile/ruleset-reversed.c src/compile/ruleset-ports.c src/compile/ruleset-zones.c src/compile/ruleset-gates.c src/compile/ruleset-plain.c src/compile/ruleset-ends.h \
	src/compile/reach.h src/compile/reach.c
