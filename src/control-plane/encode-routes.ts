/** Route tables out of virtual hosts that are checked and encoded once, however many tables and versions of them hold them. */
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type VirtualHost, VirtualHostSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { type RouteConfiguration, RouteConfigurationSchema } from "../gen/envoy/config/route/v3/route_pb.ts";
import { ROUTE } from "../xds/index.ts";
import { validateResource } from "../xds/validate.ts";

interface EncodedHost {
  /** As the field `virtual_hosts` (2) of a table. */
  readonly field: Uint8Array;
  /** Letter case does not count. */
  readonly domains: readonly string[];
}

/** The bytes of a table that Envoy accepts; undefined for any other one. */
export type RouteEncoder = (table: RouteConfiguration) => Uint8Array | undefined;

export function createRouteEncoder(): RouteEncoder {
  const hosts = new WeakMap<VirtualHost, EncodedHost | "refused">();

  function hostOf(host: VirtualHost): EncodedHost | "refused" {
    let encoded = hosts.get(host);
    if (!encoded) hosts.set(host, (encoded = encodeHost(host)));
    return encoded;
  }

  return (table) => {
    const owned = new Set<string>();
    const fields: Uint8Array[] = [];
    for (const host of table.virtualHosts) {
      const encoded = hostOf(host);
      if (encoded === "refused") return undefined;
      fields.push(encoded.field);
      for (const domain of encoded.domains) {
        // Of one table, each domain belongs to one virtual host.
        if (owned.has(domain)) return undefined;
        owned.add(domain);
      }
    }
    const head: RouteConfiguration = { ...table, virtualHosts: [] };
    if (validateResource(ROUTE, head).length > 0) return undefined;
    return Buffer.concat([toBinary(RouteConfigurationSchema, head), ...fields]);
  };
}

function encodeHost(host: VirtualHost): EncodedHost | "refused" {
  // In a table of its own, since some rules are those of the table.
  const alone = create(RouteConfigurationSchema, { name: "alone", virtualHosts: [host] });
  if (validateResource(ROUTE, alone).length > 0) return "refused";
  const writer = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(toBinary(VirtualHostSchema, host));
  return { field: writer.finish(), domains: host.domains.map((domain) => domain.toLowerCase()) };
}
