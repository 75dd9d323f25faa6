/** The table that a demo prints: a row a check, with what was expected, what was measured and a verdict. */
import { styleText } from "node:util";

export interface Check {
  readonly what: string;
  readonly expected: string;
  readonly measured: string;
  readonly ok: boolean;
  /** Why it failed; shown below the table. */
  readonly reason?: string;
}

const WIDTHS = { what: 46, expected: 30, measured: 40 };

export interface Report {
  readonly rows: readonly Check[];
  heading(text: string): void;
  /** Prints the row at once, so that a viewer sees the demo go on. */
  row(check: Check): void;
  /** Prints the reasons of failures and the summary; true when every check passed. */
  finish(): boolean;
}

/** @param print takes one line; standard output by default */
export function createReport(print: (line: string) => void = (line) => console.log(line)): Report {
  const rows: Check[] = [];
  const colour = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const paint = (style: "green" | "red" | "bold" | "dim", text: string): string =>
    colour ? styleText(style, text) : text;
  let headed = false;

  const line = (cells: { what: string; expected: string; measured: string }): string =>
    `${cells.what.padEnd(WIDTHS.what)}  ${cells.expected.padEnd(WIDTHS.expected)}  ${cells.measured.padEnd(WIDTHS.measured)}`;

  return {
    rows,
    heading: (text) => print(`\n${paint("bold", text)}`),
    row(check) {
      if (!headed)
        print(paint("dim", `${line({ what: "CHECK", expected: "EXPECTED", measured: "MEASURED" })}  VERDICT`));
      headed = true;
      rows.push(check);
      print(`${line(check)}  ${check.ok ? paint("green", "ok") : paint("red", "FAILED")}`);
    },
    finish() {
      const failed = rows.filter(({ ok }) => !ok);
      print("");
      for (const { what, expected, measured, reason } of failed) {
        print(paint("red", `FAILED  ${what}: expected ${expected}, measured ${measured}`));
        if (reason) print(reason.replace(/^/gm, "        "));
      }
      print(`${rows.length - failed.length} of ${rows.length} checks passed`);
      return failed.length === 0 && rows.length > 0;
    },
  };
}
