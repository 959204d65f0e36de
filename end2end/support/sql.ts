// What stands in the database, beside what pages say.
import { execFileSync } from "node:child_process";

/** The rows a query answers, each a list of its columns as text. */
export function sql(query: string): string[][] {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error("DATABASE_URL is not set: `cargo xtask e2e` sets it");
  const args = ["--no-psqlrc", "--tuples-only", "--no-align", "--field-separator=|", "--command", query, url];
  const printed = execFileSync("psql", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return printed.split("\n").filter((line) => line !== "").map((line) => line.split("|"));
}
