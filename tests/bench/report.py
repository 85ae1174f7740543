# SPDX-License-Identifier: MIT
"""The results of a run as a text table and as a plot."""
import statistics
from xml.sax.saxutils import escape

ANCHOR = "conntrack"    # ratios are to this row when it is there, else to the first


def anchor_of(systems):
    return ANCHOR if ANCHOR in systems else next(iter(systems))


def ratio(systems, name, key):
    """Median over the rounds of the ratio within a round: both sides had the same neighbours."""
    base = systems[anchor_of(systems)]["rounds"]
    return statistics.median(a[key] / b[key] if b[key] else 0 for a, b in zip(systems[name]["rounds"], base))


COLUMNS = (("tps", "trans/s", "%.0f"), ("p50_us", "p50 us", "%.0f"), ("p99_us", "p99 us", "%.0f"),
           ("p999_us", "p99.9 us", "%.0f"), ("cpu_s_per_million", "CPU s/M", "%.1f"))
RATIOS = (("tps", "x trans/s"), ("p50_us", "x p50"), ("p99_us", "x p99"), ("cpu_s_per_million", "x CPU"))


def table(rows):
    width = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) if i < 3 else c.rjust(w) for i, (c, w) in enumerate(zip(r, width))).rstrip()
                     for r in rows)


def cells_text(result):
    rows = [["shape", "conns", "system"] + [c[1] for c in COLUMNS] + ["peak MB"] + [r[1] for r in RATIOS] + ["x plain"]]
    for c in result["cells"]:
        for name, s in c["systems"].items():
            m = s["median"]
            plain = "%.2f" % statistics.median(
                a["tps"] / b["tps"] for a, b in zip(s["rounds"], c["systems"]["plain"]["rounds"])) \
                if "plain" in c["systems"] else "-"
            rows.append([c["shape"], str(c["connections"]), name] + [f % m[k] for k, _, f in COLUMNS] +
                        ["%.1f" % (m["memory_kb"] / 1024)] +
                        ["%.2f" % ratio(c["systems"], name, k) for k, _ in RATIOS] + [plain])
    return table(rows)


def packets_text(result):
    rows = [["64-byte frames", "", "system", "sent/s", "arrived/s", "arrived", "CPU s/M", "x arrived/s"]]
    for name, s in result["packets"].items():
        m = s["median"]
        rows.append(["", "", name, "%.0f" % m["sent_pps"], "%.0f" % m["arrived_pps"], "%.3f" % m["arrived_part"],
                     "%.1f" % m["cpu_s_per_million"], "%.2f" % ratio(result["packets"], name, "arrived_pps")])
    return table(rows)


def overall_text(result):
    """Geometric mean over the cells of the ratios, one line a system."""
    rows = [["all cells", "", "system"] + [r[1] for r in RATIOS]]
    for name in result["systems"]:
        rows.append(["", "", name] + ["%.2f" % statistics.geometric_mean(
            max(ratio(c["systems"], name, k), 1e-9) for c in result["cells"]) for k, _ in RATIOS])
    return table(rows)


def busy(result):
    rounds = [r for c in result["cells"] for s in c["systems"].values() for r in s["rounds"]]
    rounds += [r for s in result["packets"].values() for r in s["rounds"]]
    return statistics.median(r["others_s"] / r["seconds"] for r in rounds)


def text(result):
    m = result["machine"]
    out = ["%d cores, Linux %s; medians of %d interleaved rounds, %g s a cell; ratios to %s" % (
        m["cores"], m["kernel"], result["rounds"], result["seconds"], anchor_of(result["systems"])),
        "other processes took %.2f cores meanwhile (not counted in CPU)" % busy(result)]
    if result["cells"]:
        out += ["", cells_text(result), "", overall_text(result)]
    if result["packets"]:
        out += ["", packets_text(result)]
    return "\n".join(out)


# ---- plot ----

COLOURS = ("#9a9a9a", "#4878a8", "#c89048", "#58a066", "#a05878", "#6868b0")
BAR, GAP, HEIGHT, LEFT, TOP = 14, 16, 180, 56, 40


def bars(systems, name_of_group, values, colour, x, y):
    out, top = [], max(values.values()) or 1
    for i, name in enumerate(systems):
        h = HEIGHT * values[name] / top
        out.append('<rect x="%.1f" y="%.1f" width="%d" height="%.1f" fill="%s"><title>%s %s: %.0f</title></rect>' % (
            x + i * BAR, y + HEIGHT - h, BAR - 2, h, colour[name], escape(name_of_group), escape(name), values[name]))
    out.append('<text x="%.1f" y="%.1f" font-size="9" text-anchor="middle">%.0f</text>' % (
        x + len(systems) * BAR / 2, y - 4, top))
    out.append('<text x="%.1f" y="%.1f" font-size="10" text-anchor="middle">%s</text>' % (
        x + len(systems) * BAR / 2, y + HEIGHT + 14, escape(name_of_group)))
    return out


def svg(result):
    """Two rows of groups: transactions/s and p99, each group on its own scale (its top is written)."""
    systems = list(result["systems"])
    colour = {n: COLOURS[i % len(COLOURS)] for i, n in enumerate(systems)}
    group = len(systems) * BAR + GAP
    groups = max(len(result["cells"]), 1)
    width, height = max(LEFT + groups * max(group, 84), 480), 2 * (HEIGHT + 70) + TOP
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif">' % (width, height),
           '<rect width="100%" height="100%" fill="white"/>']
    for i, n in enumerate(systems):
        out.append('<rect x="%d" y="8" width="10" height="10" fill="%s"/><text x="%d" y="17" font-size="11">%s</text>' % (
            LEFT + i * 110, colour[n], LEFT + 14 + i * 110, escape(n)))
    for row, (key, label) in enumerate((("tps", "transactions/s"), ("p99_us", "p99, us"))):
        y = TOP + 14 + row * (HEIGHT + 70)
        out.append('<text x="8" y="%d" font-size="11">%s</text>' % (y - 18, label))
        for i, c in enumerate(result["cells"]):
            values = {n: s["median"][key] for n, s in c["systems"].items()}
            out += bars(systems, "%s x%d" % (c["shape"], c["connections"]), values, colour,
                        LEFT + i * max(group, 84), y)
    return "\n".join(out + ["</svg>", ""])
