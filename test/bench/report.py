#!/usr/bin/env python3
"""Shows what bench_forward measured: tables, the change since a stored baseline, Markdown for docs/performance.md.

Absolute figures belong to one machine. Between machines, and for --check, only the ratio to the yardstick of
the same run is compared: yardstick CPU / worker CPU, so more is better.
"""

import argparse
import json
import re
import sys

SUITES = {"AEAD_AES_128_GCM": "GCM", "AES_CM_128_HMAC_SHA1_80": "CM"}
SCENARIOS = {"video": "1 to {}", "audio": "1 to {}", "room": "room of {}"}


def key(row):
    return (row["scenario"], row["size"], row["packets"], row["suite"])


def name(row):
    return f"{row['scenario']} {row['size']} {row['packets']} {SUITES[row['suite']]}"


def ratio(row):
    return row["yardstick"]["ratio"]


def thousands(value):
    return f"{value:,.0f}".replace(",", " ")


def cells_of(row):
    """One row of the main table: what every column holds, as text."""
    cost, delay, capacity = row["cost"], row.get("delay"), row.get("capacity")
    # A load below the nominal one: the nominal one is more than the worker can do.
    load = "" if cost["factor"] >= 0.999 else f" at {cost['factor']:.2f}×"
    rate = "–"
    if capacity:
        rate = ("≥ " if capacity["peersWereLimit"] else "? " if capacity.get("disturbed") else "") + thousands(capacity["packetsPerSecond"])
    calls = cost["receiveCallsPerPacket"] + cost["sendCallsPerPacket"] + cost["wakeUpsPerPacket"]
    return [
        SCENARIOS[row["scenario"]].format(row["size"]) + load,
        row["packets"],
        SUITES[row["suite"]],
        f"{cost['cpuMicrosPerPacket']:.2f}",
        f"{cost['userMicrosPerPacket']:.2f} + {cost['systemMicrosPerPacket']:.2f}",
        f"{row['yardstick']['cpuMicrosPerPacket']:.2f}",
        f"{ratio(row):.2f}",
        rate,
        "{p50:.0f} / {p99:.0f} / {p999:.0f}".format(**delay) if delay else "–",
        f"{calls:.4f}",
        f"{cost['allocationsPerPacket'] * 1000:.2f}",
    ]


HEADS = [
    "to",
    "packets",
    "suite",
    "CPU µs",
    "user + system",
    "yardstick µs",
    "ratio",
    "packets/s",
    "delay µs p50/p99/p99.9",
    "calls",
    "allocs/1000",
]


def print_table(heads, rows, out):
    widths = [max(len(line[i]) for line in [heads, *rows]) for i in range(len(heads))]
    for line in [heads, *rows]:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)), file=out)


def markdown_table(heads, rows, out):
    print("| " + " | ".join(heads) + " |", file=out)
    print("|" + "---|" * len(heads), file=out)
    for row in rows:
        print("| " + " | ".join(row) + " |", file=out)


def sections(run):
    """Every table of a run: title, heads, rows, what to know about it."""
    for scenario, title in (("video", "Video"), ("audio", "Audio"), ("room", "Rooms")):
        rows = [row for row in run["rows"] if row["scenario"] == scenario]
        if rows:
            yield title, HEADS, [cells_of(row) for row in rows], notes_on(rows)
    if "memory" in run:
        memory = run["memory"]
        yield (
            "Memory",
            ["of", "heap bytes", "resident bytes"],
            [
                [text, thousands(memory[k]["heapBytes"]), thousands(memory[k]["residentBytes"])]
                for k, text in (
                    ("viewerTransport", "a viewer's transport"),
                    ("consumer", "a video consumer on it"),
                    ("consumerAfterMedia", "a video consumer, after media"),
                )
            ],
            [],
        )
    if "joins" in run:
        joins = run["joins"]
        before, meanwhile = joins["delayBefore"], joins["delayMeanwhile"]
        yield (
            "Joins",
            ["joins", "a second", "a second of worker CPU", "worker busy", "delay µs before, p99 / max", "meanwhile, p99 / max"],
            [
                [
                    thousands(joins["joins"]),
                    thousands(joins["joinsPerSecond"]),
                    thousands(joins["joinsPerCpuSecond"]),
                    f"{joins['workerBusy']:.0%}",
                    f"{thousands(before['p99'])} / {thousands(before['max'])}",
                    f"{thousands(meanwhile['p99'])} / {thousands(meanwhile['max'])}",
                ]
            ],
            [],
        )
    if "idle" in run:
        yield (
            "Idle transports",
            ["state", "transports", "CPU % of a core", "resident bytes each"],
            [
                [
                    row["kind"],
                    thousands(row["transports"]),
                    f"{row['cpuPercentOfCore']:.2f}",
                    thousands(row["residentBytesPerTransport"]),
                ]
                for row in run["idle"]
            ],
            [],
        )
    if run.get("allocations"):
        yield (
            "Heap allocations that remain",
            ["to", "per 1000 packets", "where"],
            [
                [row.get("scenario", ""), f"{row['perThousandPackets']:.3f}", row["place"]]
                for row in run["allocations"]
            ],
            [],
        )


def notes_on(rows):
    notes = []
    for row in rows:
        if row["cost"]["lost"] >= 0.001:
            notes.append(f"{name(row)}: {row['cost']['lost']:.2%} of the packets were lost while the cost was measured")
        if row["yardstick"]["lost"] >= 0.001:
            notes.append(f"{name(row)}: the yardstick lost {row['yardstick']['lost']:.2%}")
    return notes


def show(run, out):
    machine = run["machine"]
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, {machine['openssl']}", file=out)
    print(f"CPU divided by {machine['splitBy']}; receivers {run['settings']['receivers']}", file=out)
    for title, heads, rows, notes in sections(run):
        print(f"\n{title}", file=out)
        print_table(heads, rows, out)
        for note in notes:
            print("! " + note, file=out)
    if any((row.get("capacity") or {}).get("peersWereLimit") for row in run["rows"]):
        print("\n≥: the peers were the limit, not the worker", file=out)
    if any((row.get("capacity") or {}).get("disturbed") for row in run["rows"]):
        print("\n?: another process had the worker's core meanwhile", file=out)


def markdown(run, path):
    """Replaces each table between the marks `<!-- bench:TITLE -->` and `<!-- /bench -->` of a page."""
    tables = {title: (heads, rows) for title, heads, rows, _ in sections(run)}
    machine = run["machine"]
    tables["Machine"] = (
        ["", ""],
        [
            ["CPU", f"{machine['cpu']}, {machine['cores']} cores"],
            ["kernel", machine["kernel"]],
            ["OpenSSL (of the yardstick)", machine["openssl"]],
            ["user and system divided by", machine["splitBy"]],
            ["receivers, publisher", f"{run['settings']['receivers']}, {run['settings']['publisher']}"],
        ],
    )

    def fill(match):
        if match["title"] not in tables:
            return match[0]
        lines = []

        class Lines:
            write = staticmethod(lines.append)

        markdown_table(*tables[match["title"]], Lines)
        return f"<!-- bench:{match['title']} -->\n{''.join(lines)}<!-- /bench -->"

    with open(path, encoding="utf-8") as page:
        text = page.read()
    text = re.sub(r"<!-- bench:(?P<title>[^>]*?) -->\n.*?<!-- /bench -->", fill, text, flags=re.DOTALL)
    with open(path, "w", encoding="utf-8") as page:
        page.write(text)


def compare(run, baseline, tolerance, out):
    """Prints the change of each row; gives the rows whose ratio got worse by more than the tolerance."""
    stored = {key(row): row for row in baseline["rows"]}
    same_machine = baseline["machine"] == run["machine"]
    rows, worse = [], []
    for row in run["rows"]:
        old = stored.get(key(row))
        if old is None:
            continue
        change = ratio(row) / ratio(old) - 1
        cpu = row["cost"]["cpuMicrosPerPacket"], old["cost"]["cpuMicrosPerPacket"]
        rows.append([name(row), f"{ratio(old):.2f}", f"{ratio(row):.2f}", f"{change:+.0%}", f"{cpu[1]:.2f}", f"{cpu[0]:.2f}"])
        if change < -tolerance:
            worse.append(name(row))
    if rows:
        where = "this machine" if same_machine else f"another machine: {baseline['machine']['cpu']}; only ratios compare"
        print(f"\nAgainst the baseline ({where})", file=out)
        print_table(["row", "ratio then", "now", "change", "CPU µs then", "now"], rows, out)
    return worse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="what bench_forward wrote; several are joined, the later one counts", nargs="+")
    parser.add_argument("--baseline", help="compare with this file, if it is there")
    parser.add_argument("--check", action="store_true", help="fail when a ratio got worse by more than the tolerance")
    parser.add_argument("--tolerance", type=float, default=0.15, help="for --check (0.15)")
    parser.add_argument("--save-baseline", action="store_true", help="write the run to the baseline's file")
    parser.add_argument("--markdown", metavar="FILE", help="refresh the tables of this page")
    options = parser.parse_args()

    run = None
    for path in options.run:
        with open(path, encoding="utf-8") as file:
            part = json.load(file)
        if run is None:
            run = part
        else:
            rows = {key(row): row for row in run["rows"] + part.pop("rows")}
            run["rows"] = sorted(rows.values(), key=lambda row: (list(SCENARIOS).index(row["scenario"]), list(SUITES).index(row["suite"]), row["size"], row["packets"]))
            run.update({k: v for k, v in part.items() if k not in ("machine", "settings")})
    show(run, sys.stdout)

    worse = []
    if options.baseline:
        try:
            with open(options.baseline, encoding="utf-8") as file:
                worse = compare(run, json.load(file), options.tolerance, sys.stdout)
        except FileNotFoundError:
            print(f"\nno baseline at {options.baseline} yet", file=sys.stderr)
    if options.save_baseline:
        with open(options.baseline, "w", encoding="utf-8") as file:
            json.dump(run, file, indent=1, ensure_ascii=False)
            file.write("\n")
        print(f"\nbaseline written: {options.baseline}", file=sys.stderr)
    if options.markdown:
        markdown(run, options.markdown)
    if options.check and worse:
        print(f"\nworse than the baseline by more than {options.tolerance:.0%}: {', '.join(worse)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
