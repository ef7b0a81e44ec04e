import { Counter, Gauge, type Registry } from 'prom-client';

export function liveMetrics(registry: Registry) {
  const registers = [registry];
  return {
    clients: new Gauge({
      name: 'parallax_live_clients',
      help: 'Clients that follow new flows.',
      registers,
    }),
    queued: new Gauge({
      name: 'parallax_live_pending_bytes',
      help: 'Bytes of batches that wait to be looked at for live clients.',
      registers,
    }),
    held: new Gauge({
      name: 'parallax_live_held_bytes',
      help: 'Bytes of responses that wait for live clients, all of them together.',
      registers,
    }),
    incompleteStarts: new Counter({
      name: 'parallax_live_unsettled_total',
      help: 'Live streams with history that began before all that was published was known to be stored (api.live.storeLag).',
      registers,
    }),
    responses: new Counter({
      name: 'parallax_live_responses_total',
      help: 'Responses looked at for live clients; each once, however many clients there are.',
      registers,
    }),
    malformed: new Counter({
      name: 'parallax_live_malformed_total',
      help: 'Batches and responses that could not be decoded for live clients.',
      registers,
    }),
    celFailures: new Counter({
      name: 'parallax_live_unjudged_total',
      help: 'Flows that a live client’s CEL expression could not be evaluated for; they do not match.',
      registers,
    }),
    dropped: new Counter({
      name: 'parallax_live_dropped_total',
      help: 'Responses not given to a live client, by cause: the client, or all of them together, were too slow, or its history was being read (joining: it is then read from the store).',
      labelNames: ['cause'],
      registers,
    }),
  };
}

export type LiveMetrics = ReturnType<typeof liveMetrics>;
