EXTRA_DIST += doc/security.md doc/tutorial.md doc/threat-model.md doc/hardening.md doc/disposal.md doc/development.md doc/sbom.sh
# What the programs are made of, as CycloneDX 1.5: what is linked, with Debian's versions and licenses.
sbom: zoned.cdx.json
zoned.cdx.json: zoned$(EXEEXT) zonectl$(EXEEXT) doc/sbom.sh
	$(AM_V_GEN)$(srcdir)/doc/sbom.sh $(VERSION) zoned$(EXEEXT) zonectl$(EXEEXT) >$@.new && mv $@.new $@
CLEANFILES += zoned.cdx.json zoned.cdx.json.new
.PHONY: sbom
