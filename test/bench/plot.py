#!/usr/bin/env python3
"""Draws how cost grows, from what `bench_forward --sweep` wrote: one SVG for viewers, rooms and senders each."""

import argparse
import json
import os

import matplotlib

matplotlib.use("svg")
# Text stays text, and the same figures give the same file.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sluice", "font.family": "sans-serif"})

import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen before)

SERIES = {
    "viewers": ("viewers of one publisher", "log"),
    "rooms": ("rooms of 4, everyone sends audio and video", "linear"),
    "senders": ("video tracks, 20 viewers of each", "linear"),
}


def draw(points, label, scale, path):
    n = [point["n"] for point in points]
    figure, cost = plt.subplots(figsize=(7, 3.6), layout="constrained")
    user = [point["userMicrosPerPacket"] for point in points]
    system = [point["systemMicrosPerPacket"] for point in points]
    cost.stackplot(n, user, system, labels=["user", "system"], colors=["#4878a8", "#a8c4dc"])
    cost.set_xscale(scale)
    cost.set_xlabel(label)
    # Labels that would run into the next one on a logarithmic axis are left out.
    crowded = [scale == "log" and value * 1.6 > following > value for value, following in zip(n, [*n[1:], 0])]
    cost.set_xticks(n, ["" if close else str(value) for value, close in zip(n, crowded)])
    cost.minorticks_off()
    cost.set_ylabel("CPU µs a forwarded packet")
    cost.set_ylim(bottom=0)
    cost.margins(x=0)
    core = cost.twinx()
    core.plot(n, [point["cpuPercentOfCore"] for point in points], "o-", color="#b03030", label="% of a core", ms=4)
    core.set_ylabel("% of a core (above 100: extrapolated)")
    core.set_ylim(bottom=0)
    handles = [sum(pair, []) for pair in zip(cost.get_legend_handles_labels(), core.get_legend_handles_labels())]
    cost.legend(*handles, loc="upper center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweep", help="JSON of bench_forward --sweep")
    parser.add_argument("folder", help="where the SVGs go, e.g. docs/images")
    options = parser.parse_args()
    with open(options.sweep, encoding="utf-8") as file:
        growth = json.load(file)["growth"]
    os.makedirs(options.folder, exist_ok=True)
    for name, (label, scale) in SERIES.items():
        draw(growth[name], label, scale, os.path.join(options.folder, f"growth-{name}.svg"))


if __name__ == "__main__":
    main()
