// The plan that both drivers get as their argument, as JSON, and how they print what they read.

declare const process: { argv: string[] };

export interface Plan {
  url: string;
  accessToken: string;
  headers: { [name: string]: string };
  cases: { [name: string]: string[] };
}

export type Result = [number, unknown];

export async function runPlan(
  unlock: (plan: Plan, tokens: string[]) => Promise<Result>,
): Promise<void> {
  const plan: Plan = JSON.parse(process.argv[2]);
  const results: { [name: string]: Result } = {};
  for (const [name, tokens] of Object.entries(plan.cases)) {
    results[name] = await unlock(plan, tokens);
  }
  console.log(JSON.stringify(results));
}
