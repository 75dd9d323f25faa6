/**
 * What must hold between the fields of a Gateway API route. An API server with its CRDs refuses the same; these are for files of
 * manifests.
 */
import { repeated, type Breach, type Rule } from "./rule.ts";

const HERE: readonly Breach[] = [{ path: [] }];

type Typed = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The field that `type` names is there, and no other that belongs to another type. */
export function ownField(fields: Readonly<Record<string, string>>): Rule<Typed> {
  return {
    code: "HED1250",
    message: "must have the one field that its type names",
    check(value) {
      const own = Object.hasOwn(fields, value.type) ? fields[value.type] : undefined;
      const others = Object.values(fields).filter((field) => field !== own && value[field] !== undefined);
      const foreign = others.map((field) => ({ path: [field], detail: `type is ${value.type}` }));
      if (own === undefined || value[own] !== undefined) return foreign;
      return [{ path: [own], detail: `type is ${value.type}` }, ...foreign];
    },
  };
}

const REPEATABLE: ReadonlySet<string> = new Set(["RequestMirror", "ExtensionRef"]);

export const onlyOnce: Rule<readonly { readonly type: string }[]> = {
  code: "HED1251",
  message: "must not have two filters of one type, nor RequestRedirect beside URLRewrite",
  check(filters) {
    const types = filters.map(({ type }) => type);
    const twice = repeated(filters, ({ type }) => (REPEATABLE.has(type) ? undefined : type));
    const both = types.includes("RequestRedirect") && types.includes("URLRewrite");
    return [...twice.map((index) => ({ path: [index] })), ...(both ? HERE : [])];
  },
};

interface ModifierShape {
  readonly set?: readonly { readonly name: string }[] | undefined;
  readonly add?: readonly { readonly name: string }[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

export const headerOnce: readonly Rule<ModifierShape>[] = (["set", "add"] as const).map((list) => ({
  code: "HED1204",
  message: "must not name a header twice",
  check: (value) => repeated(value[list] ?? [], ({ name }) => name).map((index) => ({ path: [list, index, "name"] })),
}));

export const oneShare = {
  either: {
    code: "HED1201",
    message: "must not have both percent and fraction",
    check: ({ percent, fraction }) => (percent !== undefined && fraction !== undefined ? HERE : []),
  } satisfies Rule<{ readonly percent?: unknown; readonly fraction?: unknown }>,
  fraction: {
    code: "HED1104",
    message: "must have a numerator that is not above the denominator",
    check: ({ numerator, denominator }) => (numerator <= denominator ? [] : HERE),
  } satisfies Rule<{ readonly numerator: number; readonly denominator: number }>,
};

interface PathShape {
  readonly type: string;
  readonly value: string;
}

/** The characters of a path (RFC 3986), without what servers take for a way up or another segment. */
const PLAIN_PATH = /^\/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/;
const WAYS_AROUND = ["//", "/./", "/../", "%2f", "%2F"];

export const gatewayPath: Rule<PathShape> = {
  code: "HED1209",
  message: "must start with / and be a path of plain characters, without //, /./, /../ or %2f in it",
  check({ type, value }) {
    if (type === "RegularExpression") return [];
    const around = WAYS_AROUND.some((way) => value.includes(way)) || value.endsWith("/.") || value.endsWith("/..");
    return PLAIN_PATH.test(value) && !around ? [] : [{ path: ["value"], detail: `it is ${JSON.stringify(value)}` }];
  },
};

interface RuleShape {
  readonly matches: readonly { readonly path?: { readonly type: string } | undefined }[];
  readonly filters: readonly {
    readonly type: string;
    readonly urlRewrite?: PathHolder | undefined;
    readonly requestRedirect?: PathHolder | undefined;
  }[];
  readonly backendRefs: readonly unknown[];
  readonly timeouts?:
    { readonly request?: number | undefined; readonly backendRequest?: number | undefined } | undefined;
}

interface PathHolder {
  readonly path?: { readonly type: string } | undefined;
}

export const httpRule: readonly Rule<RuleShape>[] = [
  {
    code: "HED1213",
    message: "must have exactly one match, by PathPrefix, for ReplacePrefixMatch to replace",
    check({ matches, filters }) {
      const [only] = matches;
      if (matches.length === 1 && (only?.path?.type ?? "PathPrefix") === "PathPrefix") return [];
      return filters.flatMap(({ urlRewrite, requestRedirect }, index) =>
        [urlRewrite, requestRedirect].some((holder) => holder?.path?.type === "ReplacePrefixMatch")
          ? [{ path: ["filters", index] }]
          : [],
      );
    },
  },
  {
    code: "HED1212",
    message: "must not have backendRefs beside RequestRedirect: nothing is sent on",
    check: ({ filters, backendRefs }) =>
      backendRefs.length > 0 && filters.some(({ type }) => type === "RequestRedirect")
        ? [{ path: ["backendRefs"] }]
        : [],
  },
  {
    code: "HED1208",
    message: "must have a backendRequest timeout that is not longer than the request timeout",
    check({ timeouts: { request = 0, backendRequest = 0 } = {} }) {
      return request > 0 && backendRequest > request ? [{ path: ["timeouts", "backendRequest"] }] : [];
    },
  },
];

export const grpcMethod: Rule<{ readonly service?: string | undefined; readonly method?: string | undefined }> = {
  code: "HED1201",
  message: "must have a service or a method",
  check: ({ service, method }) => (service === undefined && method === undefined ? HERE : []),
};
