/**
 * Every diagnostic code with its level, a title and a hint. Codes are stable: they are searched for, and tests and alerts
 * name them. The first two digits say where it was found: 10 files, 11 fields, 12 rules of a TrafficPolicy, 13 the mesh
 * as a whole, 21 the configuration of one sidecar.
 */
import { ANALYSIS_CODES } from "./analysis-codes.ts";
import type { CodeInfo, Diagnostic, ObjectRef, Place } from "./diagnostic.ts";

export const DIAGNOSTIC_CODES = {
  HED1001: {
    level: "error",
    title: "Not readable as YAML or JSON",
    hint: "Mend the syntax at the given line; until then the last good version of what stood there stays in force.",
  },
  HED1002: { level: "error", title: "File too large", hint: "Split the file; a manifest file may hold 4 MiB." },
  HED1003: {
    level: "error",
    title: "Too many files",
    hint: "Point Heddle at a smaller folder; it reads up to 10 000 manifest files.",
  },
  HED1004: {
    level: "error",
    title: "Too many or too deep aliases",
    hint: "Write the repeated parts out instead of using YAML anchors and aliases.",
  },
  HED1005: {
    level: "error",
    title: "File or folder cannot be read",
    hint: "Check that it exists and that Heddle's user may read it.",
  },
  HED1006: {
    level: "error",
    title: "Not a Kubernetes object",
    hint: "Every document needs apiVersion, kind and metadata.name.",
  },
  HED1007: {
    level: "error",
    title: "Unknown kind or version",
    hint: "Heddle's own kinds are TrafficPolicy and ExternalService of heddle.dev/v1alpha1.",
  },
  HED1008: {
    level: "error",
    title: "Object defined twice",
    hint: "Remove one of the two; the first by file name and line is in force.",
  },
  HED1101: { level: "error", title: "Unknown field", hint: "Check the spelling and the indentation of the field." },
  HED1102: { level: "error", title: "Required field missing", hint: "Add the field." },
  HED1103: {
    level: "error",
    title: "Wrong type",
    hint: "Give a value of the type named; quote strings that look like numbers or booleans.",
  },
  HED1104: { level: "error", title: "Value not allowed", hint: "Give a value of the form, set or range named." },
  HED1105: { level: "error", title: "Fields that contradict each other", hint: "Change one of the fields named." },
  HED1201: {
    level: "error",
    title: "Not exactly one of several fields",
    hint: "Keep exactly one of the fields listed.",
  },
  HED1202: {
    level: "error",
    title: "Incomplete backend",
    hint: "Name a subset of the target, or a service together with its port.",
  },
  HED1203: {
    level: "error",
    title: "Weights do not add up",
    hint: "Give every entry of the split a weight, or none, and let their sum be above 0.",
  },
  HED1204: { level: "error", title: "Name used twice", hint: "Give each entry a name of its own." },
  HED1205: {
    level: "error",
    title: "Subset not declared",
    hint: "Declare the subset in spec.subsets, or use a declared one.",
  },
  HED1206: {
    level: "error",
    title: "Invalid regular expression",
    hint: "Use RE2 syntax: no lookaround and no backreferences.",
  },
  HED1207: {
    level: "error",
    title: "Hash key and policy do not fit",
    hint: "RingHash and Maglev need hashOn; the other policies do not take it.",
  },
  HED1208: { level: "error", title: "Durations contradict each other", hint: "Change one of the durations named." },
  HED1209: { level: "error", title: "Invalid path", hint: "Exact and prefix paths start with / and hold no ? or #." },
  HED1210: {
    level: "error",
    title: "Header that cannot be edited",
    hint: "The host and the path are changed by rewrite.",
  },
  HED1211: {
    level: "error",
    title: "Credentials for every origin",
    hint: "Name the origins that may call in the user's name.",
  },
  HED1212: {
    level: "error",
    title: "Fields that exclude one another",
    hint: "A route either sends requests on, or redirects, or answers by itself.",
  },
  HED1213: {
    level: "error",
    title: "No prefix to replace",
    hint: "Give every match of the route a path prefix, or rewrite by regex.",
  },
  HED1220: {
    level: "error",
    title: "Shares and nearness contradict each other",
    hint: "Keep locality.distribute, or locality.failover.",
  },
  HED1221: {
    level: "error",
    title: "Cookie settings without a cookie",
    hint: "Only a cookie has a ttl, and only one that is given out has a path.",
  },
  HED1222: {
    level: "error",
    title: "Path given twice",
    hint: "A gRPC call is a POST to /service/method: keep grpc, or path and method.",
  },
  HED1230: {
    level: "error",
    title: "Rate limit without a number",
    hint: "Say how many requests may be sent, or name the service that counts.",
  },
  HED1231: {
    level: "error",
    title: "Rate-limit service that is told nothing",
    hint: "Give descriptors that its configuration knows, or say in by what is counted apart.",
  },
  HED1232: {
    level: "error",
    title: "Rate-limit service on a route that sends nothing on",
    hint: "Limit such a route by requests alone.",
  },
  HED1240: {
    level: "error",
    title: "Static endpoints that are no addresses",
    hint: "List IP addresses, or let DNS resolve the names: resolution: DNS.",
  },
  HED1241: {
    level: "error",
    title: "Nothing that DNS can look up",
    hint: "Write one ExternalService for each host, or list endpoints.",
  },
  HED1242: { level: "error", title: "Port given twice", hint: "Give each port a number of its own." },
  HED1243: {
    level: "error",
    title: "TLS for ports that carry no requests",
    hint: "Declare the port as HTTP, HTTP2 or GRPC, or leave tls out: TLS ports are passed through.",
  },
  HED1244: {
    level: "error",
    title: "Certificate that cannot be read",
    hint: "Paste whole certificates as PEM text, each from its BEGIN to its END line.",
  },
  HED1250: {
    level: "error",
    title: "Filter without its field",
    hint: "Give each filter of a Gateway API route the one field that its type names.",
  },
  HED1251: {
    level: "error",
    title: "Filters that exclude one another",
    hint: "Keep one filter of each type, and either RequestRedirect or URLRewrite.",
  },
  HED1301: {
    level: "error",
    title: "Conflicted: an older policy has this target",
    hint: "Merge the policies, or remove one; the oldest wins whole.",
  },
  HED1302: {
    level: "error",
    title: "Target not found",
    hint: "Create the Service or ExternalService, or correct kind and name in targetRefs.",
  },
  HED1303: {
    level: "warning",
    title: "Subset selects no endpoint",
    hint: "Compare the subset's labels with those of the pods.",
  },
  HED1304: {
    level: "warning",
    title: "Backend service not found",
    hint: "Create the Service, or correct its name; requests sent there are answered with 503.",
  },
  HED1305: {
    level: "warning",
    title: "Backend port not found",
    hint: "Use a port of the Service; requests sent there are answered with 503.",
  },
  HED1306: {
    level: "warning",
    title: "Backend subset not found",
    hint: "Declare the subset in the policy of that Service; requests sent there are answered with 503.",
  },
  HED1307: {
    level: "warning",
    title: "Route is never reached",
    hint: "Put routes that take more behind those that take less.",
  },
  HED1308: {
    level: "warning",
    title: "A try may take longer than the request",
    hint: "Let perTryTimeout be shorter than timeout.",
  },
  HED1309: {
    level: "warning",
    title: "EndpointSlice fits no port of its Service",
    hint: "Slices name ports as the Service does: compare the names.",
  },
  HED1310: {
    level: "warning",
    title: "EndpointSlice of host names",
    hint: "Use IPv4 or IPv6 slices, or a Service of type ExternalName.",
  },
  HED1311: {
    level: "warning",
    title: "Address given with two port numbers",
    hint: "Give each endpoint an address of its own.",
  },
  HED1312: {
    level: "warning",
    title: "Health check that the port cannot answer",
    hint: "Checks by gRPC need HTTP/2: name the port grpc-…, set its appProtocol, or set connection.http2.",
  },
  HED1320: {
    level: "warning",
    title: "No connections to split",
    hint: "Declare the port as TCP (appProtocol: tcp), or split requests by routes[].split.",
  },
  HED1321: {
    level: "warning",
    title: "Share of connections for a service without endpoints",
    hint: "Split to a Service that selects pods; an ExternalName is only a name.",
  },
  HED1325: {
    level: "warning",
    title: "Endpoints get very many health checks",
    hint: "Check less often, use fewer subsets, or let outlier detection find what is not well.",
  },
  HED1326: {
    level: "warning",
    title: "Rate-limit service not found",
    hint: "Create the Service, or correct its name and port; until then failureMode decides.",
  },
  HED1327: {
    level: "error",
    title: "Another rate-limit service is in use",
    hint: "Name the same Service and port in all policies; the oldest policy's is asked.",
  },
  HED1330: {
    level: "warning",
    title: "Host of an older service",
    hint: "Remove the host from one of the two, or export them to different namespaces by heddle.dev/export-to.",
  },
  HED1335: {
    level: "error",
    title: "Parent not found",
    hint: "Create the Service, or correct the parentRef; the Service must have a cluster IP.",
  },
  HED1336: {
    level: "error",
    title: "Parent has no such port",
    hint: "Name a port of the Service that takes HTTP, or leave port and sectionName out.",
  },
  HED1337: {
    level: "error",
    title: "Conflicted: other routes decide for this Service",
    hint: "The routes of a TrafficPolicy go before those of the Gateway API, and a GRPCRoute before an HTTPRoute.",
  },
  HED1338: {
    level: "warning",
    title: "Backend of a route not found",
    hint: "Create the Service, or correct its name and port; requests sent there are answered with 500.",
  },
  HED1339: {
    level: "warning",
    title: "Backend in a namespace that does not permit it",
    hint: "Add a ReferenceGrant in the backend's namespace; requests sent there are answered with 500.",
  },
  HED1340: {
    level: "warning",
    title: "Backend of a kind that takes no requests",
    hint: "Name a Service with endpoints of its own; requests sent there are answered with 500.",
  },
  HED1341: {
    level: "error",
    title: "Part of a route that is not supported",
    hint: "Take it out of the rule; until then the rule's requests are answered with 500.",
  },
  HED1342: {
    level: "warning",
    title: "Field of a route that has no effect",
    hint: "Take the field out, or do without it: everything else in the route is in force.",
  },
  ...ANALYSIS_CODES,
  HED1380: {
    level: "error",
    title: "Export list not understood",
    hint: "List namespaces, `.` for the service's own, or `*` for all.",
  },
  HED2001: {
    level: "error",
    title: "Resource left out",
    hint: "An Envoy would refuse it; mend what the message names. Everything else is served.",
  },
  HED2101: {
    level: "error",
    title: "Annotation not understood",
    hint: "Correct the annotation on the pod; until then it is as if it were not there.",
  },
  HED2102: {
    level: "warning",
    title: "Host name taken by an older service",
    hint: "Reach the younger service by a longer name.",
  },
  HED2103: {
    level: "warning",
    title: "Two services disagree on a pod port's protocol",
    hint: "Declare one protocol in both; the older service decides.",
  },
  HED2104: { level: "warning", title: "Outbound port taken", hint: "Give one of the services another port number." },
  HED2105: {
    level: "warning",
    title: "Pod without an address",
    hint: "Inbound ports open once status.podIP is there.",
  },
  HED2106: { level: "warning", title: "Listener address taken", hint: "Use another address or port." },
  HED2107: {
    level: "warning",
    title: "Served port is the capture port",
    hint: "Let the application listen on a port other than 15006.",
  },
  HED2108: {
    level: "error",
    title: "Outbound UDP port leads nowhere",
    hint: "Name a UDP port of a service that the pod's namespace may call.",
  },
  HED2109: {
    level: "error",
    title: "Outbound UDP port taken",
    hint: "Choose a local port that the pod's own application does not have.",
  },
} as const satisfies Readonly<Record<string, CodeInfo>>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;

/** A diagnostic with the level that the table gives its code. */
export function diagnostic(
  code: DiagnosticCode,
  about: {
    readonly ref?: ObjectRef | undefined;
    readonly path?: string;
    readonly message: string;
    readonly place?: Place | undefined;
  },
): Diagnostic {
  return {
    code,
    level: DIAGNOSTIC_CODES[code].level,
    ...(about.ref && { ref: about.ref }),
    path: about.path ?? "",
    message: about.message,
    ...(about.place && { place: about.place }),
  };
}
