import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStore } from "../../src/kube/store.ts";

interface Item {
  readonly tags: readonly string[];
  readonly note: number;
}

const key = fc.constantFrom("a/1", "a/2", "b/1", "b/2", "c");
const item = fc.record({
  tags: fc.array(fc.constantFrom("red", "green", "blue"), { maxLength: 3 }),
  note: fc.nat(2),
});
const step = fc.oneof(
  fc.record({ set: key, item }),
  fc.record({ delete: key }),
  fc.record({ replace: fc.dictionary(key, item) }),
);

function same(a: Item, b: Item): boolean {
  return a.note === b.note && a.tags.join() === b.tags.join();
}

/** The index as it would be if it were made now. */
function recomputed(items: ReadonlyMap<string, Item>): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [name, { tags }] of items) for (const tag of new Set(tags)) (found[tag] ??= []).push(name);
  return Object.fromEntries(Object.entries(found).map(([tag, names]) => [tag, names.sort()]));
}

describe("a store", () => {
  test("holds what it was told, its indexes are what they would be if made anew, and every change is told", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, late) => {
        const changed: string[] = [];
        const store = createStore<Item>((name) => void changed.push(name), same);
        const early = store.index(({ tags }) => tags);
        let other = early;
        const model = new Map<string, Item>();
        for (const [i, now] of steps.entries()) {
          if (i === late) other = store.index(({ tags }) => tags);
          const before = new Map(store.items);
          changed.length = 0;
          if ("set" in now) {
            store.set(now.set, now.item);
            model.set(now.set, now.item);
          } else if ("delete" in now) {
            store.delete(now.delete);
            model.delete(now.delete);
          } else {
            store.replace(new Map(Object.entries(now.replace)));
            model.clear();
            for (const [name, value] of Object.entries(now.replace)) model.set(name, value);
          }
          expect(Object.fromEntries(store.items)).toEqual(Object.fromEntries(model));
          const names = new Set([...before.keys(), ...store.items.keys()]);
          // An equal value keeps its identity, so what is not identical has changed.
          const differ = [...names].filter((name) => before.get(name) !== store.items.get(name));
          expect(changed.toSorted()).toEqual(differ.sort());
          for (const index of [early, other]) {
            const seen = [...index.values()].map((tag) => [tag, [...index.get(tag)].sort()]);
            expect(Object.fromEntries(seen)).toEqual(recomputed(model));
          }
        }
      }),
    );
  });

  test("a value that nothing has gives no keys", () => {
    const store = createStore<Item>(() => {});
    expect([...store.index(({ tags }) => tags).get("red")]).toEqual([]);
  });
});
