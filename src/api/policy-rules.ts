/** What must hold between the fields of a TrafficPolicy. The shapes here are what a rule looks at, not whole types. */
import { closest } from "./suggest.ts";
import type { FieldPath } from "../base/field-path.ts";
import { regexProblem } from "../base/regex.ts";
import { repeated, type Breach, type Rule } from "./rule.ts";

/** Milliseconds that a retry waits first where `backoff.base` is not given. */
export const DEFAULT_BACKOFF_BASE_MS = 25;
/** Envoy's longest ejection; a base above it makes it refuse the cluster. */
export const MAX_EJECTION_MS = 300_000;

const HERE: readonly Breach[] = [{ path: [] }];

export const positive: Rule<number> = {
  code: "HED1104",
  message: "must be longer than 0s",
  cel: "duration(self) > duration('0s')",
  check: (ms) => (ms > 0 ? [] : HERE),
};

/** Envoy counts in seconds. */
export const wholeSeconds: Rule<number> = {
  code: "HED1208",
  message: "must be whole seconds, 1s at least",
  cel: "duration(self) >= duration('1s') && duration(self).getMilliseconds() % 1000 == 0",
  check: (ms) => (ms >= 1000 && ms % 1000 === 0 ? [] : HERE),
};

/** The group may be left out; it is no choice. */
export const groupOfKind: Rule<{ readonly group?: string | undefined; readonly kind: string }> = {
  code: "HED1104",
  message: "must be the kind's own group: nothing for Service, heddle.dev for ExternalService",
  cel: "!has(self.group) || self.group == (self.kind == 'Service' ? '' : 'heddle.dev')",
  check: ({ group, kind }) =>
    group === undefined || group === (kind === "Service" ? "" : "heddle.dev") ? [] : [{ path: ["group"] }],
};

export const ejectionTime: Rule<number> = {
  code: "HED1208",
  message: "must be at most 300s",
  cel: "duration(self) <= duration('300s')",
  check: (ms) => (ms <= MAX_EJECTION_MS ? [] : HERE),
};

/** Only the control plane checks this one: CEL cannot compile a pattern to see whether it is valid. */
export const regex: Rule<{ readonly regex?: string | undefined }> = {
  code: "HED1206",
  message: "must be a regular expression in RE2 syntax",
  check({ regex: pattern }) {
    const problem = pattern === undefined ? undefined : regexProblem(pattern);
    return problem === undefined ? [] : [{ path: ["regex"], detail: `this one ${problem}` }];
  },
};

export const absolutePath: Rule<{ readonly exact?: string | undefined; readonly prefix?: string | undefined }> = {
  code: "HED1209",
  message: "must start with / and hold no ? or #",
  cel: "(!has(self.exact) || self.exact.matches('^/[^?#\\n]*$')) && (!has(self.prefix) || self.prefix.matches('^/[^?#\\n]*$'))",
  check: (path) =>
    (["exact", "prefix"] as const).flatMap((key) => {
      const given = path[key];
      return given === undefined || /^\/[^?#\n]*$/.test(given)
        ? []
        : [{ path: [key], detail: `it is ${JSON.stringify(given)}` }];
    }),
};

export const grpcAlone: Rule<{ readonly grpc?: unknown; readonly path?: unknown; readonly method?: unknown }> = {
  code: "HED1222",
  message: "must not have path or method beside grpc, which says both",
  cel: "!has(self.grpc) || (!has(self.path) && !has(self.method))",
  check(given) {
    if (given.grpc === undefined) return [];
    return (["path", "method"] as const).filter((key) => given[key] !== undefined).map((key) => ({ path: [key] }));
  },
};

interface BackendShape {
  readonly subset?: string | undefined;
  readonly service?: string | undefined;
  readonly port?: number | undefined;
}

export const backend: readonly Rule<BackendShape>[] = [
  {
    code: "HED1202",
    message: "must name a subset of the target, or a service and its port",
    cel: "has(self.subset) || has(self.service)",
    check: ({ subset, service }) => (subset === undefined && service === undefined ? HERE : []),
  },
  {
    code: "HED1202",
    message: "must have service and port together",
    cel: "has(self.service) == has(self.port)",
    check: ({ service, port }) => {
      if ((service === undefined) === (port === undefined)) return [];
      return [
        service === undefined
          ? { path: ["port"], detail: "there is no service" }
          : { path: ["service"], detail: "there is no port" },
      ];
    },
  },
];

export const backoff: Rule<{ readonly base?: number | undefined; readonly max?: number | undefined }> = {
  code: "HED1208",
  message: "must have a max that is not below base, which is 25ms where not given",
  cel: "!has(self.max) || duration(self.max) >= (has(self.base) ? duration(self.base) : duration('25ms'))",
  check: ({ base = DEFAULT_BACKOFF_BASE_MS, max }) => (max === undefined || max >= base ? [] : [{ path: ["max"] }]),
};

export const labelCount: Rule<Readonly<Record<string, string>>> = {
  code: "HED1104",
  message: "must name 1 to 16 pod labels",
  cel: "self.size() >= 1 && self.size() <= 16",
  check: (labels) => (Object.keys(labels).length > 0 && Object.keys(labels).length <= 16 ? [] : HERE),
};

interface CallerShape {
  readonly namespaces?: unknown;
  readonly serviceAccounts?: unknown;
  readonly labels?: unknown;
}

export const someCaller: Rule<CallerShape> = {
  code: "HED1201",
  message: "must have namespaces, serviceAccounts or labels",
  cel: "has(self.namespaces) || has(self.serviceAccounts) || has(self.labels)",
  check: (given) => (Object.values(given).some((value) => value !== undefined) ? [] : HERE),
};

interface WeightedShape extends BackendShape {
  readonly weight?: number | undefined;
}

interface RouteShape {
  readonly name?: string | undefined;
  readonly split?: readonly WeightedShape[] | undefined;
  readonly mirror?: readonly BackendShape[] | undefined;
}

export const splitting: readonly Rule<Pick<RouteShape, "split">>[] = [
  {
    code: "HED1203",
    message: "must have a weight on every entry of split, or on none",
    cel: "!has(self.split) || self.split.all(s, has(s.weight)) || !self.split.exists(s, has(s.weight))",
    check: ({ split = [] }) => {
      const missing = split.flatMap((s, i) => (s.weight === undefined ? [i] : []));
      return missing.length === 0 || missing.length === split.length
        ? []
        : missing.map((i) => ({ path: ["split", i, "weight"], detail: "this entry has none" }));
    },
  },
  {
    code: "HED1203",
    message: "must have weights whose sum is above 0",
    cel: "!has(self.split) || !self.split.exists(s, has(s.weight)) || self.split.exists(s, has(s.weight) && s.weight > 0)",
    check: ({ split = [] }) => {
      const weights = split.flatMap((s) => (s.weight === undefined ? [] : [s.weight]));
      return weights.length === 0 || weights.some((w) => w > 0) ? [] : [{ path: ["split"] }];
    },
  },
  {
    code: "HED1204",
    message: "must not have a backend twice in one split",
    cel:
      "!has(self.split) || self.split.all(a, self.split.exists_one(b, has(a.subset) == has(b.subset) && " +
      "(!has(a.subset) || a.subset == b.subset) && has(a.service) == has(b.service) && " +
      "(!has(a.service) || (a.service == b.service && has(a.port) == has(b.port) && (!has(a.port) || a.port == b.port)))))",
    check: ({ split = [] }) =>
      repeated(split, (s) => JSON.stringify([s.subset, s.service, s.port])).map((i) => ({ path: ["split", i] })),
  },
];

interface StickyShape {
  readonly cookie?: string | undefined;
  readonly ttl?: number | undefined;
  readonly path?: string | undefined;
}

export const givenCookie: Rule<StickyShape> = {
  code: "HED1221",
  message: "must have ttl only with cookie, and path only with ttl",
  cel: "(!has(self.ttl) || has(self.cookie)) && (!has(self.path) || has(self.ttl))",
  check: ({ cookie, ttl, path }) => [
    ...(ttl !== undefined && cookie === undefined ? [{ path: ["ttl"], detail: "there is no cookie" }] : []),
    ...(path !== undefined && ttl === undefined ? [{ path: ["path"], detail: "there is no ttl" }] : []),
  ],
};

interface SpecShape {
  readonly targetRefs: readonly { readonly name: string }[];
  readonly subsets?: readonly { readonly name: string }[] | undefined;
  readonly routes?: readonly RouteShape[] | undefined;
  readonly tcp?: { readonly split: readonly BackendShape[] } | undefined;
}

export const spec: readonly Rule<SpecShape>[] = [
  {
    code: "HED1204",
    message: "must not name a target twice",
    cel: "self.targetRefs.all(a, self.targetRefs.exists_one(b, a.name == b.name))",
    check: ({ targetRefs }) => repeated(targetRefs, (t) => t.name).map((i) => ({ path: ["targetRefs", i, "name"] })),
  },
  {
    code: "HED1204",
    message: "must not have two subsets of one name",
    cel: "!has(self.subsets) || self.subsets.all(a, self.subsets.exists_one(b, a.name == b.name))",
    check: ({ subsets = [] }) => repeated(subsets, (s) => s.name).map((i) => ({ path: ["subsets", i, "name"] })),
  },
  {
    code: "HED1204",
    message: "must not have two routes of one name",
    cel: "!has(self.routes) || self.routes.all(a, !has(a.name) || self.routes.exists_one(b, has(b.name) && a.name == b.name))",
    check: ({ routes = [] }) => repeated(routes, (r) => r.name).map((i) => ({ path: ["routes", i, "name"] })),
  },
  declaredSubset("split"),
  declaredSubset("mirror"),
  {
    code: "HED1205",
    message: "must name in tcp.split only subsets that spec.subsets declares",
    cel:
      "!has(self.tcp) || self.tcp.split.all(b, has(b.service) || !has(b.subset) || " +
      "(has(self.subsets) && self.subsets.exists(s, s.name == b.subset)))",
    check: ({ subsets = [], tcp }) => undeclaredIn(tcp?.split ?? [], subsets, ["tcp", "split"]),
  },
];

/** A subset named without a service is one of the policy's own. */
function declaredSubset(list: "split" | "mirror"): Rule<SpecShape> {
  return {
    code: "HED1205",
    message: `must name in ${list} only subsets that spec.subsets declares`,
    cel:
      `!has(self.routes) || self.routes.all(r, !has(r.${list}) || r.${list}.all(b, has(b.service) || !has(b.subset) || ` +
      "(has(self.subsets) && self.subsets.exists(s, s.name == b.subset))))",
    check: ({ subsets = [], routes = [] }) =>
      routes.flatMap((r, i) => undeclaredIn(r[list] ?? [], subsets, ["routes", i, list])),
  };
}

function undeclaredIn(
  backends: readonly BackendShape[],
  subsets: NonNullable<SpecShape["subsets"]>,
  at: FieldPath,
): readonly Breach[] {
  const declared = subsets.map((s) => s.name);
  return backends.flatMap(({ subset, service }, i) => {
    if (subset === undefined || service !== undefined || declared.includes(subset)) return [];
    return [{ path: [...at, i, "subset"], detail: undeclared(subset, declared) }];
  });
}

function undeclared(name: string, declared: readonly string[]): string {
  const meant = closest(name, declared);
  if (meant !== undefined) return `"${name}" is not declared; did you mean "${meant}"?`;
  return declared.length === 0
    ? `"${name}" is not, none is`
    : `"${name}" is not declared; declared: ${declared.join(", ")}`;
}
