# SPDX-License-Identifier: MIT
"""OPC UA messages of `zonectl replay --json` as rows of the truth tables."""

# the services whose nodes the tables list, by the request's encoding id
LISTED = {"527", "533", "631", "664", "673", "700", "712", "751"}
FIELDS = ["dir", "kind", "ua_type", "ua_chunk", "ua_size", "ua_scid", "ua_policy", "ua_mode", "ua_token",
          "ua_seq", "ua_reqid", "ua_svc", "ua_result", "ua_nodes"]
SAME = {"ua_type": "type", "ua_chunk": "chunk", "ua_size": "size", "ua_scid": "channel",
        "ua_policy": "security_policy", "ua_token": "token", "ua_seq": "sequence", "ua_reqid": "request",
        "ua_svc": "encoding", "ua_result": "result", "ua_nodes": "names"}
MODES = {"none": "None", "sign": "Sign", "sign-and-encrypt": "SignAndEncrypt"}


def ports(rows):
    """The servers' ports are not all 4840; who answers is in the table."""
    return sorted({"opcua:" + r["dport"] for r in rows if r["dir"] == "req"} or {"opcua:4840"})


def adapt(m):
    row = {c: str(m.get(f, "")) for c, f in SAME.items()}
    mode = MODES.get(m.get("security"), "")
    row.update(kind=m["kind"], ua_mode="")
    if m["kind"] == "chunk":     # the tables have it with the last one
        row["ua_result"] = ""
    secured = row["ua_policy"] not in ("None", "")
    if m["type"] == "OPN" and m["dir"] == "request" and "encoding" in m:
        row["ua_mode"] = mode
    elif m["type"] in ("MSG", "CLO") and secured and mode:
        row["ua_mode"] = mode + "?"
    if m["type"] in ("MSG", "CLO") and not row["ua_policy"]:
        row["ua_policy"] = "?"
    if "encoding" in m and row["ua_svc"] not in LISTED:
        row["ua_nodes"] = ""
    return row


def key(r):
    return (int(r["frame"]), r["src"], r["sport"], r["dst"], r["dport"], r["ua_type"], r["ua_size"], r["ua_seq"])


def summary(r):
    if r["kind"] in ("retrans", "undissected"):
        return f"{r['kind']} {r['flags']}"
    return f"{r['kind']} {r['dir']} {r['ua_type']} seq={r['ua_seq']} svc={r['ua_svc']}"
