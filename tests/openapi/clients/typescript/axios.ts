// Unlocks tickets by a client that openapi-generator's typescript-axios made.

import { isAxiosError } from 'axios';

import { Configuration, NoneSucceeded, SucceededTickets, TicketsApi } from './channel';
import { Plan, Result, runPlan } from './plan';

async function unlock({ url, accessToken, headers }: Plan, tokens: string[]): Promise<Result> {
  const tickets = new TicketsApi(new Configuration({ basePath: url, accessToken }));
  try {
    const response = await tickets.unlockTickets(
      headers['Request-ID'],
      headers['User-Agent'],
      headers['PAC-Application-ID'],
      headers['PAC-API-Key'],
      headers['PAC-Channel-Code'],
      { tokens },
    );
    const { success, failure }: SucceededTickets = response.data;
    return [response.status, { success, failure }];
  } catch (error) {
    if (!isAxiosError<NoneSucceeded>(error) || !error.response) throw error;
    return [error.response.status, error.response.data];
  }
}

void runPlan(unlock);
