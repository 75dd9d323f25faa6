/** How commands print: data as YAML or JSON, tables without boxes, colour for terminals only. */
import { styleText } from "node:util";
import { Option } from "commander";
import { stringify } from "yaml";

export type Format = "yaml" | "json";

export function formatOption(fallback: Format): Option {
  return new Option("-o, --output <format>", "how to print it").choices(["yaml", "json"]).default(fallback);
}

/** Prints data on standard output. */
export function printData(data: unknown, format: Format): void {
  process.stdout.write(
    format === "json"
      ? `${JSON.stringify(data, undefined, 2)}\n`
      : stringify(data, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
}

/** Columns padded to their widest cell, two spaces apart, in the manner of kubectl. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [head, ...rows].map((row) => `${line(row)}\n`).join("");
}

type Style = "red" | "yellow" | "green" | "dim" | "bold";

/** What matters of a stream here: whether somebody looks at it. */
export type Terminal = Pick<NodeJS.WriteStream, "isTTY">;

/** The text in a style, where `stream` is a terminal and NO_COLOR is not set. */
export function paint(style: Style, text: string, stream: Terminal): string {
  return stream.isTTY && !process.env["NO_COLOR"] ? styleText(style, text, { validateStream: false }) : text;
}
