"""Draw loss.csv as a small SVG: the training loss, smoothed, and the validation loss over the tokens seen."""

import argparse
import csv
import math
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 640, 320, 44
SMOOTHING = 0.8


def main():
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", required=True, type=Path, help="loss.csv written by train.py")
    parser.add_argument("--out", required=True, type=Path, help="SVG file to write")
    arguments = parser.parse_args()
    with open(arguments.losses, newline="") as file:
        rows = list(csv.DictReader(file))
    train, valid, smooth = [], [], None
    for row in rows:
        loss = float(row["loss"])
        smooth = loss if smooth is None else SMOOTHING * smooth + (1 - SMOOTHING) * loss
        train.append((int(row["tokens"]), smooth))
        if row["valid"]:
            valid.append((int(row["tokens"]), float(row["valid"])))
    most = train[-1][0]
    low, high = math.log(min(y for _, y in train + valid) * 0.95), math.log(max(y for _, y in train))

    def x(tokens):
        return MARGIN + (WIDTH - 2 * MARGIN) * tokens / most

    def y(loss):
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (math.log(loss) - low) / (high - low)

    def line(points, color):
        path = " ".join(f"{x(tokens):.1f},{y(loss):.1f}" for tokens, loss in points)
        return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>'

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11" fill="#555">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for loss in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 5, 8):
        if low < math.log(loss) < high:
            parts.append(f'<path d="M{MARGIN} {y(loss):.1f}H{WIDTH - MARGIN}" stroke="#ddd"/><text x="{MARGIN - 6}" y="{y(loss) + 4:.1f}" text-anchor="end">{loss}</text>')
    step = max(1, round(most / 1e6 / 6))
    for millions in range(0, int(most / 1e6) + 1, step):
        parts.append(f'<text x="{x(millions * 1e6):.1f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{millions}</text>')
    parts += [line(train, "#1f77b4"), line(valid, "#d62728"),
              f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">million tokens</text>',
              f'<text x="{WIDTH - MARGIN}" y="{MARGIN}" text-anchor="end"><tspan fill="#1f77b4">training loss</tspan> · <tspan fill="#d62728">validation loss</tspan> (nats per token)</text>', "</svg>"]
    arguments.out.write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
