// Deliveries of incident events, and their redelivery. Receivers get events of every cluster, so these routes need a token
// without a scope.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DELIVERY_STATES, type DeliveryService } from '../../../incident/delivery.ts';
import { INCIDENT_EVENT_KINDS } from '../../../incident/incident-event.ts';
import { limitField } from '../../../query/request/fields.ts';
import { ParallaxError } from '../../../runtime/errors.ts';
import type { Principal } from '../../principal.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';

export interface AlertRouteDeps extends RouteDeps {
  /** Absent: the routes are not served. */
  readonly deliveries?: DeliveryService | undefined;
}

const MAX_KEYS = 1000;
const MAX_LIST = 10_000;
const DEFAULT_LIST = 20;
const tag = 'denials';

const key = z.string().regex(/^[0-9a-f]{32}$/, 'expected the `key` of an event, 32 hex digits');
const receiver = z.string().min(1).max(63).describe('Of this receiver only.');
const keys = z.array(key).max(MAX_KEYS).describe('Keys of events.');
const dead = z.boolean().describe('All dead deliveries; with `keys`, the dead ones among these.');

const redeliverInput = z.union(
  [
    z.strictObject({ keys: keys.min(1), receiver: receiver.optional(), dead: dead.optional() }),
    z.strictObject({
      keys: keys.max(0).optional(),
      receiver: receiver.optional(),
      dead: z.literal(true).describe('All dead deliveries.'),
    }),
  ],
  {
    error: `name 1 to ${MAX_KEYS} \`keys\` of events, or set \`"dead": true\` for all dead deliveries; \`receiver\` limits either to one receiver`,
  },
);

const deliverySchema = z.object({
  receiver: z.string(),
  key: z.string().describe('Key of the event.'),
  kind: z.enum(INCIDENT_EVENT_KINDS),
  state: z
    .enum(DELIVERY_STATES)
    .describe('`delivered`; `dead` after the last attempt; `again` when it will be sent again.'),
  attempts: z.int().min(0),
  status: z.int().min(0).describe('HTTP status of the last attempt; 0 if it got none.'),
  reason: z.string(),
  cursor: z.string().describe('Position of the event in the log.'),
  incident: z.string().describe('Id of the incident.'),
  at: z.string().describe('RFC 3339, UTC.'),
});

export function addAlertRoutes(app: FastifyInstance, deps: AlertRouteDeps): void {
  const { deliveries } = deps;
  if (deliveries === undefined) return;
  addDocumentRoute(app, deps, {
    path: '/api/v1/alerts/deliveries',
    methods: 'get',
    summary: 'Deliveries of incident events to receivers',
    description: 'Newest first. Requires a token that may read every cluster and namespace.',
    tag,
    input: z.strictObject({
      receiver: receiver.optional(),
      state: z.enum(DELIVERY_STATES).optional().describe('In this state only.'),
      limit: limitField(MAX_LIST, DEFAULT_LIST).describe('Maximum number.'),
    }),
    output: z.object({ deliveries: z.array(deliverySchema) }),
    answer: async ({ input, principal, signal }) => {
      checkSeesAll(principal);
      return { deliveries: await deliveries.list(input, signal) };
    },
  });
  addDocumentRoute(app, deps, {
    // Two colons: the router reads one as the start of a parameter.
    path: '/api/v1/alerts/deliveries::redeliver',
    methods: 'post',
    summary: 'Send events again',
    description:
      'The process that runs the notifiers sends them within seconds, under the same keys. Requires a token that may read every cluster and namespace.',
    tag,
    input: redeliverInput,
    output: z.object({
      again: z.int().min(0).describe('Number of events that will be sent again.'),
      more: z.boolean().describe('More remain than one request covers; repeat it.'),
    }),
    answer: async ({ input, principal, signal }) => {
      checkSeesAll(principal);
      const { keys = [], dead = false, receiver } = input;
      return deliveries.redeliver({ keys, dead, receiver }, signal);
    },
  });
}

function checkSeesAll({ name, scope }: Principal): void {
  if (scope?.clusters === undefined && scope?.namespaces === undefined) return;
  throw new ParallaxError(
    'auth/forbidden',
    `deliveries cover every cluster and namespace, and ${name} may read some only; use a token without a scope`,
  );
}
