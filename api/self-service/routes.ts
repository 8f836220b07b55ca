/** What payees decide themselves, by messages that they sign. */
import type { WishDesk } from '../../client/self-service/wishes.js';
import { parseAddress } from '../../core/chain/checksums.js';
import { wishOf } from '../../core/self-service/rules/reading.js';
import { noQuery, type Routes } from '../request.js';
import type { createWishLimits } from './limits.js';
import { messageQuery, WISHES, wishBody } from './schemas.js';

export function wishRoutes(
  routes: Routes,
  desk: WishDesk,
  limits: ReturnType<typeof createWishLimits>,
): void {
  const path = '/v1/payees/:address/wishes';
  routes.get(path, noQuery, WISHES.show, (_, { id }) => desk.settings(parseAddress(id)));
  routes.get(`${path}/message`, messageQuery, WISHES.message, async (asked, { id }) => {
    const { kind, value, validFor } = asked;
    return desk.message(parseAddress(id), wishOf(kind, value), validFor);
  });
  routes.receive(path, wishBody, WISHES.receive, async (given, { c, id, answer }) => {
    const payee = parseAddress(id);
    await limits.count(c);
    await desk.receive(payee, given);
    return answer(201, await desk.settings(payee));
  });
}
