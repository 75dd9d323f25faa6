import fc from "fast-check";
import { expect, test } from "vitest";
import { createDeframer, frame } from "../../src/xds/frame.ts";

const MAX_BYTES = 100;

/** Everything that a deframer makes of pieces, as text. */
function readAll(pieces: readonly Buffer[]): readonly string[] {
  const read: string[] = [];
  const take = createDeframer(MAX_BYTES, (message) => void read.push(String(message)));
  for (const piece of pieces) take(piece);
  return read;
}

test("messages are the same however their bytes are cut", () => {
  const texts = fc.array(fc.string({ maxLength: 20 }), { maxLength: 10 });
  const cuts = fc.array(fc.nat({ max: 250 }), { maxLength: 40 });
  fc.assert(
    fc.property(texts, cuts, (messages, places) => {
      const bytes = Buffer.concat(messages.map((text) => frame([Buffer.from(text)])));
      const ends = [...places.filter((at) => at <= bytes.length), bytes.length].sort((a, b) => a - b);
      const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
      expect(readAll(pieces)).toEqual(messages);
    }),
  );
});

test("byte by byte, and what is not whole yet is waited for", () => {
  const bytes = Buffer.concat([frame([Buffer.from("one")]), frame([]), frame([Buffer.from("two")])]);
  const pieces = [...bytes].map((byte) => Buffer.from([byte]));
  expect(readAll(pieces)).toEqual(["one", "", "two"]);
  expect(readAll(pieces.slice(0, -1))).toEqual(["one", ""]);
});

test.each([
  ["a message that is too large", frame([Buffer.alloc(MAX_BYTES + 1)]), "RESOURCE_EXHAUSTED"],
  ["its header alone", frame([Buffer.alloc(MAX_BYTES + 1)]).subarray(0, 5), "RESOURCE_EXHAUSTED"],
  ["a length of four bytes", Buffer.from([0, 255, 255, 255, 255]), "RESOURCE_EXHAUSTED"],
  ["a message that is compressed", Buffer.from([1, 0, 0, 0, 1, 7]), "INTERNAL"],
])("%s is refused", (_, bytes, code) => {
  expect(() => readAll([bytes])).toThrow(expect.objectContaining({ code }));
  expect(readAll([frame([Buffer.alloc(MAX_BYTES, "x")])])).toEqual(["x".repeat(MAX_BYTES)]);
});
