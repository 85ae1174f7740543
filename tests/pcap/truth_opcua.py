# SPDX-License-Identifier: MIT
"""OPC UA messages of `zonectl replay --json` as rows of the truth tables."""

# the services whose nodes the tables list, by the request's encoding id
LISTED = {"527", "533", "631", "664", "673", "700", "712", "751"}
FIELDS = ["dir", "kind", "ua_type", "ua_chunk", "ua_size", "ua_scid", "ua_policy", "ua_mode", "ua_token",
          "ua_seq", "ua_reqid", "ua_svc", "ua_result", "ua_nodes"]
SAME = {"ua_type": "type", "ua_chunk": "chunk", "ua_size": "size", "ua_scid": "channel",
        "ua_policy": "policy", "ua_token": "token", "ua_seq": "seq", "ua_reqid": "reqid", "ua_svc": "svc",
        "ua_result": "result", "ua_nodes": "nodes"}


def ports(rows):
    """The servers' ports are not all 4840; who answers is in the table."""
    return sorted({"opcua:" + r["dport"] for r in rows if r["dir"] == "req"} or {"opcua:4840"})


def adapt(m):
    row = {c: str(m.get(f, "")) for c, f in SAME.items()}
    row.update(dir=m["dir"], kind=m["kind"], ua_mode="")
    secured = row["ua_policy"] not in ("None", "")
    if m["type"] == "OPN" and m["dir"] == "req" and "svc" in m:
        row["ua_mode"] = m.get("mode", "")
    elif m["type"] in ("MSG", "CLO") and secured and "mode" in m:
        row["ua_mode"] = m["mode"] + "?"
    if m["type"] in ("MSG", "CLO") and not row["ua_policy"]:
        row["ua_policy"] = "?"
    if "svc" in m and row["ua_svc"] not in LISTED:
        row["ua_nodes"] = ""
    return row


def key(r):
    return (int(r["frame"]), r["src"], r["sport"], r["dst"], r["dport"], r["ua_type"], r["ua_size"], r["ua_seq"])


def summary(r):
    if r["kind"] in ("retrans", "undissected"):
        return f"{r['kind']} {r['flags']}"
    return f"{r['kind']} {r['dir']} {r['ua_type']} seq={r['ua_seq']} svc={r['ua_svc']}"
