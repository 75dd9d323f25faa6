#!/usr/bin/env node
/** `heddle`: one file a command. Standard output is data, standard error is talk. */
import { Command, CommanderError } from "commander";
import { HeddleError, messageOf } from "../base/errors.ts";
import { analyzeCommand } from "./analyze.ts";
import { bootstrapCommand } from "./bootstrap.ts";
import { checkCommand } from "./check/command.ts";
import { describeCommand } from "./describe.ts";
import { explainCommand } from "./explain.ts";
import { EXIT } from "./exit.ts";
import { injectCommand } from "./inject.ts";
import { proxyStatusCommand } from "./proxy-status.ts";
import { serveCommand } from "./serve.ts";
import { translateCommand } from "./translate.ts";
import { VERSION, versionCommand } from "./version.ts";

/** Runs one command line; the exit code is left in `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("heddle")
    .description("A service-mesh control plane that speaks xDS to stock Envoy sidecars.")
    .version(VERSION, "-V, --version", "print the version")
    .helpCommand("help [command]", "show the help of a command")
    .configureHelp({ sortSubcommands: true, showGlobalOptions: false })
    .showSuggestionAfterError()
    .showHelpAfterError("(--help shows what is possible)")
    .exitOverride();
  for (const command of [
    serveCommand(),
    bootstrapCommand(),
    translateCommand(),
    analyzeCommand(),
    checkCommand(),
    describeCommand(),
    explainCommand(),
    injectCommand(),
    proxyStatusCommand(),
    versionCommand(),
  ]) {
    program.addCommand(command.exitOverride().copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = failed(error);
  }
}

/** Says what went wrong, if nobody has, and gives the exit code. */
function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  process.stderr.write(`heddle: ${messageOf(error)}\n`);
  if (error instanceof HeddleError && ["SOURCE_UNREADABLE", "NOT_FOUND"].includes(error.code)) return EXIT.usage;
  if (!(error instanceof HeddleError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return EXIT.failure;
}

if (import.meta.main) {
  // Whoever reads the output may have seen enough, as `head` does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failure),
  );
  await main(process.argv.slice(2));
}
