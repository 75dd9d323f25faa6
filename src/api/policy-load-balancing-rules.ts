/** What must hold between the fields of `loadBalancing`. The shapes here are what a rule looks at, not whole types. */
import { type Breach, repeated, type Rule } from "./rule.ts";

const HERE: readonly Breach[] = [{ path: [] }];

interface HashingShape {
  readonly policy: string;
  readonly hashOn?: unknown;
}

export const hashing: Rule<HashingShape> = {
  code: "HED1207",
  message: "must have hashOn with the policies RingHash and Maglev, and with no other",
  cel: "(has(self.policy) && self.policy in ['RingHash', 'Maglev']) == has(self.hashOn)",
  check: ({ policy, hashOn }) => {
    const hashes = policy === "RingHash" || policy === "Maglev";
    if (hashes === (hashOn !== undefined)) return [];
    return [{ path: hashes ? ["policy"] : ["hashOn"], detail: `policy is ${policy}` }];
  },
};

export const slowStart: Rule<{ readonly policy: string; readonly slowStart?: unknown }> = {
  code: "HED1207",
  message: "must have slowStart only with the policies RoundRobin and LeastRequest",
  cel: "!has(self.slowStart) || !has(self.policy) || self.policy in ['RoundRobin', 'LeastRequest']",
  check: ({ policy, slowStart: given }) =>
    given === undefined || policy === "RoundRobin" || policy === "LeastRequest"
      ? []
      : [{ path: ["slowStart"], detail: `policy is ${policy}` }],
};

export const boundedLoad: Rule<{ readonly policy: string; readonly boundedLoad?: unknown }> = {
  code: "HED1207",
  message: "must have boundedLoad only with the policies RingHash and Maglev",
  cel: "!has(self.boundedLoad) || (has(self.policy) && self.policy in ['RingHash', 'Maglev'])",
  check: ({ policy, boundedLoad: given }) =>
    given === undefined || policy === "RingHash" || policy === "Maglev"
      ? []
      : [{ path: ["boundedLoad"], detail: `policy is ${policy}` }],
};

export const oneLocalityRule: Rule<{ readonly failover?: boolean | undefined; readonly distribute?: unknown }> = {
  code: "HED1220",
  message: "must not have failover: true beside distribute: shares and nearness contradict each other",
  cel: "!has(self.distribute) || !has(self.failover) || !self.failover",
  check: ({ failover, distribute }) => (distribute !== undefined && failover === true ? [{ path: ["failover"] }] : []),
};

export const callers: Rule<{ readonly distribute?: readonly { readonly from: string }[] | undefined }> = {
  code: "HED1204",
  message: "must not have one from twice",
  cel: "!has(self.distribute) || self.distribute.all(a, self.distribute.exists_one(b, a.from == b.from))",
  check: ({ distribute = [] }) =>
    repeated(distribute, ({ from }) => from).map((i) => ({ path: ["distribute", i, "from"] })),
};

interface PlaceShape {
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
}

export const somePlace: Rule<PlaceShape> = {
  code: "HED1201",
  message: "must have region or zone",
  cel: "has(self.region) || has(self.zone)",
  check: ({ region, zone }) => (region === undefined && zone === undefined ? HERE : []),
};

export const places: Rule<readonly PlaceShape[]> = {
  code: "HED1204",
  message: "must not have a place twice",
  cel:
    "self.all(a, self.exists_one(b, has(a.region) == has(b.region) && (!has(a.region) || a.region == b.region) && " +
    "has(a.zone) == has(b.zone) && (!has(a.zone) || a.zone == b.zone)))",
  check: (to) => repeated(to, ({ region, zone }) => JSON.stringify([region, zone])).map((i) => ({ path: [i] })),
};
