// The routes of alerts: deliveries of incident events, and having it told again. Receivers are told of every cluster,
// so only who may see every cluster and namespace may ask.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DELIVERY_STATES, type DeliveryService } from '../../../incident/delivery.ts';
import { INCIDENT_EVENT_KINDS } from '../../../incident/incident-event.ts';
import { limitField } from '../../../query/request/fields.ts';
import { ParallaxError } from '../../../runtime/errors.ts';
import type { Principal } from '../../principal.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';

export interface AlertRouteDeps extends RouteDeps {
  /** Absent: there are no such routes. */
  readonly deliveries?: DeliveryService | undefined;
}

const MAX_KEYS = 1000;
const MAX_LIST = 10_000;
const DEFAULT_LIST = 20;
const tag = 'denials';

const key = z.string().regex(/^[0-9a-f]{32}$/, 'expected the `key` of an event, 32 hex digits');
const receiver = z.string().min(1).max(63).describe('Only of this receiver.');
const keys = z.array(key).max(MAX_KEYS).describe('Keys of events.');
const dead = z.boolean().describe('All that were given up; with `keys`, those of them.');

const redeliverInput = z.union(
  [
    z.strictObject({ keys: keys.min(1), receiver: receiver.optional(), dead: dead.optional() }),
    z.strictObject({
      keys: keys.max(0).optional(),
      receiver: receiver.optional(),
      dead: z.literal(true).describe('All that were given up.'),
    }),
  ],
  {
    error: `name 1 to ${MAX_KEYS} \`keys\` of events, or say \`"dead": true\` for all that were given up; with \`receiver\` only to one`,
  },
);

const deliverySchema = z.object({
  receiver: z.string(),
  key: z.string().describe('Of the event.'),
  kind: z.enum(INCIDENT_EVENT_KINDS),
  state: z.enum(DELIVERY_STATES).describe('Told; given up; to be told again.'),
  attempts: z.int().min(0),
  status: z.int().min(0).describe('HTTP status of the last attempt; 0 without one.'),
  reason: z.string(),
  cursor: z.string().describe('Place of the event in the log.'),
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
    description: 'The newest first. Only for who may see every cluster and namespace.',
    tag,
    input: z.strictObject({
      receiver: receiver.optional(),
      state: z.enum(DELIVERY_STATES).optional().describe('Only these.'),
      limit: limitField(MAX_LIST, DEFAULT_LIST).describe('How many at most.'),
    }),
    output: z.object({ deliveries: z.array(deliverySchema) }),
    answer: async ({ input, principal, signal }) => {
      checkSeesAll(principal);
      return { deliveries: await deliveries.list(input, signal) };
    },
  });
  addDocumentRoute(app, deps, {
    // Two colons: the router takes one for the beginning of a parameter.
    path: '/api/v1/alerts/deliveries::redeliver',
    methods: 'post',
    summary: 'Have events told again',
    description:
      'Under the same keys, by whoever runs the notifiers, within seconds. Only for who may see every cluster and namespace.',
    tag,
    input: redeliverInput,
    output: z.object({
      again: z.int().min(0).describe('So many will be told again.'),
      more: z.boolean().describe('There are more than are taken at once: ask again.'),
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
    `deliveries are of every cluster and namespace, of which ${name} may see some only; ask with a token without limits`,
  );
}
