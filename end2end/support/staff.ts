// What staff does on the command line, beside the server that runs.
import { execFileSync } from "node:child_process";

/** What the command prints; one that is refused fails the test with its sentence. */
export function staff(...args: string[]): string {
  const server = process.env.SERVER_PROGRAM;
  if (!server) throw new Error("SERVER_PROGRAM is not set: `cargo xtask e2e` sets it, with the settings the program reads");
  return execFileSync(server, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}
