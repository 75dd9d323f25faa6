import { describe, expect, test } from "vitest";
import { configSchema, formatHostPort, parseHostPort } from "../../src/control-plane/config.ts";

describe("addresses", () => {
  test.each([
    ["127.0.0.1:18000", "127.0.0.1", 18_000],
    ["localhost:0", "localhost", 0],
    ["[::1]:65535", "::1", 65_535],
  ])("%s", (text, host, port) => {
    expect(parseHostPort(text)).toEqual({ host, port });
    expect(formatHostPort({ host, port })).toBe(text);
  });

  test.each(["18000", ":18000", "127.0.0.1", "127.0.0.1:65536", "::1:18000", "[localhost]:1", "a:1:2", "a:-1", ""])(
    "%j is none",
    (text) => expect(parseHostPort(text)).toBeUndefined(),
  );
});

describe("the settings of serve", () => {
  test("listen on loopback unless told otherwise", () => {
    expect(configSchema.parse({ source: "dir:manifests" })).toEqual({
      source: { kind: "directory", path: "manifests" },
      xdsAddress: { host: "127.0.0.1", port: 18_000 },
      adminAddress: { host: "127.0.0.1", port: 18_001 },
      clusterDomain: "cluster.local",
      outboundPolicy: "allow-any",
      logLevel: "info",
      namespace: "heddle-system",
      replica: "heddle-0",
      service: "heddle",
      webhookAddress: { host: "127.0.0.1", port: 18_443 },
    });
  });

  test.each([
    [{ source: "manifests" }, '"manifests" must be kubernetes, or dir:PATH for a folder of manifests'],
    [{ source: "dir:" }, '"dir:" must be kubernetes, or dir:PATH for a folder of manifests'],
    [{ source: "dir:a", xdsAddress: "18000" }, '"18000" must be HOST:PORT, such as 127.0.0.1:18000'],
    [{ source: "dir:a", clusterDomain: ".local" }, "must be a DNS name such as cluster.local"],
  ])("%j is refused in words", (input, message) => {
    const parsed = configSchema.safeParse(input);
    expect(parsed.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
