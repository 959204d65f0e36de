// The host platform: a machine with a key, which reports usage.
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
