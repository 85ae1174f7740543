noinst_LIBRARIES += src/nft/libnft.a
src_nft_libnft_a_SOURCES =
