noinst_LIBRARIES += src/packet/libpacket.a
src_packet_libpacket_a_SOURCES = src/packet/packet.h src/packet/packet.c src/packet/capture.h src/packet/capture.c \
	src/packet/raw_frame.h src/packet/raw_pcap.h src/packet/input.h src/packet/input.c src/packet/unpack.h src/packet/unpack.c \
	src/packet/savefile.h src/packet/savefile.c src/packet/live.h src/packet/live.c src/packet/pcapng.h src/packet/pcapng.c src/packet/unwrap.h \
	src/packet/link.c src/packet/tunnel.c src/packet/fragment.h src/packet/fragment.c src/packet/offload.h \
	src/packet/offload.c src/packet/repeat.h src/packet/repeat.c src/packet/unread.c \
	src/packet/pcapng-write.h src/packet/pcapng-write.c
