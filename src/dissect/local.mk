noinst_LIBRARIES += src/dissect/libdissect.a
src_dissect_libdissect_a_SOURCES = src/dissect/modbus.h src/dissect/modbus-table.c \
	src/dissect/modbus.c src/dissect/modbus-shape.h src/dissect/modbus-more.c \
	src/dissect/modbus-match.c src/dissect/modbus-tolerate.c \
	src/dissect/opcua.h src/dissect/opcua.c src/dissect/opcua-table.c src/dissect/opcua-body.h \
	src/dissect/opcua-body.c src/dissect/opcua-read.h src/dissect/opcua-read.c \
	src/dissect/dnp3.h src/dissect/dnp3-table.c src/dissect/dnp3.c \
	src/dissect/dnp3-objects.h src/dissect/dnp3-objects.c src/dissect/dnp3-objects-table.c
EXTRA_DIST += src/dissect/README
