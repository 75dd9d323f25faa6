import { contentHash } from "../base/hash.ts";
import type { Resource } from "./resource.ts";

/** All resources of one type in one view. Immutable; the same object while nothing in it changes. */
export interface TypeSnapshot {
  readonly typeUrl: string;
  /** SotW `version_info` and Delta `system_version_info`. */
  readonly version: string;
  readonly resources: ReadonlyMap<string, Resource>;
}

/** What one view is to be served. A type that is not in it has no resources. */
export interface Snapshot {
  readonly types: ReadonlyMap<string, TypeSnapshot>;
}

/** Versions that the caller wants clients to see verbatim, by type URL. */
export interface Versions {
  readonly [typeUrl: string]: {
    /** For SotW `version_info`. */
    readonly type?: string;
    /** For Delta `Resource.version`, by resource name. */
    readonly resources?: Readonly<Record<string, string>>;
  };
}

export interface SnapshotInput {
  /** In any order; of two resources with one type and name the later wins. */
  readonly resources: Iterable<Resource>;
  readonly versions?: Versions;
}

/**
 * Builds a snapshot. Types that come out with the contents and versions of `previous` keep its very objects.
 */
export function buildSnapshot(input: SnapshotInput, previous?: Snapshot): Snapshot {
  const byType = new Map<string, Map<string, Resource>>();
  for (const resource of input.resources) {
    let resources = byType.get(resource.typeUrl);
    if (!resources) byType.set(resource.typeUrl, (resources = new Map()));
    const version = input.versions?.[resource.typeUrl]?.resources?.[resource.name];
    resources.set(resource.name, version === undefined ? resource : { ...resource, version });
  }
  const types = new Map<string, TypeSnapshot>();
  for (const [typeUrl, resources] of byType) {
    types.set(typeUrl, buildType(typeUrl, resources, input.versions?.[typeUrl]?.type, previous?.types.get(typeUrl)));
  }
  return { types };
}

function buildType(
  typeUrl: string,
  resources: ReadonlyMap<string, Resource>,
  version: string | undefined,
  previous: TypeSnapshot | undefined,
): TypeSnapshot {
  const sorted = new Map([...resources].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (previous && sameResources(previous.resources, sorted) && (version ?? previous.version) === previous.version) {
    return previous;
  }
  return { typeUrl, version: version ?? hashOf(sorted), resources: sorted };
}

function sameResources(a: ReadonlyMap<string, Resource>, b: ReadonlyMap<string, Resource>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, resource] of b) {
    const other = a.get(name);
    if (other !== resource && (other?.hash !== resource.hash || other.version !== resource.version)) return false;
  }
  return true;
}

function hashOf(resources: ReadonlyMap<string, Resource>): string {
  let text = "";
  for (const [name, { hash }] of resources) text += `${name}\0${hash}\n`;
  return contentHash(text);
}

/** Names that are in one of two snapshots of a type only, or in both with different content. */
export function changedNames(before: TypeSnapshot | undefined, after: TypeSnapshot | undefined): readonly string[] {
  if (before === after) return [];
  if (!before || !after) return [...(before ?? after)!.resources.keys()];
  let seen = changes.get(before);
  if (!seen) changes.set(before, (seen = new WeakMap()));
  let names = seen.get(after);
  if (!names) seen.set(after, (names = compare(before.resources, after.resources)));
  return names;
}

/** A memo of a pure function: every stream of a view asks for the same pair of snapshots. */
const changes = new WeakMap<TypeSnapshot, WeakMap<TypeSnapshot, readonly string[]>>();

function compare(before: ReadonlyMap<string, Resource>, after: ReadonlyMap<string, Resource>): string[] {
  const names: string[] = [];
  for (const [name, resource] of after) {
    const old = before.get(name);
    if (old !== resource && old?.hash !== resource.hash) names.push(name);
  }
  for (const name of before.keys()) if (!after.has(name)) names.push(name);
  return names;
}
