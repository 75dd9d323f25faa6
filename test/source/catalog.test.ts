import { describe, expect, test } from "vitest";
import { ABSENT, assemble, nextVersion, withdrawalDue, type FileVersion } from "../../src/source/directory/catalog.ts";
import { parseManifests } from "../../src/source/directory/parse.ts";

const service = (name: string, port = 80): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: ${port} }] }\n---\n`;
const BROKEN_A = "apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: 1\n---\n";
const SETTLE = 100;

/** Plays versions of one file, given as [time, text]; undefined is no file. */
function play(...steps: [now: number, text: string | undefined][]): FileVersion {
  let version: FileVersion | undefined;
  for (const [now, text] of steps) {
    const parsed = text === undefined ? ABSENT : parseManifests("f.yaml", text);
    version = nextVersion(parsed, version, { now, settle: SETTLE });
  }
  return version!;
}

/** What is in force, as `name:port`. */
function inForce(version: FileVersion): readonly string[] {
  const { objects } = assemble(new Map([["f.yaml", version]]), []);
  return [...objects.Service.values()].map(({ object }) => `${object.meta.name}:${object.ports[0]!.port}`).sort();
}

describe("the last good version", () => {
  test.each<[string, [number, string | undefined][], string[]]>([
    [
      "stays while the document is broken",
      [
        [0, service("a")],
        [1, BROKEN_A],
      ],
      ["a:80"],
    ],
    [
      "stays however long",
      [
        [0, service("a")],
        [1, BROKEN_A],
        [99_999, BROKEN_A],
      ],
      ["a:80"],
    ],
    [
      "gives way to the mended one",
      [
        [0, service("a")],
        [1, BROKEN_A],
        [2, service("a", 81)],
      ],
      ["a:81"],
    ],
    [
      "is not touched by siblings",
      [
        [0, service("a") + service("b")],
        [1, BROKEN_A + service("b", 81)],
      ],
      ["a:80", "b:81"],
    ],
    [
      "stays while the whole file is no YAML",
      [
        [0, service("a") + service("b")],
        [1, "{{"],
      ],
      ["a:80", "b:80"],
    ],
    [
      "stays while a broken document cannot be told by name",
      [
        [0, service("a") + service("b")],
        [1, `kind: "\n---\n${service("b")}`],
        [999, `kind: "\n---\n${service("b")}`],
      ],
      ["a:80", "b:80"],
    ],
    [
      "goes with its document, though another is broken",
      [
        [0, service("a") + service("b")],
        [1, BROKEN_A],
        [101, BROKEN_A],
      ],
      ["a:80"],
    ],
    [
      "goes when the broken document is deleted",
      [
        [0, service("a")],
        [1, BROKEN_A],
        [2, ""],
        [102, ""],
      ],
      [],
    ],
    [
      "goes with its file",
      [
        [0, service("a")],
        [1, undefined],
        [101, undefined],
      ],
      [],
    ],
    [
      "is the first of two definitions",
      [
        [0, service("a", 1) + service("a", 2)],
        [1, "{{"],
      ],
      ["a:1"],
    ],
    ["never was", [[0, BROKEN_A]], []],
  ])("%s", (_, steps, expected) => {
    expect(inForce(play(...steps))).toEqual(expected);
  });
});

describe("what is gone is withdrawn after a while", () => {
  test("not at once: a file being replaced is empty for a moment", () => {
    const version = play([0, service("a")], [10, ""]);
    expect(inForce(version)).toEqual(["a:80"]);
    expect(withdrawalDue(version, SETTLE)).toBe(110);
    expect(inForce(play([0, service("a")], [10, ""], [109, ""]))).toEqual(["a:80"]);
    expect(inForce(play([0, service("a")], [10, ""], [110, ""]))).toEqual([]);
  });
  test("changes to the rest of the file do not put it off", () => {
    const version = play(
      [0, service("a") + service("b")],
      [10, service("b", 81)],
      [60, service("b", 82)],
      [110, service("b", 83)],
    );
    expect(inForce(version)).toEqual(["b:83"]);
  });
  test("what comes back in time was never gone", () => {
    const version = play([0, service("a")], [10, ""], [20, service("a", 81)], [200, service("a", 81)]);
    expect(inForce(version)).toEqual(["a:81"]);
    expect(withdrawalDue(version, SETTLE)).toBe(Infinity);
  });
});

describe("several files", () => {
  const files = (...texts: [string, string][]): Map<string, FileVersion> =>
    new Map(
      texts.map(([file, text]) => [file, nextVersion(parseManifests(file, text), undefined, { now: 0, settle: 0 })]),
    );

  test("the first by path is in force, the other is told", () => {
    const state = assemble(files(["b.yaml", service("a", 2)], ["a.yaml", service("a", 1)]), []);
    expect(state.objects.Service.get("default/a")!.object.ports[0]!.port).toBe(1);
    expect(state.diagnostics).toMatchObject([{ code: "HED1008", place: { file: "b.yaml", line: 1 } }]);
    expect(state.diagnostics[0]!.message).toContain("a.yaml:1");
  });
  test("twice in one file: the first is in force", () => {
    const state = assemble(files(["a.yaml", service("a", 1) + service("a", 2)]), []);
    expect(state.objects.Service.get("default/a")!.object.ports[0]!.port).toBe(1);
    expect(state.diagnostics).toMatchObject([{ code: "HED1008", place: { file: "a.yaml", line: 6 } }]);
  });
  test("a good version elsewhere goes before one only held, without complaint", () => {
    const version = play([0, service("a", 1)], [1, ""]);
    const state = assemble(new Map([...files(["z.yaml", service("a", 2)]), ["a.yaml", version]]), []);
    expect(state.objects.Service.get("default/a")!.object.ports[0]!.port).toBe(2);
    expect(state.diagnostics).toEqual([]);
  });
  test("kinds that are not read are counted", () => {
    const secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\n---\n";
    expect(assemble(files(["a.yaml", secret + secret]), []).ignored).toEqual(new Map([["v1 Secret", 2]]));
  });
});
