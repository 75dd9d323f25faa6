/**
 * Holds the imports of `src` to the layers of ARCHITECTURE.md. Fails when it has read no module or no import: a check that looks
 * at nothing must not pass.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** What each layer may import, beside itself. `source/…` layers are told apart; `base` and `gen` are open to all. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  gen: [],
  api: [],
  model: ["api"],
  source: ["api", "model"],
  "source/directory": ["source", "api", "model"],
  "source/kubernetes": ["source", "kube", "api", "model"],
  translate: ["model", "api"],
  explain: ["translate", "model", "api"],
  xds: [],
  kube: [],
  identity: ["kube", "api", "model"],
  inject: ["kube", "api", "model"],
  rollout: ["kube", "api", "model"],
  status: ["kube", "api", "model"],
  telemetry: ["xds"],
  admin: ["xds", "model", "api"],
  "control-plane": ["*"],
  cli: ["*"],
};
const OPEN = ["base", "gen"];
/** Layers that are functions of values: no I/O, no clock, no chance. */
const PURE = ["model", "translate", "explain"];
const IMPURE = /\b(Date\.now|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|process\.env)\b/;
const PURE_MODULES = ["node:net", "node:util"];

function layerOf(file: string): string {
  const [first = "", second = ""] = relative(join(root, "src"), file).split("/");
  return first === "source" && /^(directory|kubernetes)$/.test(second) ? `source/${second}` : first;
}

/** All module names that a source imports or re-exports. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm)].map(
    ([, a, b, c]) => (a ?? b ?? c)!,
  );
}

/** Breaches of the rules in one file. */
export function breaches(file: string, text: string): string[] {
  const layer = layerOf(file);
  const allowed = ALLOWED[layer];
  const name = relative(root, file);
  if (!allowed) return [`${name}: ${layer} is no layer; add it to scripts/layers.ts and ARCHITECTURE.md`];
  const found = importsOf(text).flatMap((imported) => {
    if (imported.startsWith("node:")) {
      const impure = PURE.includes(layer) && !PURE_MODULES.includes(imported);
      return impure ? [`${name}: ${layer} is pure and must not import ${imported}`] : [];
    }
    if (!imported.startsWith(".")) return [];
    const target = resolve(dirname(file), imported);
    if (target === join(root, "package.json")) return [];
    const other = layerOf(target);
    const fine = other === layer || OPEN.includes(other) || allowed.includes("*") || allowed.includes(other);
    return fine ? [] : [`${name}: ${layer} must not import ${other} (${imported})`];
  });
  if (
    PURE.includes(layer) ||
    /src\/xds\/(session|compose|verdict|push|silence|subscription|type-state)[^/]*$/.test(file)
  ) {
    const impure = IMPURE.exec(text);
    if (impure) found.push(`${name}: ${impure[0]} in a part that is a function of values`);
  }
  return found;
}

function main(): number {
  const planted = breaches(join(root, "src/model/x.ts"), 'import { a } from "../xds/index.ts";\nDate.now();');
  if (planted.length !== 2) throw new Error("scripts/layers.ts does not find what it is planted");
  const files = globSync("src/**/*.ts", { cwd: root }).filter((file) => !file.startsWith("src/gen/"));
  let imports = 0;
  const found = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    imports += importsOf(text).length;
    return breaches(join(root, file), text);
  });
  if (files.length === 0 || imports === 0) throw new Error("scripts/layers.ts has read no module");
  for (const breach of found) console.log(breach);
  console.log(`${files.length} modules, ${imports} imports`);
  return found.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main();
