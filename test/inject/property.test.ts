/** Whatever a pod looks like: injection changes only what is its own, once, and its patch says exactly that. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { decide } from "../../src/inject/decision.ts";
import { parseManifest, rewriteManifest } from "../../src/inject/manifest-yaml.ts";
import { diff, type PatchOperation } from "../../src/inject/patch.ts";
import { injectPod } from "../../src/inject/pod.ts";
import type { Container, PodJson } from "../../src/inject/pod-json.ts";
import { CAPTURE } from "../../src/translate/proxy.ts";
import { OUTBOUND_UDP_PORTS } from "../../src/translate/udp-ports.ts";
import { injectorSettings } from "../../src/inject/settings.ts";

const settings = injectorSettings.parse({});
const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
const port = fc.integer({ min: 1, max: 65_535 });
const probe = fc.oneof(
  fc.record({ tcpSocket: fc.record({ port: fc.oneof(port, name) }), periodSeconds: fc.nat(9) }),
  fc.record({ httpGet: fc.record({ port, path: fc.constant("/") }) }),
  fc.record({ exec: fc.record({ command: fc.array(name) }) }),
);
const container = fc.record(
  {
    name,
    image: name,
    env: fc.array(fc.record({ name, value: fc.string() }), { maxLength: 3 }),
    ports: fc.array(fc.record({ name, containerPort: port }), { maxLength: 3 }),
    readinessProbe: probe,
    livenessProbe: probe,
    lifecycle: fc.record({ preStop: fc.constant({ exec: { command: ["/end"] } }) }),
    unknownToHeddle: fc.jsonValue(),
  },
  { requiredKeys: ["name"] },
);
const labels = fc.dictionary(name, name, { maxKeys: 3 });
const pod = fc.record(
  {
    metadata: fc.record({ name, labels, annotations: labels, finalizers: fc.array(name) }, { requiredKeys: [] }),
    spec: fc.record(
      {
        containers: fc.array(container, { minLength: 1, maxLength: 3 }),
        initContainers: fc.array(container, { maxLength: 2 }),
        volumes: fc.array(fc.record({ name, emptyDir: fc.constant({}) }), { maxLength: 2 }),
        tolerations: fc.jsonValue(),
      },
      { requiredKeys: ["containers"] },
    ),
    status: fc.jsonValue(),
  },
  { requiredKeys: ["spec"] },
) as fc.Arbitrary<PodJson>;

/** RFC 6902, as far as `diff` uses it, written apart from it. */
function applyPatch(value: unknown, patch: readonly PatchOperation[]): unknown {
  let root = structuredClone(value);
  for (const operation of patch) {
    const steps = operation.path
      .split("/")
      .slice(1)
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = steps.pop();
    if (last === undefined) {
      root = operation.op === "remove" ? undefined : structuredClone(operation.value);
      continue;
    }
    const parent = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], root);
    if (Array.isArray(parent)) {
      const index = Number(last);
      expect(index).toBeLessThanOrEqual(operation.op === "add" ? parent.length : parent.length - 1);
      if (operation.op === "add") parent.splice(index, 0, structuredClone(operation.value));
      else if (operation.op === "remove") parent.splice(index, 1);
      else parent[index] = structuredClone(operation.value);
    } else {
      const object = parent as Record<string, unknown>;
      // To remove or replace what is not there is an error.
      if (operation.op !== "add") expect(Object.hasOwn(object, last)).toBe(true);
      if (operation.op === "remove") delete object[last];
      else object[last] = structuredClone(operation.value);
    }
  }
  return root;
}

/** What injection has no business with. */
function kept(container: Container): object {
  const { lifecycle: _, readinessProbe: __, livenessProbe: ___, ...rest } = container;
  return rest;
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("the patch turns the pod into the injected one", () => {
  fc.assert(
    fc.property(pod, (value) => {
      const before = asJson(value);
      const injected = asJson(injectPod(before as PodJson, settings, "hash"));
      expect(applyPatch(before, diff(before, injected))).toEqual(injected);
    }),
    { numRuns: 300 },
  );
});

test("any patch turns one value into the other", () => {
  fc.assert(
    fc.property(withMergeKeys, withMergeKeys, (a, b) => {
      const [before, after] = [asJson(a), asJson(b)];
      expect(applyPatch(before, diff(before, after))).toEqual(after);
    }),
    { numRuns: 1000 },
  );
});

test("the input stays as it is, and everything in it that is not Heddle's goes through", () => {
  fc.assert(
    fc.property(pod, (value) => {
      const before = structuredClone(value);
      const injected = injectPod(value, settings, "hash");
      expect(value).toEqual(before);
      expect(injected["status"]).toEqual(value["status"]);
      expect(injected.spec["tolerations"]).toEqual(value.spec["tolerations"]);
      expect(injected.spec.containers).toHaveLength(value.spec.containers.length);
      expect(injected.spec.initContainers).toHaveLength(2 + (value.spec.initContainers ?? []).length);
      expect(injected.spec.containers.map(kept)).toEqual(value.spec.containers.map(kept));
      expect(injected.spec.initContainers?.slice(2).map(kept)).toEqual((value.spec.initContainers ?? []).map(kept));
      for (const [key, label] of Object.entries(value.metadata?.labels ?? {})) {
        expect(injected.metadata?.labels?.[key]).toBe(label);
      }
    }),
    { numRuns: 300 },
  );
});

test("ports of UDP make no difference but that they are there", () => {
  fc.assert(
    fc.property(pod, fc.boolean(), (value, explicit) => {
      const given = (annotations: Record<string, string>): PodJson => ({
        ...value,
        metadata: { ...value.metadata, annotations: { ...(explicit && { [CAPTURE]: "explicit" }), ...annotations } },
      });
      const without = injectPod(given({}), settings, "hash");
      const { metadata, ...rest } = injectPod(given({ [OUTBOUND_UDP_PORTS]: "9000:game:7777" }), settings, "hash");
      const { [OUTBOUND_UDP_PORTS]: ports, ...annotations } = metadata?.annotations ?? {};
      expect(ports).toBe("9000:game:7777");
      expect({ ...rest, metadata: { ...metadata, annotations } }).toEqual(without);
    }),
    { numRuns: 200 },
  );
});

/** `<<` is a key like others in JSON, and means something else in YAML. */
const withMergeKeys = fc.oneof(
  fc.jsonValue(),
  fc.letrec<{ value: fc.JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.dictionary(fc.constantFrom("<<", "a", "b"), tie("value"), { maxKeys: 3 }),
      fc.array(tie("value"), { maxLength: 2 }),
    ),
  })).value,
);

test("a manifest is written with the value that it is to have, whatever stands in it", () => {
  fc.assert(
    fc.property(withMergeKeys, withMergeKeys, (a, b) => {
      const [before, after] = [asJson({ a }), asJson({ a: b })];
      const json = JSON.stringify(before);
      // Whoever means the key `<<` writes it in quotes.
      const document = parseManifest(
        json.includes("<<") ? json : stringify(before, { schema: "yaml-1.1", lineWidth: 0 }),
      );
      const written = rewriteManifest(document, document.toJS(), after);
      expect(asJson(parseManifest(written).toJS())).toEqual(after);
    }),
    { numRuns: 300 },
  );
});

test("a pod that was injected is not injected again", () => {
  fc.assert(
    fc.property(pod, (value) => {
      const injected = injectPod(value, settings, "hash");
      expect(decide(injected, { "heddle.dev/inject": "enabled" })).toEqual({ inject: false, reason: "has-one" });
    }),
  );
});
