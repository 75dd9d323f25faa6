/** Turns the rules of a field into checks: protoc-gen-validate as Envoy's own C++ build of it understands them. */
import { type DescEnum, type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { type Any, anyIs, AnySchema, type Duration, DurationSchema, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { HeddleError } from "../base/errors.ts";
import { type FieldRules, rules as rulesOption } from "../gen/validate/validate_pb.ts";
import type { Check } from "./validate-findings.ts";
