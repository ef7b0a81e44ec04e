// Settings of the collectors: which clusters there are and how their relays are read.
import { accessSync, constants } from 'node:fs';
import { z } from 'zod';
import { duration, size } from '../config/values.ts';
import { parsePrefix } from '../hubble/filter/address.ts';
import { kubernetesConfig } from './kubernetes-config.ts';
import { parseRelayAddress } from './relay/address.ts';

export const relayTlsConfig = z
  .strictObject({
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of the authorities that may sign the relay; the system’s when left out'),
    cert: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of the client certificate, for relays that ask for one (mTLS)'),
    key: z.string().min(1).optional().describe('PEM file of the client certificate’s key'),
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Name expected in the relay’s certificate when it is not the host, e.g. ui.hubble-relay.cilium.io',
      ),
    insecureSkipVerify: z
      .boolean()
      .default(false)
      .describe(
        'Accept any certificate; an attacker on the path can read and change flows. For tests only',
      ),
  })
  .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), {
    message: 'cert and key belong together: give both for mTLS, or neither',
  });
export type RelayTlsConfig = z.infer<typeof relayTlsConfig>;

const cidr = z
  .string()
  .refine((text) => parsePrefix(text) !== undefined, 'expected a network such as 10.8.0.0/14');

export const clusterConfig = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        'expected a name of 1 to 63 lower-case letters, digits and dashes, such as eks-prod-1',
      )
      .describe(
        'Name of the cluster here and key of all its flows: unique, and never changed. Need not be the name Cilium uses',
      ),
    relay: z
      .string()
      .superRefine((text, context) => {
        const address = parseRelayAddress(text);
        if (typeof address === 'string') context.addIssue({ code: 'custom', message: address });
      })
      .describe('Address of the cluster’s Hubble Relay: host:port, or tls://host:port'),
    tls: relayTlsConfig
      .optional()
      .describe('TLS to the relay; giving this section, or a tls:// address, turns it on'),
    ciliumName: z
      .string()
      .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'expected a name as Cilium takes it')
      .optional()
      .describe(
        'Cilium’s cluster-name where it is not the name here; when left out it is learned from Kubernetes, the relay’s list of nodes or the names of nodes, as long as all are of one cluster',
      ),
    meshFilter: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe(
        'Whether flows of other clusters’ nodes are dropped, which a relay in a mesh may send: auto drops them when the relay lists nodes of several clusters, on always, off never',
      ),
    id: z
      .int()
      .min(0)
      .max(511)
      .optional()
      .describe('Cilium’s cluster id (cluster-id), for identities of a mesh; 0 or left out: none'),
    maxConnectedClusters: z
      .union([z.literal(255), z.literal(511)])
      .default(255)
      .describe(
        'Cilium’s max-connected-clusters, which says how identity numbers carry cluster ids',
      ),
    mesh: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe(
        'ClusterMesh the cluster is in, by a name of yours. Cluster names and ids hold within one; those without this setting count as one mesh',
      ),
    podCidrs: z
      .array(cidr)
      .default([])
      .describe(
        'Networks of its pods: separates `world` addresses of unresolved pods from external ones',
      ),
    nodeCidrs: z
      .array(cidr)
      .default([])
      .describe(
        'Networks of its nodes: identifies the cluster that calls through a node’s address',
      ),
    kubernetes: kubernetesConfig
      .optional()
      .describe(
        'Read the cluster’s Kubernetes for identities, pods and their endpoints, nodes, services and namespaces; needs @kubernetes/client-node. Not read when left out',
      ),
    nodes: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Patterns of node names to ask the relay for, such as "eks-prod-1/"; the cluster’s own nodes when empty (see meshFilter)',
      ),
  })
  .refine((cluster) => cluster.id === undefined || cluster.id <= cluster.maxConnectedClusters, {
    path: ['id'],
    message: 'ids above 255 need maxConnectedClusters: 511',
  });
export type ClusterConfig = z.infer<typeof clusterConfig>;

export const clustersConfig = z
  .array(clusterConfig)
  .superRefine((clusters, context) => {
    const first = new Map<string, number>();
    for (const [index, { name }] of clusters.entries()) {
      const other = first.get(name);
      if (other === undefined) first.set(name, index);
      else {
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `"${name}" is the name of clusters[${other}] already: each cluster needs its own`,
        });
      }
    }
  })
  .default([])
  .describe('The clusters to collect from, one relay each');

export const collectorConfig = z.strictObject({
  batch: z
    .strictObject({
      count: z.int().min(1).default(48_000).describe('Responses after which a batch is sealed'),
      bytes: size
        .prefault('48MiB')
        .describe(
          'Size at which a batch is sealed, before the bus packs it; what is too large for a record all the same is asked for again in smaller batches',
        ),
      age: duration.prefault('1s').describe('Age at which a batch is sealed'),
    })
    .prefault({}),
  buffer: size
    .prefault('192MiB')
    .describe(
      'Sealed and not yet durable batches kept per relay; when they exceed this, reading pauses and the nodes’ rings keep what they can',
    ),
  maxResponse: size.prefault('32MiB').describe('A larger response is skipped, counted and logged'),
  lookback: duration
    .prefault('15m')
    .describe(
      'How far back a starting collector asks for; the nodes’ rings hold far less as a rule',
    ),
  overlap: duration
    .prefault('30s')
    .describe(
      'How far before the newest flow seen a lost stream is taken up again, and how long a node new to this process is marked as replay; more than clocks differ and flows come late',
    ),
  reconnect: z
    .strictObject({
      initial: duration.prefault('250ms').describe('Ceiling of the first wait before reconnecting'),
      max: duration.prefault('10s').describe('Ceiling of any wait before reconnecting'),
      stable: duration
        .prefault('30s')
        .describe('A stream that lived this long makes the next wait short again'),
    })
    .prefault({}),
  connectTimeout: duration
    .prefault('10s')
    .describe('Time for connecting, TLS and HTTP/2 settings included'),
  callTimeout: duration.prefault('10s').describe('Deadline of status and health calls'),
  idle: duration
    .prefault('10s')
    .describe(
      'A relay silent for this long is asked for its health; no answer ends the connection',
    ),
  unhealthy: z
    .int()
    .min(1)
    .default(3)
    .describe('Failed health checks of a silent relay after which its stream is opened again'),
  poll: duration.prefault('30s').describe('How often the relay is asked for its status and nodes'),
  configWatch: duration
    .prefault('5s')
    .describe(
      'How often the configuration file is looked at for changed clusters, which are taken up without a restart (on SIGHUP too); 0s: never',
    ),
  report: duration
    .prefault('15s')
    .describe(
      'How often a collector publishes what it knows of its own completeness (the table coverage), one row a node; also at each minute’s end',
    ),
  window: size
    .prefault('4MiB')
    .describe('HTTP/2 flow-control window of a stream: what may be on its way unread'),
  maxNodes: z
    .int()
    .min(1)
    .default(4096)
    .describe(
      'Nodes remembered per relay (4 KiB each); flows of more nodes are marked as replay, which costs the writer queries',
    ),
});
export type CollectorConfig = z.infer<typeof collectorConfig>;

/** Files of the TLS settings that cannot be read, as problems with their paths in the configuration. */
export function unreadableTlsFiles(clusters: readonly ClusterConfig[]): string[] {
  const problems: string[] = [];
  for (const [index, { name, tls }] of clusters.entries()) {
    for (const key of ['ca', 'cert', 'key'] as const) {
      const file = tls?.[key];
      if (file === undefined) continue;
      try {
        accessSync(file, constants.R_OK);
      } catch {
        problems.push(
          `clusters[${index}].tls.${key}: cannot read "${file}" (cluster ${name}): mount the file or correct the path`,
        );
      }
    }
  }
  return problems;
}
