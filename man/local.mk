dist_man_MANS += man/zoned.8 man/zonectl.8 man/zoned.conf.5 man/zoned-control.7 man/zoned-operate.7
# Pages with a section of each protocol: put together from the page here and src/proto/NAME/manual.
COMPOSED_PAGES = man/zoned-model.5 man/zoned-events.5 man/zoned-peers.7
man_MANS = $(COMPOSED_PAGES)
EXTRA_DIST += man/compose.sh man/zoned-model.5.in man/zoned-events.5.in man/zoned-peers.7.in $(MANUAL_PARTS)
CLEANFILES += $(COMPOSED_PAGES) man/zoned-model.5.new man/zoned-events.5.new man/zoned-peers.7.new
$(COMPOSED_PAGES): %: %.in man/compose.sh src/proto/list.sh src/proto/protocols.h $(MANUAL_PARTS)
	$(AM_V_GEN)$(MKDIR_P) man && $(srcdir)/man/compose.sh $(srcdir)/$@.in $(srcdir)/src >$@.new && mv $@.new $@
