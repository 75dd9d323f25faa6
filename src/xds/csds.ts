/** Client status discovery (CSDS): what each connected client was sent and has accepted, in Envoy's own API. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  status as Code,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { messageOf } from "../base/errors.ts";
import {
  type ClientConfig,
  type ClientConfig_GenericXdsConfig,
  ClientConfig_GenericXdsConfigSchema,
  ClientConfigSchema,
  ClientStatusDiscoveryService,
  type ClientStatusRequest,
  ClientStatusRequestSchema,
  ClientStatusResponseSchema,
  ConfigStatus,
} from "../gen/envoy/service/status/v3/csds_pb.ts";
import type { StringMatcher } from "../gen/envoy/type/matcher/v3/string_pb.ts";
import type { NodeInfo } from "./node.ts";
import { knownNames, knownOf } from "./knowledge.ts";
import type { SessionState } from "./session-state.ts";
import { rawService } from "./services.ts";
import { SECRET } from "./type-url.ts";
import type { TypeState } from "./type-state.ts";
import type { RawCall } from "./wire.ts";

/** A connected client, as CSDS shows it. */
export interface CsdsClient {
  readonly node: NodeInfo;
  readonly state: Readonly<SessionState>;
}

/** The service, to be added to a gRPC server. It is as confidential as the configuration: serve it where xDS is served. */
export function csdsService(clients: () => Iterable<CsdsClient>): {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
} {
  const answer = (bytes: Buffer): Buffer => {
    const request = fromBinary(ClientStatusRequestSchema, bytes);
    const config = [...clients()].filter(({ node }) => matches(request, node)).map((c) => describe(c, request));
    return Buffer.from(toBinary(ClientStatusResponseSchema, create(ClientStatusResponseSchema, { config })));
  };
  const failure = (error: unknown) => ({ code: Code.INVALID_ARGUMENT, details: messageOf(error) });

  return {
    definition: rawService(ClientStatusDiscoveryService),
    implementation: {
      StreamClientStatus(call: RawCall) {
        call.on("data", (bytes: Buffer) => {
          try {
            // A client that does not read its answers is asked nothing more.
            if (!call.write(answer(bytes))) call.pause();
          } catch (error) {
            call.emit("error", failure(error));
          }
        });
        call.on("drain", () => call.resume());
        call.on("end", () => call.end());
      },
      FetchClientStatus(call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) {
        try {
          respond(null, answer(call.request));
        } catch (error) {
          respond(failure(error));
        }
      },
    },
  };
}

/** Any matcher may match; none given matches all. Only node ids can be matched on: the rest of the node is not kept. */
function matches({ nodeMatchers }: ClientStatusRequest, node: NodeInfo): boolean {
  if (nodeMatchers.length === 0) return true;
  return nodeMatchers.some(({ nodeId, nodeMetadatas }) => {
    if (nodeMetadatas.length > 0) throw new Error("node_metadatas: node metadata is not kept; match on node_id");
    return nodeId === undefined || matchesText(nodeId, node.id);
  });
}

function matchesText({ matchPattern, ignoreCase }: StringMatcher, text: string): boolean {
  const fold = (s: string): string => (ignoreCase ? s.toLowerCase() : s);
  const subject = fold(text);
  switch (matchPattern.case) {
    case "exact":
      return subject === fold(matchPattern.value);
    case "prefix":
      return subject.startsWith(fold(matchPattern.value));
    case "suffix":
      return subject.endsWith(fold(matchPattern.value));
    case "contains":
      return subject.includes(fold(matchPattern.value));
    default:
      throw new Error("node_id: use exact, prefix, suffix or contains");
  }
}

function describe({ node, state }: CsdsClient, { excludeResourceContents }: ClientStatusRequest): ClientConfig {
  const genericXdsConfigs = [...state.types.values()].flatMap((type) =>
    describeType(type, !excludeResourceContents && type.typeUrl !== SECRET),
  );
  return create(ClientConfigSchema, {
    node: { id: node.id, cluster: node.cluster, locality: { region: node.region, zone: node.zone } },
    genericXdsConfigs,
  });
}

function describeType(type: TypeState, contents: boolean): ClientConfig_GenericXdsConfig[] {
  const inFlight = new Set(type.outstanding.flatMap((o) => o.changed));
  return [...knownNames(type)].flatMap((name) => {
    const known = knownOf(type, name);
    if (!known || known.kind === "absent") return [];
    const resource = known.kind === "resource" ? known.resource : undefined;
    const reason = type.refused.get(name);
    return create(ClientConfig_GenericXdsConfigSchema, {
      typeUrl: type.typeUrl,
      name,
      versionInfo: known.kind === "version" ? known.version : (resource?.version ?? ""),
      configStatus: configStatus(reason, inFlight.has(name) || type.dirty.has(name)),
      ...(contents && resource ? { xdsConfig: { typeUrl: resource.typeUrl, value: resource.bytes } } : {}),
      ...(reason === undefined ? {} : { errorState: { details: reason } }),
    });
  });
}

function configStatus(refusal: string | undefined, pending: boolean): ConfigStatus {
  if (refusal !== undefined) return ConfigStatus.ERROR;
  return pending ? ConfigStatus.STALE : ConfigStatus.SYNCED;
}
