/** Manifests are read as kubectl reads them, and what does not change keeps its spelling. */
import { expect, test } from "vitest";
import { parseManifest, rewriteManifest } from "../../src/inject/manifest-yaml.ts";

function rewrite(text: string, change: (value: Record<string, unknown>) => unknown): string {
  const document = parseManifest(text);
  expect(document.errors).toEqual([]);
  const value = document.toJS() as Record<string, unknown>;
  return rewriteManifest(document, value, change(value));
}

test("kubectl's numbers and booleans", () => {
  const text = "a: 0644\nb: yes\nc: 1_000\nd: 2024-01-01\ne: 1:30\nf: 0x1F\ng: ~\n'on': off\ny: n\n";
  expect(parseManifest(text).toJS()).toEqual({
    a: 0o644,
    b: true,
    c: 1000,
    d: "2024-01-01",
    e: "1:30",
    f: 31,
    g: null,
    on: false,
    y: false,
  });
});

test("what does not change keeps its comments, quotes and digits", () => {
  const text = `# first
a: 0644 # octal
b: yes
c: "yes"
d: 12345678901234567890
e: 1.20
list:
  # of x
  - x
  - 'y'
long: ${"word ".repeat(40).trim()}
`;
  expect(rewrite(text, (value) => ({ ...value, added: "no", list: ["w", "x", "y"] }))).toBe(
    text.replace("  # of x\n  - x", "  - w\n  # of x\n  - x") + 'added: "no"\n',
  );
});

test("text that kubectl would read as something else is put in quotes", () => {
  const texts = ["yes", "on", "n", "0644", "1_000", "1e3", "0x1f", "null", "~", "true", "1.5", ""];
  const written = rewrite("a: 1\n", () => ({ a: texts }));
  expect(written).toBe(`a:\n${texts.map((text) => `  - ${JSON.stringify(text)}\n`).join("")}`);
});

test("what is added stands in lines of its own, also between braces", () => {
  expect(rewrite("a: { b: { c: 1 }, d: { e: 2 } }\n", () => ({ a: { b: { c: 1 }, d: { e: 2, f: [3] } } }))).toBe(
    "a:\n  b: { c: 1 }\n  d:\n    e: 2\n    f:\n      - 3\n",
  );
});

test("fields and items that go and change", () => {
  const text = "a:\n  - 1\n  - 2 # two\n  - 3\nb: 1\nc/~d: 0644\n";
  expect(rewrite(text, () => ({ a: [2, 3], "c/~d": 7 }))).toBe("a:\n  - 2 # two\n  - 3\nc/~d: 7\n");
});

test("what an alias stands for changes in one place only", () => {
  const text = "base: &base { x: 1 }\nuse: *base\nmerged: { <<: *base, y: 0644 }\n";
  const written = rewrite(text, (value) => ({ ...value, use: { x: 1, z: 2 } }));
  expect(parseManifest(written).toJS()).toEqual({ base: { x: 1 }, use: { x: 1, z: 2 }, merged: { x: 1, y: 0o644 } });
  expect(written).not.toContain("*base");
});

test("a key that only looks like a merge is kept as a key", () => {
  const text = 'a:\n  "<<": 1 # not a merge\n';
  expect(rewrite(text, (value) => ({ ...value, b: { "<<": null } }))).toBe(`${text}b:\n  "<<": null\n`);
  expect(parseManifest(rewrite("a: { '<<': 1 }\n", (value) => ({ ...value, b: 1 }))).toJS()).toEqual({
    a: { "<<": 1 },
    b: 1,
  });
  expect(rewrite("a: 1\n", () => ({ a: 1, "<<": { b: 2 } }))).toBe('a: 1\n"<<":\n  b: 2\n');
});

test("what is merged without an alias can change and go", () => {
  const written = rewrite("a: { <<: { x: 1, y: 2 }, z: 0644 }\n", () => ({ a: { x: 3, z: 0o644 } }));
  expect(parseManifest(written).toJS()).toEqual({ a: { x: 3, z: 0o644 } });
});
