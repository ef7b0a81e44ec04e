// Flows in Hubble's JSON.
import { z } from 'zod';
import { costNote, coverageNote } from '../envelope.ts';

export const flowLine = z
  .looseObject({
    flow: z.looseObject({}).optional().describe('A flow, as `hubble observe -o jsonpb` prints it'),
    lost_events: z.looseObject({}).optional(),
    node_status: z.looseObject({}).optional(),
    node_name: z.string().optional(),
    time: z.unknown().optional().describe('RFC 3339'),
  })
  .meta({
    id: 'FlowResponse',
    description:
      'Hubble’s GetFlowsResponse in JSON: a flow, lost events or node status. Streams with notices also have `{"parallax":…}`.',
    examples: [
      {
        flow: { time: '2026-03-14T10:00:00Z', verdict: 'DROPPED', node_name: 'eu/worker-1' },
        node_name: 'eu/worker-1',
        time: '2026-03-14T10:00:00Z',
      },
    ],
  });

export const pageDocument = z.object({
  flows: z.array(flowLine),
  cursor: z.string().nullable().describe('Cursor of the next page; null on the last page'),
  next: z.string().nullable().describe('Path and query string of the next page, for GET'),
  notices: z.array(z.string()),
  coverage: coverageNote,
  cost: costNote,
});

export const eventOf = z
  .object({
    event: z
      .enum(['flow', 'lost_events', 'node_status', 'event', 'progress', 'notice', 'problem', 'end'])
      .optional(),
    id: z.string().optional().describe('Resume after it with `last-event-id`.'),
    data: z
      .string()
      .optional()
      .meta({ contentMediaType: 'application/json' })
      .describe('JSON in one line.'),
    retry: z.unknown().optional().describe('Milliseconds after which a client reconnects.'),
  })
  .describe(
    'Each event: `flow` (or `lost_events`, `node_status`) with a FlowResponse as `data` and an `id` to resume from; `notice`, `progress` and `problem`; `end` with coverage and cost at the end. Comments keep an idle stream open.',
  );

export const oneFlowAnswer = z.object({
  uuid: z.string(),
  observations: z.array(
    z.object({
      cluster: z.string().describe('Key of the cluster it was collected from'),
      node: z.string(),
      response: flowLine,
    }),
  ),
});
