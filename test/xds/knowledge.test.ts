/** Names and knowledge that are held as differences from snapshots are what a set and a map would hold. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createResource, type Resource } from "../../src/xds/index.ts";
import {
  forgetKnown,
  type Holder,
  createKnowledge,
  type Known,
  knownNames,
  knownOf,
  knownResource,
  knowWhole,
  moveKnowledge,
  setKnown,
  UNKNOWN,
} from "../../src/xds/knowledge.ts";
import {
  addName,
  createNameSet,
  dropName,
  fillFrom,
  hasName,
  isAllOf,
  moveNames,
  namesIn,
} from "../../src/xds/name-set.ts";
import { createTypeSnapshot, type TypeSnapshot } from "../../src/xds/snapshot.ts";
import { CLUSTER } from "../../src/xds/type-url.ts";

const NAMES = ["a", "b", "c", "d", "e", "f"];
const resourceOf = (name: string, version: number): Resource =>
  createResource(CLUSTER, name, Buffer.from(`${name}${version}`));

const snapshots: fc.Arbitrary<TypeSnapshot> = fc
  .record({ names: fc.subarray(NAMES), versions: fc.array(fc.nat(1), { minLength: 6, maxLength: 6 }) })
  .map(({ names, versions }) =>
    createTypeSnapshot(
      CLUSTER,
      names.map((name, i) => resourceOf(name, versions[i]!)),
    ),
  );

type NameMove =
  | { readonly kind: "add"; readonly name: string }
  | { readonly kind: "drop"; readonly name: string }
  | { readonly kind: "fill"; readonly snapshot: TypeSnapshot; readonly names: readonly string[] }
  | { readonly kind: "move"; readonly snapshot: TypeSnapshot };

const nameMoves: fc.Arbitrary<NameMove[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("add" as const), name: fc.constantFrom(...NAMES) }),
    fc.record({ kind: fc.constant("drop" as const), name: fc.constantFrom(...NAMES) }),
    fc.record({ kind: fc.constant("fill" as const), snapshot: snapshots, names: fc.subarray(NAMES) }),
    fc.record({ kind: fc.constant("move" as const), snapshot: snapshots }),
  ),
  { maxLength: 30 },
);

test("a name set holds what a set would hold", () => {
  fc.assert(
    fc.property(nameMoves, (moves) => {
      const set = createNameSet();
      const model = new Set<string>();
      for (const move of moves) {
        if (move.kind === "add") expect(addName(set, move.name)).toBe(!model.has(move.name) && !!model.add(move.name));
        else if (move.kind === "drop") expect(dropName(set, move.name)).toBe(model.delete(move.name));
        else if (move.kind === "move") moveNames(set, move.snapshot);
        else if (fillFrom(set, move.snapshot, move.names)) {
          expect(model.size).toBe(0);
          for (const name of move.names) model.add(name);
        }
        expect([...namesIn(set)].sort()).toEqual([...model].sort());
        expect(set.size).toBe(model.size);
        expect(NAMES.filter((name) => hasName(set, name))).toEqual([...model].sort());
        if (set.base)
          expect(isAllOf(set, set.base)).toBe([...set.base.resources.keys()].join() === [...model].sort().join());
      }
    }),
  );
});

test("a thousand names of a snapshot are held as nothing", () => {
  const many = createTypeSnapshot(
    CLUSTER,
    Array.from({ length: 1000 }, (_, i) => resourceOf(`n${i}`, 0)),
  );
  const names = [...many.resources.keys()];
  const set = createNameSet();
  expect(fillFrom(set, many, names)).toBe(true);
  expect([set.size, set.own.size]).toEqual([1000, 0]);
  // One service more, that is not asked for.
  moveNames(set, createTypeSnapshot(CLUSTER, [...many.resources.values(), resourceOf("new", 0)]));
  expect([set.size, set.own.size, hasName(set, "new")]).toEqual([1000, 1, false]);
});

type KnownMove =
  | {
      readonly kind: "one";
      readonly what: "send" | "forget" | "doubt" | "claim";
      readonly name: string;
      readonly version: number;
    }
  | { readonly kind: "whole"; readonly snapshot: TypeSnapshot }
  | { readonly kind: "condense"; readonly snapshot: TypeSnapshot };

const knownMoves: fc.Arbitrary<KnownMove[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("one" as const),
      what: fc.constantFrom("send" as const, "send" as const, "forget" as const, "doubt" as const, "claim" as const),
      name: fc.constantFrom(...NAMES),
      version: fc.nat(1),
    }),
    fc.record({ kind: fc.constant("whole" as const), snapshot: snapshots }),
    fc.record({ kind: fc.constant("condense" as const), snapshot: snapshots }),
  ),
  { maxLength: 40 },
);

/** Two claims of one content are the same, whichever way the client came by it. */
const shown = (known: Known | undefined): string => {
  if (known?.kind === "resource") return known.resource.version;
  return known?.kind === "version" ? known.version : (known?.kind ?? "nothing");
};

test("knowledge holds what a map would hold, whichever snapshots it is held against", () => {
  let condensed = 0;
  fc.assert(
    fc.property(knownMoves, fc.subarray(NAMES), fc.boolean(), (moves, named, wildcard) => {
      const names = createNameSet();
      for (const name of named) addName(names, name);
      const holder: Holder = { known: createKnowledge(), subscription: { wildcard, legacy: false, names } };
      const wanted = NAMES.filter((name) => wildcard || named.includes(name));
      const model = new Map<string, Known>();
      for (const move of moves) {
        if (move.kind === "whole") {
          knowWhole(holder, move.snapshot);
          model.clear();
          for (const [name, resource] of move.snapshot.resources) {
            if (wanted.includes(name)) model.set(name, knownResource(resource));
          }
        } else if (move.kind === "condense") {
          const before = holder.known.base;
          moveKnowledge(holder, move.snapshot, () => wanted.filter((name) => move.snapshot.resources.has(name)).length);
          if (holder.known.base !== before) condensed++;
        } else if (!wanted.includes(move.name)) continue;
        else if (move.what === "forget") {
          forgetKnown(holder, move.name);
          model.delete(move.name);
        } else {
          const resource = resourceOf(move.name, move.version);
          const known: Known =
            move.what === "send"
              ? knownResource(resource)
              : move.what === "claim"
                ? { kind: "version", version: resource.version }
                : UNKNOWN;
          setKnown(holder, move.name, known);
          model.set(move.name, known);
        }
        expect(wanted.map((name) => shown(knownOf(holder, name)))).toEqual(
          wanted.map((name) => shown(model.get(name))),
        );
        expect([...knownNames(holder)].filter((name) => wanted.includes(name)).sort()).toEqual(
          [...model.keys()].sort(),
        );
      }
    }),
    { numRuns: 1000 },
  );
  // Or the property says nothing.
  expect(condensed).toBeGreaterThan(50);
});

test("a client that has all of a thousand resources is held as nothing, also after a change", () => {
  const of = (changed: number): TypeSnapshot =>
    createTypeSnapshot(
      CLUSTER,
      Array.from({ length: 1000 }, (_, i) => resourceOf(`n${i}`, i === 7 ? changed : 0)),
    );
  const [first, second] = [of(0), of(1)];
  const holder: Holder = {
    known: createKnowledge(),
    subscription: { wildcard: true, legacy: true, names: createNameSet() },
  };
  for (const resource of first.resources.values()) setKnown(holder, resource.name, knownResource(resource));
  moveKnowledge(holder, first, () => 1000);
  expect([holder.known.base, holder.known.own.size]).toEqual([first, 0]);
  // Not before the client was sent what changed.
  moveKnowledge(holder, second, () => 1000);
  expect(holder.known.base).toBe(first);
  setKnown(holder, "n7", knownResource(second.resources.get("n7")!));
  moveKnowledge(holder, second, () => 1000);
  expect([holder.known.base, holder.known.own.size]).toEqual([second, 0]);
});
