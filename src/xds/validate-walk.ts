/** Walks a message and everything inside it, through `google.protobuf.Any` too, and runs the checks of each part. */
import {
  type DescMessage,
  fromBinary,
  getOption,
  isMessage,
  type MessageShape,
  type Registry,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { messageOf } from "../base/errors.ts";
import { disabled, required as requiredOption } from "../gen/validate/validate_pb.ts";
import { type Check, type Findings, hasFields } from "./validate-findings.ts";
import { fieldCheck, typeNameOf } from "./validate-rules.ts";

/** What is checked of a message beside the rules of its proto, by type name. */
export type TypeChecks = ReadonlyMap<string, Check>;

/** An entry of `TypeChecks`. */
export function typeCheck<Desc extends DescMessage>(
  schema: Desc,
  check: (message: MessageShape<Desc>, found: Findings) => void,
): readonly [string, Check] {
  return [
    schema.typeName,
    (value, found) => {
      if (isMessage(value, schema)) check(value, found);
    },
  ];
}

/**
 * Makes the check of a whole message. The rules of a type are compiled when it is first seen and kept.
 *
 * @param registry types that are looked into where an Any holds one; others are passed over
 * @throws HeddleError XDS_RULE, from the check: the protos hold a rule that this program does not know
 */
export function createWalk(registry: Registry, extra: TypeChecks): (schema: DescMessage) => Check {
  const compiled = new Map<DescMessage, Check>();

  function checkOf(desc: DescMessage): Check {
    let check = compiled.get(desc);
    if (!check) compiled.set(desc, (check = compile(desc)));
    return check;
  }

  function descend(desc: DescMessage): Check | undefined {
    if (desc.typeName === AnySchema.typeName) return packed;
    if (desc.typeName.startsWith("google.protobuf.")) return extra.get(desc.typeName);
    // Types refer to each other in circles, so the other type is compiled no sooner than a value of it is met.
    let check: Check | undefined;
    return (value, found) => (check ??= checkOf(desc))(value, found);
  }

  function packed(value: unknown, found: Findings): void {
    if (!isMessage(value, AnySchema)) return;
    const schema = registry.getMessage(typeNameOf(value));
    if (!schema) return;
    let message: MessageShape<typeof schema>;
    try {
      message = fromBinary(schema, value.value);
    } catch (thrown) {
      found.add(`does not hold a ${schema.typeName}: ${messageOf(thrown)}`);
      return;
    }
    checkOf(schema)(message, found);
  }

  function compile(desc: DescMessage): Check {
    const own = extra.get(desc.typeName);
    if (getOption(desc, disabled)) return own ?? (() => {});
    const fields = desc.fields.flatMap((field) => {
      const check = field.oneof ? undefined : fieldCheck(field, descend);
      return check ? [{ key: field.localName, name: field.name, check }] : [];
    });
    const oneofs = desc.oneofs.map((oneof) => ({
      key: oneof.localName,
      name: oneof.name,
      required: getOption(oneof, requiredOption),
      members: new Map(
        oneof.fields.map((field) => [field.localName, { name: field.name, check: fieldCheck(field, descend) }]),
      ),
    }));
    return (message, found) => {
      if (!hasFields(message)) return;
      for (const { key, name, check } of fields) {
        found.enter(name);
        check(message[key], found);
        found.leave();
      }
      for (const { key, name, required, members } of oneofs) {
        const chosen = message[key];
        if (!hasFields(chosen) || typeof chosen["case"] !== "string") {
          if (required) found.add("one of its fields is required", [name]);
          continue;
        }
        const member = members.get(chosen["case"]);
        if (!member?.check) continue;
        found.enter(member.name);
        member.check(chosen["value"], found);
        found.leave();
      }
      own?.(message, found);
    };
  }

  return checkOf;
}
