/** What must hold between the fields of a route's filters. The shapes here are what a rule looks at, not whole types. */
import { regexProblem } from "../base/regex.ts";
import { regex } from "./policy-rules.ts";
import type { Breach, Rule } from "./rule.ts";

export { regex };

const HERE: readonly Breach[] = [{ path: [] }];

/** Envoy refuses to edit what HTTP itself is made of. */
export const editableHeader: Rule<string> = {
  code: "HED1210",
  message: "must not be host or a header that begins with a colon: use rewrite",
  cel: "!self.startsWith(':') && self.lowerAscii() != 'host'",
  check: (name) => (name.startsWith(":") || name.toLowerCase() === "host" ? HERE : []),
};

export const absoluteText: Rule<string> = {
  code: "HED1209",
  message: "must start with / and hold no ? or #",
  cel: "self.matches('^/[^?#\\n]*$')",
  check: (path) => (/^\/[^?#\n]*$/.test(path) ? [] : [{ path: [], detail: `it is ${JSON.stringify(path)}` }]),
};

export const pattern: Rule<{ readonly pattern: string; readonly substitution: string }> = {
  code: "HED1206",
  message: "must be a regular expression in RE2 syntax",
  check({ pattern: text }) {
    const problem = regexProblem(text);
    return problem === undefined ? [] : [{ path: ["pattern"], detail: `this one ${problem}` }];
  },
};

interface RewriteShape {
  readonly prefix?: string | undefined;
  readonly regex?: unknown;
  readonly host?: string | undefined;
}

export const rewrite: readonly Rule<RewriteShape>[] = [
  {
    code: "HED1201",
    message: "must have prefix, regex or host",
    cel: "has(self.prefix) || has(self.regex) || has(self.host)",
    check: (given) => (Object.values(given).some((value) => value !== undefined) ? [] : HERE),
  },
  {
    code: "HED1201",
    message: "must not have both prefix and regex",
    cel: "!has(self.prefix) || !has(self.regex)",
    check: ({ prefix, regex: pattern }) => (prefix === undefined || pattern === undefined ? [] : HERE),
  },
];

interface RedirectShape {
  readonly scheme?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly prefix?: string | undefined;
}

export const redirect: readonly Rule<RedirectShape>[] = [
  {
    code: "HED1201",
    message: "must have scheme, host, port, path or prefix",
    cel: "has(self.scheme) || has(self.host) || has(self.port) || has(self.path) || has(self.prefix)",
    check: ({ scheme, host, port, path, prefix }) =>
      [scheme, host, port, path, prefix].some((value) => value !== undefined) ? [] : HERE,
  },
  {
    code: "HED1201",
    message: "must not have both path and prefix",
    cel: "!has(self.path) || !has(self.prefix)",
    check: ({ path, prefix }) => (path === undefined || prefix === undefined ? [] : HERE),
  },
];

interface CorsShape {
  readonly allowOrigins: readonly { readonly exact?: string | undefined }[];
  readonly allowCredentials?: boolean | undefined;
}

/** A browser refuses the answer, and it would let every page act in the user's name. */
export const credentials: Rule<CorsShape> = {
  code: "HED1211",
  message: "must not allow credentials to every origin",
  cel: "!has(self.allowCredentials) || !self.allowCredentials || !self.allowOrigins.exists(o, has(o.exact) && o.exact == '*')",
  check: ({ allowOrigins, allowCredentials }) =>
    allowCredentials && allowOrigins.some(({ exact }) => exact === "*") ? [{ path: ["allowCredentials"] }] : [],
};

export const someFault: Rule<{ readonly delay?: unknown; readonly abort?: unknown }> = {
  code: "HED1201",
  message: "must have delay or abort",
  cel: "has(self.delay) || has(self.abort)",
  check: ({ delay, abort }) => (delay === undefined && abort === undefined ? HERE : []),
};

interface RouteShape {
  readonly match?: readonly { readonly path?: { readonly prefix?: string | undefined } | undefined }[] | undefined;
  readonly split?: unknown;
  readonly sticky?: unknown;
  readonly mirror?: unknown;
  readonly timeout?: unknown;
  readonly retries?: unknown;
  readonly rewrite?: { readonly prefix?: string | undefined } | undefined;
  readonly redirect?: { readonly prefix?: string | undefined } | undefined;
  readonly directResponse?: unknown;
  readonly rateLimit?: { readonly service?: unknown } | undefined;
}

/** What means nothing where nothing is sent on. */
const FORWARDING = ["split", "sticky", "mirror", "timeout", "retries", "rewrite"] as const;

export const filters: readonly Rule<RouteShape>[] = [
  {
    code: "HED1212",
    message: `must not have ${FORWARDING.join(", ")} beside redirect or directResponse: nothing is sent on`,
    cel: `(!has(self.redirect) && !has(self.directResponse)) || !(${FORWARDING.map((field) => `has(self.${field})`).join(" || ")})`,
    check(given) {
      if (given.redirect === undefined && given.directResponse === undefined) return [];
      return FORWARDING.filter((field) => given[field] !== undefined).map((field) => ({ path: [field] }));
    },
  },
  {
    code: "HED1212",
    message: "must not have both redirect and directResponse",
    cel: "!has(self.redirect) || !has(self.directResponse)",
    check: ({ redirect: to, directResponse: answer }) => (to === undefined || answer === undefined ? [] : HERE),
  },
  {
    code: "HED1232",
    message: "must not have rateLimit.service beside redirect or directResponse: only what is sent on is asked about",
    cel: "(!has(self.redirect) && !has(self.directResponse)) || !has(self.rateLimit) || !has(self.rateLimit.service)",
    check({ redirect: to, directResponse: answer, rateLimit }) {
      if ((to === undefined && answer === undefined) || rateLimit?.service === undefined) return [];
      return [{ path: ["rateLimit", "service"] }];
    },
  },
  prefixNeeded("rewrite"),
  prefixNeeded("redirect"),
];

function prefixNeeded(filter: "rewrite" | "redirect"): Rule<RouteShape> {
  return {
    code: "HED1213",
    message: `must have a path prefix in every match for ${filter}.prefix to replace`,
    cel: `!has(self.${filter}) || !has(self.${filter}.prefix) || (has(self.match) && self.match.all(m, has(m.path) && has(m.path.prefix)))`,
    check(given) {
      if (given[filter]?.prefix === undefined) return [];
      const { match } = given;
      if (!match) return [{ path: [filter, "prefix"], detail: "the route has no match" }];
      return match.flatMap(({ path }, index) => (path?.prefix === undefined ? [{ path: ["match", index] }] : []));
    },
  };
}
