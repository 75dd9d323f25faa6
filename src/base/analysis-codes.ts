/** Codes of what is valid in itself but will not do what its author meant (`model/analysis`). */
import type { CodeInfo } from "./diagnostic.ts";

export const ANALYSIS_CODES = {
  HED1345: {
    level: "warning",
    title: "Part of a match is never reached",
    hint: "Take the alternative out, or put the route before the one that takes its requests.",
  },
  HED1346: {
    level: "warning",
    title: "Pattern that no path matches",
    hint: "Begin patterns for paths with /, and match the query by query: the whole path must match.",
  },
  HED1347: {
    level: "warning",
    title: "Header that no request has any more",
    hint: "Match on a header that is sent from end to end.",
  },
  HED1348: {
    level: "warning",
    title: "Match that contradicts itself",
    hint: "All comparisons of a match must hold: give alternatives as entries of match of their own.",
  },
  HED1349: {
    level: "warning",
    title: "The last try never begins",
    hint: "Let attempts times perTryTimeout be shorter than timeout.",
  },
  HED1350: {
    level: "warning",
    title: "Success is tried again",
    hint: "Name statuses from 400 on in onStatus.",
  },
  HED1351: {
    level: "warning",
    title: "gRPC by HTTP/1.1",
    hint: "Name the port grpc-…, set its appProtocol, or set connection.http2.",
  },
  HED1352: {
    level: "warning",
    title: "No requests on any port",
    hint: "Declare the port as HTTP (name http-… or appProtocol), or take the field out.",
  },
  HED1353: {
    level: "warning",
    title: "Connecting may take longer than the request",
    hint: "Let connectTimeout be well below the timeouts of routes.",
  },
  HED1354: {
    level: "warning",
    title: "Two subsets with the same labels",
    hint: "Give one of them other labels, or take it out.",
  },
  HED1355: {
    level: "warning",
    title: "Subsets of a split overlap",
    hint: "Let the subsets of one split differ in the value of one label.",
  },
  HED1356: {
    level: "warning",
    title: "None of the endpoints is ready",
    hint: "See why the pods are not ready, or take the share away until they are.",
  },
  HED1357: {
    level: "warning",
    title: "Copies go where the requests go",
    hint: "Mirror to another subset or service.",
  },
  HED1358: {
    level: "warning",
    title: "Nothing to be sticky to",
    hint: "Give the route a split of at least two, or use loadBalancing.affinity.",
  },
  HED1359: {
    level: "warning",
    title: "Fault for every request",
    hint: "Lower percent, or match those requests only that are meant to fail.",
  },
  HED1360: {
    level: "warning",
    title: "Redirect that leads back to itself",
    hint: "Match the old path only, or redirect to a path that this route does not take.",
  },
  HED1361: {
    level: "warning",
    title: "Rewritten path without a slash",
    hint: "Begin the substitution with /, or leave the path's first / out of the pattern.",
  },
  HED1362: {
    level: "warning",
    title: "Outlier detection that takes nothing out",
    hint: "Raise maxEjectionPercent to at least 100 divided by the number of endpoints, or run more of them.",
  },
  HED1363: {
    level: "warning",
    title: "Too few endpoints for statistics",
    hint: "Lower minEndpoints, or detect by consecutive5xx.",
  },
  HED1364: {
    level: "warning",
    title: "Outlier detection that looks at nothing",
    hint: "Name a kind of failure, or take outlierDetection out.",
  },
  HED1365: {
    level: "warning",
    title: "Limit of zero",
    hint: "Give a limit above 0, or leave the field out.",
  },
  HED1366: {
    level: "warning",
    title: "Budget for no retries",
    hint: "Give the budget a percent or a minConcurrency above 0, or switch retries off by attempts: 0.",
  },
  HED1367: {
    level: "warning",
    title: "Share for a place without endpoints",
    hint: "Compare region and zone with the labels topology.kubernetes.io/region and zone of the nodes.",
  },
  HED1368: {
    level: "warning",
    title: "Place that comes too late",
    hint: "Put the narrower place before the wider one.",
  },
  HED1369: {
    level: "warning",
    title: "Locality for callers that stay on their node",
    hint: "Take locality out, or internalTrafficPolicy: Local off the Service.",
  },
  HED1370: {
    level: "warning",
    title: "Burst below requests",
    hint: "Leave burst out, let it be above requests, or allow fewer requests in a shorter per.",
  },
  HED1371: {
    level: "warning",
    title: "Preflight requests are not matched",
    hint: "Add an alternative with the method OPTIONS to match, or leave the method out.",
  },
  HED1372: {
    level: "warning",
    title: "Origin that no browser sends",
    hint: "Write scheme://host, with a port that is not the scheme's own, in lower case, and without a slash at the end.",
  },
  HED1373: {
    level: "warning",
    title: "Edit of a header without effect",
    hint: "Keep one of the edits.",
  },
  HED1374: {
    level: "warning",
    title: "Header that says where a message ends",
    hint: "Take the edit out.",
  },
  HED1375: {
    level: "warning",
    title: "Body for an answer that has none",
    hint: "Use another status, or take the body out.",
  },
  HED1376: {
    level: "warning",
    title: "One cookie for two purposes",
    hint: "Give sticky and affinity cookies of their own.",
  },
  HED1377: {
    level: "warning",
    title: "Port of a Service that leads nowhere",
    hint: "Compare targetPort with the names of the pods' container ports.",
  },
  HED1378: {
    level: "warning",
    title: "appProtocol that is nearly a known one",
    hint: "Correct it; an unknown appProtocol leaves the sidecar to guess.",
  },
  HED1379: {
    level: "warning",
    title: "Policy without effect",
    hint: "Say in the policy what is to change, or remove it.",
  },
} as const satisfies Readonly<Record<string, CodeInfo>>;
