/** Codes without a manifest to show, and what comes of them. */
import type { DiagnosticCode } from "../../src/base/diagnostic-codes.ts";

export const UNSHOWN: Partial<Record<DiagnosticCode, string>> = {
  HED1002: "The file is left out; nothing that stands in it is in force.",
  HED1003: "Nothing of the folder is read.",
  HED1005: "What stood there stays in force while Heddle runs, and is not there when it starts.",
  HED2001: "Heddle checks each resource as an Envoy would, and leaves out the one that would be refused.",
  HED2105: "The pod has no address yet. Its sidecar gets everything but the ports that it serves.",
  HED2106: "Two listeners of a sidecar would have one address. The first one has it.",
  HED2107: "What is captured comes in by this port, and an application that listens on it would be asked in a circle.",
};
