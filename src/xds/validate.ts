import type { Message } from "@bufbuild/protobuf";
/** TEMPORARY-STUB until the validation lands; see validate-walk.ts. */
export function validateResource(_typeUrl: string, _message: Message): readonly { path: string; message: string }[] {
  return [];
}
