noinst_LIBRARIES += src/packet/libpacket.a
src_packet_libpacket_a_SOURCES = src/packet/packet.h src/packet/packet.c src/packet/pcap.h src/packet/pcap.c \
	src/packet/capture.h
