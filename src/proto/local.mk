# One folder for each protocol; its files go to the libraries of their layers (tests/check-tree has the
# same by name). Needs the fragments of these layers before it.
noinst_LIBRARIES += src/proto/libwire.a
src_proto_libwire_a_SOURCES =
MANUAL_PARTS =
EXTRA_DIST += src/proto/README src/proto/list.sh
include src/proto/modbus/local.mk
include src/proto/dnp3/local.mk
include src/proto/opcua/local.mk
include src/proto/iec104/local.mk
