import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { parse, type Document } from "yaml";
import { formatDiagnostic, formatRef } from "../base/diagnostic.ts";
import { HeddleError, messageOf } from "../base/errors.ts";
import { injectManifest } from "../inject/manifest.ts";
import { parseManifest, rewriteManifest } from "../inject/manifest-yaml.ts";
import { injectorSettings, type InjectorSettings } from "../inject/settings.ts";
import { splitDocuments, type DocumentText } from "../source/directory/documents.ts";
import { EXIT } from "./exit.ts";
import { formatOption, type Format, paint } from "./output.ts";

interface Options {
  readonly filename: readonly string[];
  readonly settings?: string;
  readonly output: Format;
}

export function injectCommand(): Command {
  return new Command("inject")
    .description("Put the sidecar into manifests, as the injector does in a cluster.")
    .requiredOption("-f, --filename <path...>", "manifests: files, folders, or - for standard input")
    .option("--settings <file>", "the injector's settings (default: its defaults)")
    .addOption(formatOption("yaml"))
    .addHelpText(
      "after",
      "\nExit codes: 0 all is injected that can be, 1 something is wrong with a manifest.\n\nExample:\n  heddle inject -f deployment.yaml | kubectl apply -f -\n",
    )
    .action(async ({ filename, settings, output }: Options) => {
      const chosen = await readSettings(settings);
      const results = filename.flatMap(filesOf).flatMap((file) => injectFile(file, chosen));
      const objects = results.map(({ object }) => object);
      process.stdout.write(
        output === "json"
          ? `${JSON.stringify(objects.length === 1 ? objects[0] : list(objects), undefined, 2)}\n`
          : results.map(({ text }) => text).join("---\n"),
      );
      process.exitCode = results.every(({ fine }) => fine) ? EXIT.ok : EXIT.findings;
    });
}

interface Result {
  readonly object: unknown;
  readonly text: string;
  readonly fine: boolean;
}

function list(items: readonly unknown[]): unknown {
  return { apiVersion: "v1", kind: "List", items };
}

function filesOf(path: string): readonly string[] {
  try {
    if (path === "-" || !statSync(path).isDirectory()) return [path];
    const names = readdirSync(path, { recursive: true, encoding: "utf8" });
    return names
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function injectFile(file: string, settings: InjectorSettings): readonly Result[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw unreadable(file, cause);
  }
  return splitDocuments(text).flatMap((document) => injectDocument(file, document, settings));
}

function injectDocument(
  file: string,
  { text: marked, linesBefore }: DocumentText,
  settings: InjectorSettings,
): readonly Result[] {
  // The marks between documents are written anew.
  const bare = marked.replace(/^---/, "");
  const document = parseManifest(bare);
  const [error] = document.errors;
  if (error) {
    const line = linesBefore + bare.slice(0, error.pos[0]).split("\n").length;
    throw new HeddleError("SOURCE_UNREADABLE", `${file}:${line} is not valid YAML: ${error.message}`);
  }
  const value = plain(file, document);
  if (value === null || value === undefined) return [];
  const injected = injectValue(value, settings);
  const written = injected.object === value ? bare : rewriteManifest(document, value, injected.object);
  const text = written.replace(/^(?:[ \t]*\r?\n)+/, "");
  return [{ ...injected, text: text.endsWith("\n") ? text : `${text}\n` }];
}

function plain(file: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function injectValue(value: unknown, settings: InjectorSettings): Omit<Result, "text"> {
  const items = itemsOf(value);
  if (items) {
    const results = items.map((item) => injectValue(item, settings));
    const changed = results.some(({ object }, index) => object !== items[index]);
    const object = changed ? { ...(value as object), items: results.map((result) => result.object) } : value;
    return { object, fine: results.every(({ fine }) => fine) };
  }
  const result = injectManifest(value, settings);
  switch (result.outcome) {
    case "other":
      return { object: value, fine: true };
    case "injected":
      note(`${formatRef(result.ref)}: injected`);
      return { object: result.object, fine: true };
    case "skipped":
      note(`${formatRef(result.ref)}: skipped: ${result.reason}`);
      return { object: value, fine: true };
    case "refused":
      for (const diagnostic of result.diagnostics) note(paint("red", formatDiagnostic(diagnostic), process.stderr));
      return { object: value, fine: false };
  }
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { kind, items } = value as { readonly kind?: unknown; readonly items?: unknown };
  return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items) ? items : undefined;
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function readSettings(file: string | undefined): Promise<InjectorSettings> {
  if (file === undefined) return injectorSettings.parse({});
  let value: unknown;
  try {
    value = parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw unreadable(file, cause);
  }
  const parsed = injectorSettings.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new HeddleError("SOURCE_UNREADABLE", `${file}: ${issues.join("; ")}`);
}

function unreadable(path: string, cause: unknown): HeddleError {
  return new HeddleError("SOURCE_UNREADABLE", `cannot read ${path}: ${messageOf(cause)}`, { cause });
}
