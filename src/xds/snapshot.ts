import { contentHash } from "../base/hash.ts";
import type { Resource } from "./resource.ts";

/** All resources of one type in one view. Immutable; the same object while nothing in it changes. */
export interface TypeSnapshot {
  readonly typeUrl: string;
  /** SotW `version_info` and Delta `system_version_info`. */
  readonly version: string;
  /** The version is the hash of the contents, not one that the caller gave. */
  readonly byContent: boolean;
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
  readonly resources?: Iterable<Resource>;
  readonly versions?: Versions;
}

/** Snapshots of a type that may turn out to be what is asked for; the caller's, to be shared between views. */
export type Candidates = (typeUrl: string) => Iterable<TypeSnapshot>;

/**
 * Builds a snapshot. A type that comes out with the contents and versions of a candidate is that very object: views that have the
 * same resources share them, and what did not change keeps its identity.
 */
export function buildSnapshot(
  { resources = [], versions = {} }: SnapshotInput,
  candidates: Candidates = () => [],
): Snapshot {
  const types = new Map<string, TypeSnapshot>();
  for (const [typeUrl, group] of Map.groupBy(resources, (resource) => resource.typeUrl)) {
    const { type: version, resources: named = {} } = versions[typeUrl] ?? {};
    const own = group.map((resource) => withVersion(resource, named[resource.name]));
    types.set(typeUrl, findSame(own, version, candidates(typeUrl)) ?? buildType(typeUrl, own, version));
  }
  return { types };
}

/** All resources of one type; of two with one name the later wins. The version is the hash of the contents. */
export function createTypeSnapshot(typeUrl: string, resources: readonly Resource[]): TypeSnapshot {
  return buildType(typeUrl, resources, undefined);
}

function withVersion(resource: Resource, version: string | undefined): Resource {
  return version === undefined ? resource : { ...resource, version };
}

function findSame(
  resources: readonly Resource[],
  version: string | undefined,
  candidates: Iterable<TypeSnapshot>,
): TypeSnapshot | undefined {
  for (const candidate of candidates) {
    if (version !== undefined && version !== candidate.version) continue;
    if (version === undefined && !candidate.byContent) continue;
    if (resources.length === candidate.resources.size && resources.every((r) => isIn(candidate, r))) return candidate;
  }
  return undefined;
}

function isIn({ resources }: TypeSnapshot, resource: Resource): boolean {
  const other = resources.get(resource.name);
  return other === resource || (other?.hash === resource.hash && other.version === resource.version);
}

function buildType(typeUrl: string, resources: readonly Resource[], version: string | undefined): TypeSnapshot {
  const byName = new Map(resources.map((resource) => [resource.name, resource]));
  const sorted = new Map([...byName].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { typeUrl, version: version ?? hashOf(sorted), byContent: version === undefined, resources: sorted };
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
