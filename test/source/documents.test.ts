import { expect, test } from "vitest";
import { splitDocuments } from "../../src/source/directory/documents.ts";

test.each<[string, string, [string, number][]]>([
  ["one", "a: 1\n", [["a: 1\n", 0]]],
  [
    "several",
    "a: 1\n---\nb: 2\n",
    [
      ["a: 1\n", 0],
      ["---\nb: 2\n", 1],
    ],
  ],
  ["empty ones and comments do not count", "---\n---\n# only\n\n---\nb: 2", [["---\nb: 2", 4]]],
  ["content behind the marker", "--- {a: 1}\n", [["--- {a: 1}\n", 0]]],
  ["a comment behind the marker", "--- # x\na: 1\n", [["--- # x\na: 1\n", 0]]],
  [
    "carriage returns",
    "a: 1\r\n---\r\nb: 2\r\n",
    [
      ["a: 1\r\n", 0],
      ["---\r\nb: 2\r\n", 1],
    ],
  ],
  [
    "an end marker",
    "a: 1\n...\nb: 2\n",
    [
      ["a: 1\n", 0],
      ["\nb: 2\n", 1],
    ],
  ],
  ["directives", "%YAML 1.2\n---\na: 1\n", [["---\na: 1\n", 1]]],
  [
    "no marker inside a line or a longer word",
    "a: ---\nb: |\n  ---\n----: 1\n",
    [["a: ---\nb: |\n  ---\n----: 1\n", 0]],
  ],
  ["nothing", "", []],
])("%s", (_, text, documents) => {
  expect(splitDocuments(text)).toEqual(documents.map(([part, linesBefore]) => ({ text: part, linesBefore })));
});
