/** What must hold of every translation, over random meshes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import { createTranslator, type ProxyConfig } from "../../src/translate/translate.ts";
import { referencesOf } from "../../src/xds/references.ts";
import { LISTENER, type Resource, type TypeSnapshot } from "../../src/xds/index.ts";
import { validateSet } from "../../src/xds/validate-set.ts";
import { refOf } from "../../src/api/parse-object.ts";
import { refKey } from "../../src/base/diagnostic.ts";
import { arbitraryEvents, statesOf } from "../support/arbitrary-events.ts";
import { arbitraryManifests, parsedObjects } from "../support/arbitrary-manifests.ts";
import { goldenCases, translateCase } from "../support/golden-case.ts";
import { createTestModel, snapshotOfManifests, translateAll, translateAlone } from "../support/random-mesh.ts";

function encode(config: ProxyConfig): readonly Resource[] {
  return resourcesOf(createEncoder(() => {})(config));
}

const line = ({ typeUrl, name, hash }: Resource): string => `${typeUrl} ${name} ${hash}`;
const fingerprint = (config: ProxyConfig): readonly string[] => encode(config).map(line);

describe("10 000 random manifests", () => {
  test("translate without a throw, and into nothing that the rules refuse", () => {
    let manifests = 0;
    let resources = 0;
    let udp = 0;
    fc.assert(
      fc.property(arbitraryManifests(), (documents) => {
        manifests += documents.length;
        for (const config of translateAll(snapshotOfManifests(documents)).values()) {
          const encoded = createEncoder(() => {})(config);
          expect(encoded.diagnostics).toEqual([]);
          expect(validateSet(config)).toEqual([]);
          resources += resourcesOf(encoded).length;
          udp += config.listeners.filter(({ name }) => name.startsWith("udp|")).length;
        }
      }),
      { numRuns: 1000 },
    );
    expect(manifests).toBeGreaterThan(10_000);
    expect(resources).toBeGreaterThan(10_000);
    expect(udp).toBeGreaterThan(10);
  });
});

describe("translation", () => {
  test("gives the same bytes whatever the order of the manifests", () => {
    fc.assert(
      fc.property(
        arbitraryManifests(12).chain((documents) =>
          fc.tuple(fc.constant(documents), fc.shuffledSubarray(documents, { minLength: documents.length })),
        ),
        ([documents, shuffled]) => {
          // Of two definitions of one object the first is in force: only sets without such pairs have no order.
          const refs = parsedObjects(documents).map(({ object }) => refKey(refOf(object)));
          fc.pre(new Set(refs).size === refs.length);
          const one = translateAll(snapshotOfManifests(documents));
          const other = translateAll(snapshotOfManifests(shuffled));
          for (const [id, config] of one) expect(fingerprint(other.get(id)!)).toEqual(fingerprint(config));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("gives with a warm memo what a fresh translator gives", () => {
    fc.assert(
      fc.property(fc.array(arbitraryManifests(10), { minLength: 2, maxLength: 5 }), (meshes) => {
        const warm = createTranslator();
        const model = createTestModel();
        for (const documents of meshes) {
          const snapshot = snapshotOfManifests(documents, model);
          const fresh = translateAlone(snapshotOfManifests(documents));
          for (const [id, config] of translateAll(snapshot, warm)) {
            expect(fingerprint(config)).toEqual(fingerprint(fresh.get(id)!));
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test("that goes from event to event gives what a fresh one gives, and keeps what did not change", () => {
    fc.assert(
      fc.property(arbitraryEvents(), (events) => {
        const model = createTestModel();
        const translate = createTranslator();
        const encoder = createEncoder(() => {});
        const before = new Map<string, ReadonlyMap<string, TypeSnapshot>>();
        for (const objects of statesOf(events)) {
          const fresh = translateAlone(createTestModel()(objects));
          for (const [id, config] of translateAll(model(objects), translate)) {
            const expected = fresh.get(id)!;
            const encoded = encoder(config);
            expect(resourcesOf(encoded).map(line)).toEqual(fingerprint(expected));
            expect(config.diagnostics).toEqual(expected.diagnostics);
            const { types } = encoded.snapshot;
            for (const [typeUrl, type] of types) {
              const old = before.get(id)?.get(typeUrl);
              const kept = [...type.resources].filter(([name, { hash }]) => old?.resources.get(name)?.hash === hash);
              expect(type.version === old?.version).toBe(
                kept.length === type.resources.size && type.resources.size === old?.resources.size,
              );
            }
            before.set(id, types);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test("answers for every endpoint and route table that it makes a sidecar ask for", () => {
    fc.assert(
      fc.property(arbitraryManifests(12), (documents) => {
        for (const config of translateAll(snapshotOfManifests(documents)).values()) {
          const resources = encode(config);
          const known = new Set(resources.map(({ typeUrl, name }) => `${typeUrl} ${name}`));
          const asked = resources.flatMap(referencesOf).map(({ typeUrl, name }) => `${typeUrl} ${name}`);
          expect(asked.filter((name) => !known.has(name))).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("keeps the very messages of a service that did not change", () => {
    const documents = [
      { apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec: {}, status: { podIP: "10.0.0.9" } },
      ...["a", "b"].map((name, i) => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { clusterIP: `10.96.0.${i + 1}`, ports: [{ name: "http", port: 80 + i }] },
      })),
    ];
    const translate = createTranslator();
    const model = createTestModel();
    const before = snapshotOfManifests(documents, model);
    const grown = structuredClone(documents);
    grown.push({
      ...grown[1]!,
      metadata: { name: "c" },
      spec: { clusterIP: "10.96.0.3", ports: [{ name: "http", port: 90 }] },
    });
    const after = snapshotOfManifests(grown, model);
    const [one] = translateAll(before, translate).values();
    const [two] = translateAll(after, translate).values();
    for (const section of ["clusters", "endpoints", "listeners", "routes"] as const) {
      const kept = new Set<unknown>(two![section]);
      expect(one![section].filter((message) => !kept.has(message))).toEqual([]);
    }
    expect(two!.clusters.length).toBe(one!.clusters.length + 1);
  });
});

describe("a TrafficPolicy or a route of the Gateway API", () => {
  const withPolicy = goldenCases().filter(({ name }) => /^(policy|gateway)-/.test(name));

  test.each(withPolicy.map((c) => [c.name, c] as const))("of %s changes no listener", async (_, golden) => {
    const { snapshot, config } = await translateCase(golden);
    const catalog = snapshot.catalog.map(({ policy: _policy, attached: _attached, ...definition }) => definition);
    const services = new Map(
      catalog.map((definition) => {
        const { endpoints } = snapshot.services.get(definition.key)!;
        return [definition.key, { ...definition, definition, endpoints }];
      }),
    );
    const bare = { ...snapshot, services, catalog, policies: new Map(), gatewayRoutes: new Map() };
    const without = translateAll(bare, createTranslator(golden.settings)).get(golden.proxy)!;
    const listeners = (c: ProxyConfig): readonly string[] => fingerprint(c).filter((text) => text.startsWith(LISTENER));
    expect(listeners(config)).toEqual(listeners(without));
    expect(listeners(config).length).toBeGreaterThan(0);
  });
});
