/**
 * Tells what Envoy would refuse before it is sent: one resource that breaks a rule of its proto makes Envoy drop the whole
 * response that it came in.
 */
import { type DescMessage, isMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { ClusterLoadAssignmentSchema } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { envoyRegistry } from "./registry.ts";
import { checkEndpointAddresses } from "./validate-endpoint.ts";
import { createFindings, type Violation } from "./validate-findings.ts";
import { SEMANTIC_CHECKS } from "./validate-semantics.ts";
import { createWalk } from "./validate-walk.ts";

/** Compiled rules of the types seen so far: a memo of pure functions. */
const protoRules = createWalk(envoyRegistry, new Map());
const allRules = createWalk(envoyRegistry, SEMANTIC_CHECKS);

/** Violations of the validation rules that stand in the protos, also inside of every `google.protobuf.Any`. */
export function validateMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): readonly Violation[] {
  const found = createFindings();
  protoRules(schema)(message, found);
  return found.violations;
}

/**
 * Everything that is known to make Envoy refuse a resource: the rules of the protos and those that only its code has. A
 * handful of violations at the most; empty is fine.
 *
 * @param typeUrl of the resource, as it stands in an Any
 */
export function validateResource(typeUrl: string, message: Message): readonly Violation[] {
  const found = createFindings();
  const typeName = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  const schema = envoyRegistry.getMessage(typeName);
  if (!schema) found.add(`${typeUrl} is not known`);
  else if (message.$typeName !== typeName) found.add(`is a ${message.$typeName}, not a ${typeName}`);
  else {
    allRules(schema)(message, found);
    // Elsewhere these may be host names.
    if (isMessage(message, ClusterLoadAssignmentSchema)) checkEndpointAddresses(message, found);
  }
  return found.violations;
}
