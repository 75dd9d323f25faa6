import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linesOf } from "../../src/kube/lines.ts";

async function* inPieces(text: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b);
  for (const [i, from] of places.entries()) yield text.subarray(from, places[i + 1] ?? text.length);
}

async function read(text: string, cuts: readonly number[], limit = 10_000): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(inPieces(Buffer.from(text), cuts), limit)) lines.push(line);
  return lines;
}

describe("lines of a stream", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\n", ""));

  test("are the same wherever the stream is cut, within a character too", () =>
    fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 10 }), fc.array(fc.nat()), async (lines, cuts) => {
        expect(await read(lines.map((text) => `${text}\n`).join(""), cuts)).toEqual(lines);
      }),
    ));

  test("what was cut off at the end is no line", async () => {
    const lines: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const text of linesOf(inPieces(Buffer.from("one\ntw"), [2]), 100)) lines.push(text);
    };
    await expect(reading()).rejects.toThrow("the stream ended within a line");
    expect(lines).toEqual(["one"]);
  });

  test("a line has a greatest length, and is not kept beyond it", async () => {
    expect(await read(`${"x".repeat(90)}\n${"y".repeat(90)}\n`, [50, 100, 150], 100)).toHaveLength(2);
    const cuts = Array.from({ length: 20 }, (_, i) => i * 10);
    await expect(read("x".repeat(200), cuts, 100)).rejects.toThrow("a line is longer than 100 bytes");
  });
});
