/** Small line charts as SVG, both axes logarithmic, so that a cost in proportion to a size is a slope of one. */
export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  /** The one that the chart is about. */
  readonly main: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const PANEL = { width: 400, height: 270 };
const PLOT = { left: 56, right: 96, top: 44, bottom: 40 };
const COLORS = ["#0f766e", "#b45309", "#64748b"];
const INK = "#1f2937";
const FAINT = "#d1d5db";

/** All charts in rows of two. */
export function chartSheet(charts: readonly Chart[]): string {
  const width = PANEL.width * 2;
  const height = PANEL.height * Math.ceil(charts.length / 2);
  const panels = charts.map((chart, i) => {
    const at = `${(i % 2) * PANEL.width} ${Math.floor(i / 2) * PANEL.height}`;
    return `<g transform="translate(${at})">${panel(chart)}</g>`;
  });
  const style = `text{font:12px system-ui,sans-serif;fill:${INK}}.t{font-weight:600;font-size:13px}.s{fill:#6b7280;font-size:11px}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>${style}</style><rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

function panel({ title, xLabel, unit, series: all }: Chart): string {
  const series = all.filter(({ points: own }) => own.length > 0);
  const points = series.flatMap((s) => s.points);
  const x = scale(
    points.map(([value]) => value),
    [PLOT.left, PANEL.width - PLOT.right],
  );
  const ys = points.map(([, value]) => value);
  const decades = [10 ** Math.floor(Math.log10(Math.min(...ys))), 10 ** Math.ceil(Math.log10(Math.max(...ys)))];
  const y = scale(decades, [PANEL.height - PLOT.bottom, PLOT.top]);
  const parts = [text(PLOT.left - 40, 22, title, "t")];
  for (let at = decades[0]!; at <= decades[1]! * 1.001; at *= 10) {
    const row = round(y(at));
    const line = `x1="${PLOT.left}" x2="${PANEL.width - PLOT.right}" y1="${row}" y2="${row}"`;
    parts.push(`<line ${line} stroke="${FAINT}"/>`, text(PLOT.left - 6, row + 4, plain(at), "s", "end"));
  }
  for (const at of new Set(points.map(([value]) => value)))
    parts.push(text(round(x(at)), PANEL.height - PLOT.bottom + 16, plain(at), "s", "middle"));
  const middle = (PLOT.left + PANEL.width - PLOT.right) / 2;
  parts.push(
    text(middle, PANEL.height - PLOT.bottom + 32, xLabel, "s", "middle"),
    text(PLOT.left - 6, 38, unit, "s", "end"),
  );
  const rows = spread(series.map((s) => y(s.points.at(-1)?.[1] ?? decades[0]!)));
  series.forEach((one, i) => {
    const { name, main, points: own } = one;
    const color = COLORS[all.indexOf(one) % COLORS.length]!;
    const path = own.map(([px, py]) => `${round(x(px))},${round(y(py))}`);
    parts.push(
      `<polyline points="${path.join(" ")}" fill="none" stroke="${color}" stroke-width="${main ? 3 : 1.75}"/>`,
    );
    for (const point of path) {
      const [cx, cy] = point.split(",");
      parts.push(`<circle cx="${cx}" cy="${cy}" r="${main ? 4 : 3}" fill="${color}"/>`);
    }
    const label = `<tspan style="fill:${color}${main ? ";font-weight:600" : ""}">${name}</tspan>`;
    parts.push(text(PANEL.width - PLOT.right + 10, round(rows[i]! + 4), label));
  });
  return parts.join("");
}

function scale(values: readonly number[], [from, to]: readonly [number, number]): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => (high === low ? (from + to) / 2 : from + ((Math.log(value) - low) / (high - low)) * (to - from));
}

/** Moves labels apart that would cover one another. */
function spread(rows: readonly number[]): number[] {
  const out = [...rows];
  const order = rows.map((_, i) => i).sort((a, b) => rows[a]! - rows[b]!);
  for (let k = 1; k < order.length; k++) {
    const [above, below] = [order[k - 1]!, order[k]!];
    out[below] = Math.max(out[below]!, out[above]! + 15);
  }
  return out;
}

function text(x: number, y: number, content: string, style = "", anchor = "start"): string {
  return `<text x="${x}" y="${y}"${style && ` class="${style}"`} text-anchor="${anchor}">${content}</text>`;
}

function plain(value: number): string {
  return value >= 1 ? String(Math.round(value)) : String(Number(value.toPrecision(1)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
