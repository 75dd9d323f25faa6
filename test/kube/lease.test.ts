/** Electors on a real Lease, each on a way of its own that can be cut. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { KubeClient } from "../../src/kube/client.ts";
import { connect } from "../../src/kube/connect.ts";
import { type Election, startElection } from "../../src/kube/lease.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import { type FaultProxy, startFaultProxy } from "../support/kubernetes/fault-proxy.ts";
import { until } from "../support/until.ts";

const LIMIT = 60_000;
const TIMING = { duration: 2000, deadline: 1200, retry: 200 };

let api: ApiServer;
beforeAll(async () => (api = await startApiServer()));
afterAll(() => api?.close());

interface Elector {
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly client: KubeClient;
  readonly election: Election;
}

let electors: Elector[] = [];
let leaders: Set<string>;
/** Who began to lead, in order; and whether there were ever two. */
let terms: string[];
let most: number;
let leases = 0;

beforeEach(async () => {
  [leaders, terms, most] = [new Set(), [], 0];
  leases++;
  electors = await Promise.all(["heddle-0", "heddle-1", "heddle-2"].map(elect));
  await until("somebody leads", LIMIT, () => leaders.size > 0);
});
afterEach(async () => {
  for (const { proxy, election, client } of electors) {
    await election.close();
    client.close();
    await proxy.close();
  }
});

async function elect(name: string): Promise<Elector> {
  const proxy = await startFaultProxy(api);
  const { client } = connect({ kubeconfig: proxy.kubeconfigPath });
  const election = startElection({
    client,
    namespace: "default",
    name: `leader-${leases}`,
    identity: name,
    timing: TIMING,
    onChange(leading) {
      if (leading) leaders.add(name);
      else leaders.delete(name);
      if (leading) terms.push(name);
      most = Math.max(most, leaders.size);
    },
  });
  return { name, proxy, client, election };
}

function leader(): Elector {
  const [name] = leaders;
  return electors.find((elector) => elector.name === name)!;
}

async function lease(): Promise<{ holderIdentity: string; leaseTransitions: number }> {
  const text = await api.kubectl(["get", "lease", `leader-${leases}`, "-o", "json"]);
  return (JSON.parse(text) as { spec: { holderIdentity: string; leaseTransitions: number } }).spec;
}

describe("three electors", () => {
  test("elect one, which stays", async () => {
    await new Promise((resolve) => setTimeout(resolve, TIMING.duration * 2));
    expect([terms.length, most]).toEqual([1, 1]);
    expect(await lease()).toMatchObject({ holderIdentity: leader().name, leaseTransitions: 1 });
  });

  test.each<[string, (proxy: FaultProxy) => void | Promise<void>]>([
    ["refused", (proxy) => proxy.down()],
    ["without an answer", (proxy) => proxy.fault(["get", "write"], { hang: true })],
    ["very slow", (proxy) => proxy.fault(["get", "write"], { delay: 1500 })],
    ["closed to its writes", (proxy) => proxy.fault(["write"], { refuse: 500 })],
  ])(
    "one whose way is %s stops leading, then another leads, and the first one only follows when it is back",
    async (_, cut) => {
      const first = leader();
      await cut(first.proxy);
      await until("another leads", LIMIT, () => terms.length > 1);
      expect(terms).toHaveLength(2);
      expect([first.election.leading, leader() === first, most]).toEqual([false, false, 1]);
      first.proxy.heal();
      await first.proxy.up().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, TIMING.duration));
      expect([terms.length, most]).toEqual([2, 1]);
      expect(await lease()).toMatchObject({ holderIdentity: leader().name, leaseTransitions: 2 });
    },
  );

  test("one that closes gives the lease back at once", async () => {
    const first = leader();
    await first.election.close();
    expect(leaders.size).toBe(0);
    await until("another leads", LIMIT, () => terms.length > 1);
    expect([leader() === first, most]).toEqual([false, 1]);
  });

  test("keep to one over a restart of the API server", async () => {
    await api.restart();
    await until("somebody leads", LIMIT, () => leaders.size > 0);
    await new Promise((resolve) => setTimeout(resolve, TIMING.duration));
    expect([leaders.size, most]).toEqual([1, 1]);
    expect(await lease()).toMatchObject({ holderIdentity: leader().name });
  });
});
