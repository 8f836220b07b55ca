/** The section `revenue`: where the chain shows what the pool's tickets bring. */
import { z } from 'zod';
import { account, orNull } from '../reading/kinds.js';

export const revenueSection = z
  .strictObject({
    /** The accounts for which the pool's orchestrators redeem tickets. Empty: nobody looks for what was redeemed. */
    recipients: z.array(account(), 'give a list of addresses').prefault([]),
    /** Livepeer's TicketBroker, whose log says what a redemption brought. */
    ticketBroker: orNull(account()),
  })
  .refine(
    ({ recipients, ticketBroker }) => recipients.length > 0 === (ticketBroker !== null),
    'give both recipients and ticketBroker, or neither',
  );
