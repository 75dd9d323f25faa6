import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { runScript } from "./session-script.ts";

const folder = join(import.meta.dirname, "../golden/xds");
const scripts = globSync(join(folder, "*.txt")).sort();

describe("scripted sessions", () => {
  test("there are scripts", () => expect(scripts.length).toBeGreaterThan(5));

  test.each(scripts.map((file) => [basename(file), file]))("%s", async (_, file) => {
    await expect(runScript(readFileSync(file, "utf8"))).toMatchFileSnapshot(file);
  });
});
