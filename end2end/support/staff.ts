// What staff does on the command line, beside the server that runs.
import { execFileSync } from "node:child_process";

/** What the command prints; one that is refused fails the test with its sentence. */
export function staff(...args: string[]): string {
  const server = process.env.SERVER_PROGRAM;
  if (!server) throw new Error("SERVER_PROGRAM is not set: `cargo xtask e2e` sets it, with the settings the program reads");
  // The settings of the installation alone: nothing of the caller's reaches the server either.
  const { PATH, HOME, TMPDIR, LANG, DATABASE_URL, DATA_DIR } = process.env;
  const env = { PATH, HOME, TMPDIR, LANG, DATABASE_URL, DATA_DIR };
  return execFileSync(server, args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] }).trim();
}
