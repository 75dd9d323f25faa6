/** Requests from a pod, and what became of them. */
import type { Mesh, Pod } from "./mesh.ts";

/** As `app.ts` counts. */
export interface Outcome {
  readonly sent: number;
  /** By the first word of the body, or by what went wrong. */
  readonly answers: Readonly<Record<string, number>>;
  /** By the whole body. */
  readonly bodies: Readonly<Record<string, number>>;
  readonly milliseconds: readonly number[];
}

export interface Calls {
  readonly url: string;
  readonly count: number;
  readonly parallel: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function callMany(mesh: Mesh, from: Pod, calls: Calls): Promise<Outcome> {
  return mesh.control<Outcome>(from, "/call", calls);
}

/** Requests per second of the load under which things happen. */
const RATE = 120;

/** What happens meanwhile happens under load; resolves with what became of the requests. */
export async function underLoad(mesh: Mesh, from: Pod, url: string, meanwhile: () => Promise<void>): Promise<Outcome> {
  await mesh.control(from, "/load", { url, rps: RATE });
  try {
    await meanwhile();
  } finally {
    // On the way when the last thing happened.
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  return mesh.control<Outcome>(from, "/stop");
}

/** Answers that are none of the versions: what a user would call an error. */
export function failures({ answers }: Outcome): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(answers).filter(([answer]) => !/^v\d+$/.test(answer)));
}

/** The value below which a share of the others lie. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

/** How far a share of `count` independent requests is from what is wanted, in standard deviations. */
export function deviation(part: number | undefined, count: number, wanted: number): number {
  const distance = Math.abs((part ?? 0) / count - wanted);
  return distance === 0 ? 0 : distance / Math.sqrt((wanted * (1 - wanted)) / count);
}
