import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { captureRules, type CaptureOptions, DEFAULT_CAPTURE } from "../../src/inject/iptables.ts";

const GOLDEN = join(import.meta.dirname, "../golden/inject");
const EXCLUSIONS: CaptureOptions = {
  ...DEFAULT_CAPTURE,
  uid: 2000,
  outboundPort: 16_001,
  inboundPort: 16_006,
  excludeInboundPorts: [9901, 15_021],
  excludeOutboundPorts: [3306],
  excludeOutboundCidrs: ["10.1.0.0/16", "169.254.169.254/32"],
};

const INCLUSIONS: CaptureOptions = {
  ...DEFAULT_CAPTURE,
  includeInboundPorts: [8080, 8081],
  excludeInboundPorts: [8081, 15_021],
  includeOutboundCidrs: ["10.0.0.0/8", "192.168.7.0/24"],
  excludeOutboundPorts: [3306],
  excludeOutboundCidrs: ["10.1.0.0/16"],
};

describe("the rules as text", () => {
  test("by default", async () => {
    await expect(captureRules()).toMatchFileSnapshot(join(GOLDEN, "capture-default.rules"));
  });

  test("of some ports and addresses only", async () => {
    await expect(captureRules(INCLUSIONS)).toMatchFileSnapshot(join(GOLDEN, "capture-inclusions.rules"));
  });

  test("with ports and addresses left out", async () => {
    await expect(captureRules(EXCLUSIONS)).toMatchFileSnapshot(join(GOLDEN, "capture-exclusions.rules"));
  });
});

/** What decides over a connection: the first rule of the chain that matches. */
interface Packet {
  /** It goes out over loopback. */
  readonly loopback?: boolean;
  readonly source?: string;
  readonly target: string;
  readonly port: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Does the option at `index` of a rule hold for the packet? Throws for an option that it does not know. */
function holds(option: string, value: string, packet: Packet): boolean {
  switch (option) {
    case "-o":
      return value === "lo" && packet.loopback === true;
    case "-s":
      return inside(packet.source ?? "10.0.0.1", value);
    case "-d":
      return inside(packet.target, value);
    case "--dport":
      return packet.port === Number(value);
    case "--uid-owner":
      return packet.uid === Number(value);
    case "--gid-owner":
      return packet.gid === Number(value);
    case "-p":
    case "-m":
      return true;
    default:
      throw new Error(`the model of iptables does not know ${option}`);
  }
}

function inside(address: string, cidr: string): boolean {
  const [network = "", length = "32"] = cidr.split("/");
  const shift = 2 ** (32 - Number(length));
  const number = (text: string): number => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return Math.floor(number(address) / shift) === Math.floor(number(network) / shift);
}

/** Follows a packet through one chain: the port it is redirected to, or `"direct"`. */
function follow(rules: string, chain: "HEDDLE_INBOUND" | "HEDDLE_OUTPUT", packet: Packet): number | "direct" {
  for (const line of rules.split("\n")) {
    const words = line.split(" ");
    if (words[0] !== "-A" || words[1] !== chain) continue;
    const jump = words.indexOf("-j");
    let matches = true;
    for (let i = 2, negated = false; i < jump; i++) {
      if (words[i] === "!") {
        negated = true;
        continue;
      }
      // "-m owner ! --uid-owner 1": the sign may stand before any option.
      const option = words[i]!;
      matches &&= holds(option, words[++i]!, packet) !== negated;
      negated = false;
    }
    if (!matches) continue;
    return words[jump + 1] === "REDIRECT" ? Number(words[jump + 3]) : "direct";
  }
  return "direct";
}

describe("where a connection goes", () => {
  const app = { uid: 1000, gid: 1000 };
  const sidecar = { uid: 1337, gid: 1337 };
  const out: readonly [string, Packet, number | "direct"][] = [
    ["the application calls a service", { ...app, target: "10.96.0.1", port: 80 }, 15_001],
    ["the sidecar calls another pod", { ...sidecar, target: "10.77.0.9", port: 80 }, "direct"],
    ["a process of the sidecar's group only", { uid: 1000, gid: 1337, target: "10.77.0.9", port: 80 }, "direct"],
    ["the application calls localhost", { ...app, loopback: true, target: "127.0.0.1", port: 80 }, "direct"],
    ["the application calls its own pod", { ...app, loopback: true, target: "10.77.0.1", port: 80 }, "direct"],
    ["the sidecar calls its own pod", { ...sidecar, loopback: true, target: "10.77.0.1", port: 80 }, 15_006],
    ["the sidecar calls localhost", { ...sidecar, loopback: true, target: "127.0.0.1", port: 80 }, "direct"],
    [
      "the sidecar hands over to its application",
      { ...sidecar, loopback: true, source: "127.0.0.6", target: "10.77.0.1", port: 80 },
      "direct",
    ],
  ];
  test.each(out)("out: %s", (_, packet, expected) => {
    expect(follow(captureRules(), "HEDDLE_OUTPUT", packet)).toBe(expected);
  });

  test.each([DEFAULT_CAPTURE, INCLUSIONS, EXCLUSIONS])("datagrams: past the sidecar", (options) => {
    const entries = captureRules(options)
      .split("\n")
      .filter((line) => /^-A [A-Z]+ /.test(line));
    expect(entries).toEqual(["-A PREROUTING -p tcp -j HEDDLE_INBOUND", "-A OUTPUT -p tcp -j HEDDLE_OUTPUT"]);
  });

  test("in: every port but the excluded", () => {
    const rules = captureRules(EXCLUSIONS);
    const to = (port: number): number | "direct" => follow(rules, "HEDDLE_INBOUND", { target: "10.77.0.1", port });
    expect([to(8080), to(9901), to(15_021)]).toEqual([16_006, "direct", "direct"]);
  });

  test("out: not what is excluded by port or address", () => {
    const rules = captureRules(EXCLUSIONS);
    const to = (target: string, port: number): number | "direct" =>
      follow(rules, "HEDDLE_OUTPUT", { ...app, target, port });
    expect(to("10.2.0.1", 80)).toBe(16_001);
    expect(to("10.1.255.1", 80)).toBe("direct");
    expect(to("169.254.169.254", 80)).toBe("direct");
    expect(to("10.2.0.1", 3306)).toBe("direct");
  });

  test("only what is included, and of that not what is excluded", () => {
    const rules = captureRules(INCLUSIONS);
    const into = (port: number): number | "direct" => follow(rules, "HEDDLE_INBOUND", { target: "10.77.0.1", port });
    expect([into(8080), into(8081), into(9090), into(15_021)]).toEqual([15_006, "direct", "direct", "direct"]);
    const to = (target: string, port: number): number | "direct" =>
      follow(rules, "HEDDLE_OUTPUT", { ...app, target, port });
    expect([to("10.2.0.1", 80), to("192.168.7.9", 80)]).toEqual([15_001, 15_001]);
    expect([to("192.168.8.9", 80), to("10.1.2.3", 80), to("10.2.0.1", 3306)]).toEqual(["direct", "direct", "direct"]);
  });
});
