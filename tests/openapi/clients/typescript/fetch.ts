// Unlocks tickets by a client that openapi-generator's typescript-fetch made.

import { Configuration, ResponseError, SucceededTicketsToJSON, TicketsApi } from './channel';
import { Plan, Result, runPlan } from './plan';

async function unlock({ url, accessToken, headers }: Plan, tokens: string[]): Promise<Result> {
  const tickets = new TicketsApi(new Configuration({ basePath: url, accessToken }));
  try {
    const response = await tickets.unlockTicketsRaw({
      requestID: headers['Request-ID'],
      userAgent: headers['User-Agent'],
      pACApplicationID: headers['PAC-Application-ID'],
      pACAPIKey: headers['PAC-API-Key'],
      pACChannelCode: headers['PAC-Channel-Code'],
      unlockRequest: { tokens },
    });
    return [response.raw.status, SucceededTicketsToJSON(await response.value())];
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    return [error.response.status, await error.response.json()];
  }
}

void runPlan(unlock);
