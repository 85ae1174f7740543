dist_man_MANS += man/zoned.8 man/zonectl.8 man/zoned.conf.5 man/zoned-model.5 man/zoned-events.5 man/zoned-peers.7
