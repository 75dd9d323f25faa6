/** What the demonstration shows, in its order. */
import { crash } from "./steps/crash.ts";
import { join } from "./steps/join.ts";
import { rollOutByDocument, rollOutBySession } from "./steps/roll-out.ts";
import { control, together } from "./steps/together.ts";
import { truth } from "./steps/truth.ts";
import type { Office, OfficeStep } from "./system.ts";

const DOCUMENTS = 120;
/** Characters a second. */
const TYPING = 100;

/** One crowd for all that happens, so that at its end nothing that it typed may be missing. */
async function busyDay(office: Office): Promise<void> {
  const crowd = office.apps.crowd({ documents: DOCUMENTS, typing: TYPING });
  await together(office, crowd);
  await join(office, crowd);
  await rollOutByDocument(office, crowd);
  await crash(office, crowd);
  await truth(office, crowd);
}

export const steps: readonly OfficeStep[] = [control, rollOutBySession, busyDay];
