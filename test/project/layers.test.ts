import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { breaches } from "../../scripts/layers.ts";

const root = resolve(import.meta.dirname, "../..");

function breachesOf(file: string, text: string): string[] {
  return breaches(join(root, file), text);
}

describe("imports between layers", () => {
  test.each([
    ["src/model/a.ts", 'import { x } from "../api/service.ts";'],
    ["src/model/a.ts", 'import { x } from "../base/hash.ts";'],
    ["src/translate/a.ts", 'import { x } from "../gen/envoy/a_pb.ts";\nimport { y } from "../model/build.ts";'],
    ["src/xds/a.ts", 'import { createServer } from "node:http2";'],
    ["src/source/directory/a.ts", 'import { x } from "../catalog.ts";'],
    ["src/control-plane/a.ts", 'import { x } from "../xds/index.ts";'],
    ["src/cli/a.ts", 'import manifest from "../../package.json" with { type: "json" };'],
  ])("%s may: %s", (file, text) => expect(breachesOf(file, text)).toEqual([]));

  test.each([
    ["src/model/a.ts", 'import { x } from "../xds/index.ts";', "model must not import xds"],
    ["src/model/a.ts", 'import type { X } from "../translate/a.ts";', "model must not import translate"],
    ["src/xds/a.ts", 'import {\n  x,\n  y,\n} from "../model/build.ts";', "xds must not import model"],
    ["src/xds/a.ts", 'export { x } from "../api/service.ts";', "xds must not import api"],
    ["src/xds/a.ts", 'export * from "../api/service.ts";', "xds must not import api"],
    ["src/base/a.ts", 'import "../cli/main.ts";', "base must not import cli"],
    ["src/api/a.ts", 'const x = await import("../model/build.ts");', "api must not import model"],
    [
      "src/translate/a.ts",
      'import { x } from "../control-plane/config.ts";',
      "translate must not import control-plane",
    ],
    ["src/source/directory/a.ts", 'import { x } from "../kubernetes/a.ts";', "must not import source/kubernetes"],
    ["src/new-layer/a.ts", "", "new-layer is no layer"],
  ])("%s may not: %s", (file, text, expected) => {
    expect(breachesOf(file, text)).toEqual([expect.stringContaining(expected)]);
  });
});

describe("parts that are functions of values", () => {
  test.each([
    ["src/model/a.ts", 'import { readFileSync } from "node:fs";'],
    ["src/translate/a.ts", "const now = Date.now();"],
    ["src/translate/a.ts", "const chance = Math.random();"],
    ["src/xds/session-delta.ts", "setTimeout(run, 5);"],
    ["src/xds/verdict.ts", "const home = process.env;"],
  ])("%s may not: %s", (file, text) => expect(breachesOf(file, text)).toHaveLength(1));

  test("what is not one of them may read the clock", () => {
    expect(breachesOf("src/xds/stream.ts", "const now = Date.now();")).toEqual([]);
  });
});

/** What is run when a module is imported: `import type` vanishes, a dynamic import does not. */
function runtimeImports(text: string): string[] {
  const pattern = /^(?:import|export)\s+(?!type\b)[^;]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(pattern)].flatMap(([, a, b, c]) => a ?? b ?? c ?? []);
}

/** Effects of a module, each by the import that brings it in. */
const EFFECT =
  /\b(?:Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|set(?:Timeout|Interval|Immediate)|performance\.now|process\.env|fetch)\b/;
const EFFECT_MODULE =
  /^(?:node:(?:fs|fs\/promises|http|https|http2|tls|dns|child_process|timers|timers\/promises|os|worker_threads)|@grpc\/grpc-js|pino|hono|@hono\/.*)$/;

interface Walk {
  readonly visited: ReadonlySet<string>;
  readonly effects: readonly string[];
}

/** Follows imports through whatever layer they lead, from the files given; the generated API is data. */
function walk(files: readonly string[], read: (file: string) => string): Walk {
  const visited = new Set<string>();
  const effects: string[] = [];
  const open = files.map((file) => ({ file, path: file }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { file, path } = next;
    if (visited.has(file)) continue;
    visited.add(file);
    const text = read(file).replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
    const effect = EFFECT.exec(text);
    if (effect) effects.push(`${path}: ${effect[0]}`);
    for (const name of runtimeImports(text)) {
      if (EFFECT_MODULE.test(name)) effects.push(`${path}: ${name}`);
      if (!name.startsWith(".") || !name.endsWith(".ts")) continue;
      const target = relative(root, resolve(root, dirname(file), name));
      if (!target.startsWith("src/gen/")) open.push({ file: target, path: `${path} → ${target}` });
    }
  }
  return { visited, effects };
}

describe("purity reaches through imports", () => {
  const readSource = (file: string): string => readFileSync(join(root, file), "utf8");
  const parts = ["src/model/**/*.ts", "src/translate/**/*.ts", "src/xds/session*.ts"];

  test.each(parts)("nothing that %s imports has effects", (pattern) => {
    const files = globSync(pattern, { cwd: root });
    expect(files.length, "files read").toBeGreaterThan(2);
    const { visited, effects } = walk(files, readSource);
    expect([...visited]).toEqual(expect.arrayContaining(files));
    expect(effects).toEqual([]);
  });

  test("the walk leaves the parts that it begins with", () => {
    const { visited } = walk(globSync(parts[0]!, { cwd: root }), readSource);
    expect([...visited].some((file) => file.startsWith("src/base/"))).toBe(true);
  });

  test("an effect two imports away is found, and by which way", () => {
    const sources: Readonly<Record<string, string>> = {
      "src/model/a.ts": 'import { b } from "../base/b.ts";\nimport type { T } from "../base/typed.ts";',
      "src/base/b.ts": 'export { c } from "./c.ts";',
      "src/base/c.ts": "// Date.now in a comment\nexport const c = Math.random();",
      "src/base/typed.ts": "export const t = Date.now();",
    };
    const { effects } = walk(["src/model/a.ts"], (file) => sources[file] ?? "");
    expect(effects).toEqual(["src/model/a.ts → src/base/b.ts → src/base/c.ts: Math.random"]);
  });
});
