# SPDX-License-Identifier: MIT
"""DNP3 messages of `zonectl replay --json` as rows of the truth tables."""

FIELDS = ["dir", "kind", "dl_src", "dl_dst", "dl_dir", "dl_prm", "dl_func", "tr_fir", "tr_fin", "tr_seq",
          "al_fir", "al_fin", "al_con", "al_uns", "al_seq", "al_func", "al_len", "al_iin", "al_objs", "al_ctrl"]


def ports(rows):
    """The outstations' ports are not all 20000; who is asked is in the table."""
    return sorted({"dnp3:" + r["dport"] for r in rows if r["dir"] in ("req", "conf", "m2o")} or {"dnp3:20000"})


SAME = {"dl_src": "link_src", "dl_dst": "link_dst", "al_seq": "seq", "al_func": "fc", "al_iin": "iin",
        "al_objs": "objects", "al_ctrl": "controls"}


def direction(m):
    """The tables tell confirmations, and frames without application data, from the rest."""
    if "fc" not in m:
        return "m2o" if m["dl_dir"] else "o2m"
    return "resp" if m["fc"] >= 129 else "conf" if m["fc"] == 0 else "req"


def adapt(m):
    row = {c: str(m.get(SAME.get(c, c), "")) for c in FIELDS}
    row.update(flags="", dir=direction(m), kind=m["kind"])
    return row


def key(r):
    return (int(r["frame"]), r["src"], r["sport"], r["dst"], r["dport"], r["dl_src"], r["dl_dst"], r["tr_seq"])


def summary(r):
    if r["kind"] in ("retrans", "undissected"):
        return f"{r['kind']} {r['flags']}"
    return f"{r['kind']} {r['dir']} {r['dl_src']}>{r['dl_dst']} tr={r['tr_seq']} fc={r['al_func']}"
