noinst_LIBRARIES += src/nft/libnft.a
src_nft_libnft_a_SOURCES = src/nft/nft.h src/nft/internal.h src/nft/nft.c src/nft/batch.c src/nft/rules.c \
	src/nft/sets.c src/nft/commit.c src/nft/state.c src/nft/sweep.c src/nft/probe.c \
	src/nft/guard.h src/nft/watch.c src/nft/digest.c src/nft/closed.c src/nft/again.c src/nft/block.c src/nft/helper.c src/nft/bypass.c
