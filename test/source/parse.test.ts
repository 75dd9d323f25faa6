import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { formatDiagnostic } from "../../src/base/diagnostic.ts";
import { placeOf } from "../../src/model/objects.ts";
import { parseManifests, type ParsedFile } from "../../src/source/directory/parse.ts";
import { arbitraryManifests } from "../support/arbitrary-manifests.ts";

const SERVICE = "apiVersion: v1\nkind: Service\nmetadata: { name: NAME }\n";
const service = (name: string): string => SERVICE.replace("NAME", name);

function linesOf(parsed: ParsedFile): readonly string[] {
  return parsed.diagnostics.map(formatDiagnostic);
}

function namesOf(parsed: ParsedFile): readonly string[] {
  return parsed.objects.map(({ object }) => object.meta.name);
}

describe("a broken document is left out alone, with its line", () => {
  test.each([
    ["an open quote", 'x: "open', 'f.yaml:5: HED1001 error: is not valid YAML: Missing closing "quote'],
    ["an open bracket", "x: [1, 2", "HED1001 error: is not valid YAML"],
    [
      "an open quote far above the end",
      "x: 'open\ny: 1\nz: 1",
      "f.yaml:5: HED1001 error: is not valid YAML: Missing closing 'quote",
    ],
    ["a tab", "x:\n\ty: 1", "f.yaml:6: HED1001 error"],
    ["a repeated key", "x: 1\nx: 2", "f.yaml:6: HED1001 error: is not valid YAML: Map keys must be unique"],
    ["no object", "just text", "f.yaml:5: HED1006 error"],
    ["an unknown alias", "x: *nowhere", "HED1001 error: is not valid YAML: Unresolved alias"],
    [
      "a mistake in a field",
      `${service("b")}spec:\n  ports:\n    - port: 80\n    - port: none\n`,
      "f.yaml:11: HED1103 error: Service default/b: spec.ports[1].port: must be a number",
    ],
    [
      "a mistake in a flow field",
      `${service("b")}spec: { ports: [{ port: 0 }] }`,
      "f.yaml:8: HED1104 error: Service default/b: spec.ports[0].port",
    ],
    [
      "a missing field",
      "apiVersion: v1\nkind: Service\nmetadata:\n  namespace: shop\n",
      "f.yaml:7: HED1102 error: Service (unnamed): metadata.name: is required",
    ],
  ])("%s", (_, broken, words) => {
    const parsed = parseManifests("f.yaml", `${service("a")}---\n${broken}\n---\n${service("c")}`);
    expect(namesOf(parsed)).toEqual(["a", "c"]);
    expect(linesOf(parsed)).toHaveLength(1);
    expect(linesOf(parsed)[0]).toContain(words);
  });
});

describe("what a broken document says of itself", () => {
  const flagsOf = (text: string): object => {
    const { broken, unidentified } = parseManifests("f.yaml", text);
    return { broken: [...broken], unidentified };
  };
  test("wrong in a field: it is known", () => {
    expect(flagsOf(`${service("a")}spec: 1`)).toEqual({ broken: ["Service/default/a"], unidentified: false });
  });
  test("wrong in syntax below its name: it is known", () => {
    expect(flagsOf(`${service("a")}spec: { x: "`)).toEqual({ broken: ["Service/default/a"], unidentified: false });
  });
  test("wrong before its name: it is not", () => {
    expect(flagsOf('apiVersion: v1\nkind: "Serv\nmetadata: { name: a }')).toEqual({ broken: [], unidentified: true });
  });
  test("of a misspelled kind: it is not what it says", () => {
    const text = "apiVersion: heddle.dev/v1alpha1\nkind: TraficPolicy\nmetadata: { name: a }";
    expect(flagsOf(text)).toEqual({ broken: [], unidentified: true });
  });
  test("not broken at all", () => {
    expect(flagsOf(service("a"))).toEqual({ broken: [], unidentified: false });
  });
});

describe("YAML as kubectl reads it", () => {
  const label = (value: string): readonly string[] =>
    linesOf(
      parseManifests("f.yaml", `apiVersion: v1\nkind: Namespace\nmetadata: { name: a, labels: { x: ${value} } }`),
    );
  test.each(["yes", "no", "on", "off", "y", "N", "true"])("a plain %s is a boolean", (word) => {
    expect(label(word)[0]).toContain("must be a string, not true or false; write it in quotes");
    expect(label(`"${word}"`)).toEqual([]);
  });
  test("keys are text", () => {
    const text = `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: a }
spec:
  targetRefs: [{ kind: Service, name: a }]
  routes: [{ retries: { attempts: 1, on: [5xx] } }]`;
    expect(parseManifests("f.yaml", text).objects[0]!.object).toMatchObject({
      spec: { routes: [{ retries: { on: ["5xx"] } }] },
    });
  });
  test("anchors and merge keys", () => {
    const text = `apiVersion: v1\nkind: Service\nmetadata: &m { name: a, labels: &l { app: a } }\nspec: { selector: { <<: *l, v: "1" } }`;
    expect(parseManifests("f.yaml", text).objects[0]!.object).toMatchObject({ selector: { app: "a", v: "1" } });
  });
});

describe("lists", () => {
  test("a List is its items, each with its line", () => {
    const text = `apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service, metadata: { name: a } }
  - { apiVersion: apps/v1, kind: Deployment, metadata: { name: d } }
  - apiVersion: v1
    kind: Service
    metadata: { name: b }
    spec:
      ports: [{ port: 99999 }]
`;
    const parsed = parseManifests("f.yaml", text);
    expect(namesOf(parsed)).toEqual(["a"]);
    expect(parsed.objects[0]!.origin!.place.line).toBe(4);
    expect(parsed.ignored).toEqual(["apps/v1 Deployment"]);
    expect(linesOf(parsed)).toEqual([
      "f.yaml:10: HED1104 error: Service default/b: spec.ports[0].port: must be at most 65535, not 99999",
    ]);
  });
  test("a typed list, as `kubectl get -o json` of old wrote it", () => {
    const json = JSON.stringify(
      { apiVersion: "v1", kind: "ServiceList", items: [{ metadata: { name: "a" } }] },
      null,
      2,
    );
    expect(namesOf(parseManifests("f.json", json))).toEqual(["a"]);
  });
});

test("fields know their lines", () => {
  const { objects } = parseManifests(
    "f.yaml",
    `# head\n${service("a")}spec:\n  selector:\n    app: x\n    b.c/d: v\n  ports:\n  - port: 80\n`,
  );
  const { origin } = objects[0]!;
  const lineOf = (path: string): number => placeOf(origin!, path).line;
  expect([
    origin!.place.line,
    lineOf("spec"),
    lineOf("spec.selector.app"),
    lineOf('spec.selector["b.c/d"]'),
    lineOf("spec.ports[0].port"),
  ]).toEqual([2, 5, 7, 8, 10]);
  expect([lineOf("spec.ports[0].name"), lineOf("spec.ports[5]"), lineOf("nothing.here")]).toEqual([10, 9, 2]);
});

describe("hostile text", () => {
  test("aliases that multiply", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(", ")}]`,
    );
    const parsed = parseManifests("f.yaml", `l0: &l0 [x]\n${levels.join("\n")}\n---\n${service("a")}`);
    expect(linesOf(parsed)).toEqual([expect.stringContaining("HED1004 error: has too many aliases")]);
    expect(namesOf(parsed)).toEqual(["a"]);
  });
  test("depth", () => {
    for (const text of [
      "[".repeat(100_000),
      `a: ${"{a: ".repeat(20_000)}`,
      `${"[".repeat(5000)}${"]".repeat(5000)}`,
      `${service("a")}spec: { x: ${"[".repeat(500)}${"]".repeat(500)} }`,
    ]) {
      const parsed = parseManifests("f.yaml", text);
      expect(parsed.diagnostics.length + parsed.objects.length).toBeGreaterThan(0);
    }
  });
  test("very many documents", () => {
    expect(linesOf(parseManifests("f.yaml", "---\na\n".repeat(10_001)))).toEqual([
      "f.yaml:1: HED1002 error: holds 10001 documents; 10000 are allowed",
    ]);
  });
  test("any text at all", () => {
    const pieces = fc.array(
      fc.constantFrom(
        "a",
        ": ",
        "\n",
        "- ",
        "---\n",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "&a ",
        "*a",
        "|\n",
        "> ",
        "#",
        "!!x ",
        "\t",
        "? ",
        "<<",
        "\0",
        "%",
        "...\n",
        "  ",
        "kind: Service\n",
        "apiVersion: v1\n",
        "metadata: ",
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          pieces.map((p) => p.join("")),
        ),
        (text) => void parseManifests("f.yaml", text),
      ),
      { numRuns: 2000 },
    );
  });
});

test("random manifests: every document becomes an object, a diagnostic or an ignored kind, and every diagnostic has a line", () => {
  fc.assert(
    fc.property(arbitraryManifests(8), (manifests) => {
      const texts = manifests.map((manifest) => JSON.stringify(manifest));
      const parsed = parseManifests("f.yaml", texts.join("\n---\n"));
      const lines = parsed.diagnostics.map((d) => d.place!.line);
      const wrong = new Set(lines.map((line) => Math.floor((line - 1) / 2)));
      expect(parsed.objects.length + parsed.ignored.length + wrong.size).toBe(manifests.length);
    }),
    { numRuns: 200 },
  );
});

test("block style and flow style mean the same", () => {
  fc.assert(
    fc.property(arbitraryManifests(4), (manifests) => {
      const plain: unknown[] = JSON.parse(JSON.stringify(manifests));
      for (const manifest of plain) {
        const block = parseManifests("f.yaml", stringify(manifest, { version: "1.1" }));
        const flow = parseManifests("f.yaml", JSON.stringify(manifest));
        expect(block.objects.map((o) => o.object)).toEqual(flow.objects.map((o) => o.object));
      }
    }),
    { numRuns: 100 },
  );
});
