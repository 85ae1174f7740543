noinst_LIBRARIES += src/compare/libcompare.a
src_compare_libcompare_a_SOURCES = src/compare/scope.h src/compare/scope.c src/compare/compare.h src/compare/internal.h \
	src/compare/compare.c src/compare/addresses.c src/compare/zones.c src/compare/conduits.c src/compare/gates.c src/compare/pieces.c src/compare/policies.c src/compare/points.c \
	src/compare/settings.c
