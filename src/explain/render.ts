/** The look of an explanation: labelled lines from the application to the endpoints, in the manner of `heddle describe`. */
import type { Destination } from "./destination.ts";
import type { Explanation, Outcome } from "./explain.ts";
import type { SentRequest } from "./request.ts";
import type { PassedOver, Routing } from "./routing.ts";
import type { Withheld } from "./withheld.ts";

export type Paint = (style: "red" | "green" | "yellow" | "dim" | "bold", text: string) => string;

export interface Subject {
  /** `web.shop`. */
  readonly from: string;
  readonly capture: string;
  readonly request: SentRequest;
  readonly tcp: boolean;
}

const LABEL = 14;
/** Most endpoints of one cluster, and most routes, that are shown. */
const SHOWN = 20;

export function render(explanation: Explanation, subject: Subject, paint: Paint): string {
  const { connection, because, listener, chain, routing, withheld, effects, outcome } = explanation;
  const { from, capture, request, tcp } = subject;
  const asked = tcp
    ? `a connection to ${request.authority}`
    : `${request.method} http://${request.authority}${request.path}`;
  return [
    field("Request", paint("bold", asked)),
    field("From", `${from}, ${capture} capture`),
    "\n",
    field("Connects to", aside(connection, because, paint)),
    listener ? field("Listener", aside(listener.name, listener.how, paint)) : "",
    chain ? field("Filter chain", aside(chain.name, chain.how, paint)) : "",
    routing ? routingLines(routing, withheld, paint) : "",
    ...effects.map((effect, index) => field(index === 0 ? "Also" : "", effect)),
    "\n",
    outcomeLines(outcome, paint),
  ].join("");
}

function routingLines(routing: Routing, withheld: readonly Withheld[], paint: Paint): string {
  const { table, virtualHost, domain, how, passedOver, route } = routing;
  return [
    field("Route table", table),
    field("Virtual host", aside(virtualHost, `its domain ${domain} ${how}`, paint)),
    withheld.length > 0 ? `For other callers:\n${reasonLines(withheld, paint)}` : "",
    passedOver.length > 0 ? `Passed over:\n${reasonLines(passedOver, paint)}` : "",
    route ? field("Route", aside(paint("green", route.name), routeWords(route.match), paint)) : "",
  ].join("");
}

function routeWords(match: string): string {
  return match === "every request" ? "for every request" : match;
}

function reasonLines(routes: readonly (PassedOver | Withheld)[], paint: Paint): string {
  const width = Math.max(...routes.slice(0, SHOWN).map(({ name }) => name.length));
  const lines = routes.slice(0, SHOWN).map(({ name, why }) => `  ${paint("red", "✗")} ${name.padEnd(width)}  ${why}\n`);
  return lines.join("") + more(routes.length, "routes");
}

function outcomeLines(outcome: Outcome, paint: Paint): string {
  switch (outcome.kind) {
    case "forwarded":
      return [
        outcome.sentOn ? field("Asks there", `${outcome.sentOn.authority}${outcome.sentOn.path}`) : "",
        `${paint("bold", "Goes to:")}\n${outcome.destinations.map((to) => destinationLines(to, paint)).join("")}`,
        outcome.mirrors.length > 0
          ? `Copies go to:\n${outcome.mirrors.map((to) => destinationLines(to, paint)).join("")}`
          : "",
      ].join("");
    case "redirected":
      return field("Answer", paint("bold", `${outcome.status}, go to ${outcome.location}`));
    case "answered": {
      const body = outcome.body === "" ? "" : ` ${JSON.stringify(outcome.body)}`;
      return field("Answer", aside(paint("bold", `${outcome.status}${body}`), `from ${outcome.by}`, paint));
    }
    case "refused": {
      const answer = outcome.status === 0 ? "the connection is refused" : String(outcome.status);
      return field("Answer", aside(paint("red", answer), outcome.why, paint));
    }
    case "direct":
      return field("Goes past", aside("the sidecar never sees it", outcome.why, paint));
  }
}

function destinationLines({ cluster, share, endpoints, note }: Destination, paint: Paint): string {
  const percent = `${Number((100 * share).toFixed(2))}%`;
  const width = Math.max(...endpoints.slice(0, SHOWN).map(({ address }) => address.length), 0);
  const spread = new Set(endpoints.map(({ priority }) => priority)).size > 1;
  const lines = endpoints.slice(0, SHOWN).map(({ address, ready, priority, locality }) => {
    const state = ready ? paint("green", "ready") : paint("yellow", "not ready");
    const words = [state, locality, spread ? `priority ${priority}` : ""].filter((part) => part !== "");
    return `        ${address.padEnd(width)}  ${words.join(", ")}\n`;
  });
  const said = note === "" ? "" : `: ${note.endsWith("503") ? paint("red", note) : note}`;
  return `  ${percent.padStart(4)}  ${cluster}${said}\n${lines.join("")}${more(endpoints.length, "endpoints", "        ")}`;
}

function more(count: number, what: string, indent = "  "): string {
  return count > SHOWN ? `${indent}and ${count - SHOWN} more ${what}\n` : "";
}

function field(label: string, value: string): string {
  return `${(label === "" ? "" : `${label}:`).padEnd(LABEL)}${value}\n`;
}

function aside(value: string, why: string, paint: Paint): string {
  return `${value}  ${paint("dim", `(${why})`)}`;
}
