// The host platform: a machine with a key, which reports usage.
import { type ChildProcess, spawn } from "node:child_process";
import { expect, request } from "@playwright/test";

/** The server's own command makes it before the tests begin. */
function key(): string {
  const key = process.env.HOST_API_KEY;
  if (!key) throw new Error("HOST_API_KEY is not set: `cargo xtask e2e` sets it, `server api-key --name NAME` makes one");
  return key;
}

/** Without a time it happens now. */
export type UsageEvent = { id: string; type: string; subject: string; time?: string; data: { value: string } };

/** Asks for something to be made, and gives back what was. */
export async function make(path: string, data: object): Promise<Record<string, string>> {
  const host = await request.newContext({ extraHTTPHeaders: { authorization: `Bearer ${key()}` } });
  try {
    const answer = await host.post(`${process.env.BASE_URL ?? "http://127.0.0.1:3000"}${path}`, { data });
    expect(answer.status(), await answer.text()).toBe(201);
    return await answer.json();
  } finally {
    await host.dispose();
  }
}

/** Sends events as the host does, without a browser. */
export async function report(events: UsageEvent[]): Promise<{ accepted: number; duplicates: number }> {
  const host = await request.newContext({ extraHTTPHeaders: { authorization: `Bearer ${key()}` } });
  try {
    const data = events.map((event) => ({ specversion: "1.0", source: "/host", ...event }));
    const answer = await host.post(`${process.env.BASE_URL ?? "http://127.0.0.1:3000"}/v1/events`, { data });
    expect(answer.status(), await answer.text()).toBe(200);
    const { accepted, duplicates, rejected } = await answer.json();
    expect(rejected).toEqual([]);
    return { accepted, duplicates };
  } finally {
    await host.dispose();
  }
}

/** The example server of the SDK, a process of its own, as a host platform's developers would run it. */
export class HostServer {
  private constructor(private readonly program: ChildProcess, private readonly address: string) {}

  static async start(): Promise<HostServer> {
    const program = process.env.HOST_PROGRAM;
    if (!program) throw new Error("HOST_PROGRAM is not set: `cargo xtask e2e` builds and sets it");
    const env = { BILLING_URL: process.env.BASE_URL, BILLING_KEY: key(), ADDRESS: "127.0.0.1:0" };
    const child = spawn(program, { env, stdio: ["ignore", "pipe", "inherit"] });
    const address = await new Promise<string>((found, failed) => {
      child.stdout.once("data", (line: Buffer) => found(line.toString().trim()));
      child.once("exit", (code) => failed(new Error(`the example host ended with ${code}`)));
    });
    return new HostServer(child, address);
  }

  async call(method: string, path: string, customer: string): Promise<{ status: number; type: string; body: string }> {
    const answer = await fetch(`${this.address}${path}`, { method, headers: { "x-customer": customer } });
    return { status: answer.status, type: answer.headers.get("content-type") ?? "", body: await answer.text() };
  }

  stop(): void {
    this.program.kill("SIGINT");
  }
}
