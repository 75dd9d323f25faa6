/** Codes without a manifest to show, and what comes of them. */
import type { DiagnosticCode } from "../../src/base/diagnostic-codes.ts";

export const UNSHOWN: Partial<Record<DiagnosticCode, string>> = {
  HED1002: "The file is left out; nothing that stands in it is in force.",
  HED1003: "Nothing of the folder is read.",
  HED1005: "What stood there stays in force while Heddle runs, and is not there when it starts.",
  HED2001: "Heddle checks each resource as an Envoy would, and leaves out the one that would be refused.",
};
