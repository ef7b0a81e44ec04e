import { isNodeLocal, RESERVED_IDENTITIES } from '../../hubble/identity.ts';
import { dropReasonText } from '../../hubble/print/drop-reasons.ts';
import { DropReason } from '../../hubble/proto/schema.gen.ts';
import type { Connection, ConnectionEnd } from '../connections/connection.ts';
import type { Side } from '../connections/orient.ts';
import { policyText, type View } from '../connections/view.ts';
import { type Decision, decisionOf } from './decision.ts';

export interface Explanation {
  readonly connection: Connection;
  readonly decision?: Decision;
  readonly sentences: readonly string[];
  /** What the flows leave open. */
  readonly unknown: readonly string[];
}

export function explain(connection: Connection): Explanation {
  const decision = decisionOf(connection);
  return {
    connection,
    ...(decision && { decision }),
    sentences: [
      summary(connection),
      identitySentence('client', connection.client),
      identitySentence('server', connection.server),
      ...sideSentences('source', connection, decision),
      ...sideSentences('destination', connection, decision),
      ...(decision ? decisionSentences(decision, connection) : []),
      ...l7Sentences(connection),
    ].filter((text) => text !== ''),
    unknown: unknowns(connection, decision),
  };
}

const { POLICY_DENY } = DropReason.numbers;

const CAME_TO: Readonly<Record<Connection['outcome'], string>> = {
  forwarded: 'it was forwarded',
  denied: 'it was denied',
  dropped: 'it was dropped, though not by a policy',
  partly: 'some of it was dropped and some got through',
  audited: 'it passed, but a policy in audit mode would have denied it',
  error: 'it ended in an error',
  unknown: 'what became of it is not known',
};

function summary({ client, server, protocol, first, outcome }: Connection): string {
  const port = server.port === 0 ? '' : ` port ${server.port}`;
  return `${whole(client)} called ${whole(server)} on ${protocol}${port} at ${first}: ${CAME_TO[outcome]}.`;
}

/** Short: the pod, else the name or address. */
function named({ namespace, pod, names, ip }: ConnectionEnd): string {
  if (pod !== '') return `${namespace}/${pod}`;
  return names[0] === undefined ? ip : `${names[0]} (${ip})`;
}

function whole(end: ConnectionEnd): string {
  const cluster = end.cluster === '' ? '' : ` in cluster ${end.cluster}`;
  return `${named(end)}${cluster}`;
}

function identitySentence(role: 'client' | 'server', end: ConnectionEnd): string {
  const { identity, clusterId, cluster } = end;
  if (identity === 0) return `The ${role} has no known identity.`;
  const numbered =
    clusterId === 0 ? '' : `, of cluster ${clusterId} (${shifted(identity, clusterId)})`;
  const name = clusterId === 0 || cluster === '' ? '' : `, ${cluster}`;
  return `The ${role}'s identity is ${identity}${kindText(identity)}${numbered}${name}${labelText(end)}.`;
}

function kindText(identity: number): string {
  const reserved = RESERVED_IDENTITIES[identity];
  if (reserved !== undefined) return ` (reserved:${reserved})`;
  return isNodeLocal(identity) ? ', a number that means something on its node only' : '';
}

/** How the id lies in the number: 16 bits up with 255 clusters, 15 with 511. */
function shifted(identity: number, clusterId: number): string {
  const shift = identity >>> 16 === clusterId ? 16 : 15;
  return `${identity} >> ${shift} = ${clusterId}`;
}

const OWN_LABEL = /^k8s:(?!io\.cilium\.|io\.kubernetes\.)|^(reserved|cidr|fqdn):/;
const MAX_LABELS = 6;

function labelText({ labels }: ConnectionEnd): string {
  const own = labels.filter((label) => OWN_LABEL.test(label)).slice(0, MAX_LABELS);
  return own.length === 0 ? '' : `, with labels ${own.join(', ')}`;
}

function sideSentences(
  side: Side,
  connection: Connection,
  decision: Decision | undefined,
): string[] {
  const view = connection[side];
  const missing = connection.missing[side];
  const title = side === 'source' ? 'Source side' : 'Destination side';
  if (view === undefined) return missing ? [`${title}: not seen, since ${missing.text}.`] : [];
  const where = `cluster ${view.cluster} (node ${view.nodes.join(', ') || 'unknown'})`;
  const flows = `${view.flows} ${view.flows === 1 ? 'flow' : 'flows'}`;
  const span = view.first === view.last ? `at ${view.first}` : `from ${view.first} to ${view.last}`;
  const sentences = [`${title}: ${where} saw ${flows} ${span}, ${verdictText(view)}.`];
  const deniedFarther = side === 'source' && decision?.side === 'destination' && isDrop(decision);
  if (deniedFarther && view.verdict === 'FORWARDED')
    sentences.push(
      'The source sees forwarded flows, because only the destination reports the denial.',
    );
  if (view.allowedBy.length > 0 && decision?.side !== side)
    sentences.push(`There it was allowed by ${view.allowedBy.map(policyText).join(', ')}.`);
  return sentences;
}

function verdictText({ verdicts, replies }: View): string {
  const each = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
  return `${each.join(', ')}${replies === 0 ? ', no answer among them' : `, ${replies} of them answers`}`;
}

function isDrop({ how }: Decision): boolean {
  return how !== 'allowed' && how !== 'allowed-by-policy' && how !== 'audit';
}

function decisionSentences(decision: Decision, connection: Connection): string[] {
  const { side, direction, cluster, how, reason = '', code = 0, times = 0 } = decision;
  const end = named(side === 'source' ? connection.client : connection.server);
  const policies = decision.policies.map(policyText).join(', ');
  const often = times === 1 ? 'once' : `${times} times`;
  const why = `${reason} (${code})`;
  const stopped = `Cluster ${cluster} dropped it on ${direction} at the ${side}, ${often}: ${why}`;
  switch (how) {
    case 'denied-by-policy':
      return [
        `${stopped}. Denied by ${policies}${code === POLICY_DENY ? ', an explicit deny' : ''}.`,
      ];
    case 'denied-by-unnamed-policy':
      return [`${stopped}. That is an explicit deny rule; the flow does not name the policy.`];
    case 'default-deny':
      return [
        `${stopped}. No policy is named as denying it: this is the default deny. ${end} is selected by policies for ${direction.toLowerCase()}, and none of their rules allows this ${side === 'source' ? 'destination' : 'client'}.`,
      ];
    case 'authentication-required':
      return [`${stopped}. A rule allows it only with mutual authentication, which was not there.`];
    case 'outside-source-ranges':
      return [
        `${stopped}. The service's load balancer admits other source addresses only (loadBalancerSourceRanges).`,
      ];
    case 'unencrypted':
      return [`${stopped}. It must be encrypted between the nodes, and was not.`];
    case 'denied-by-proxy':
      return [
        `Cluster ${cluster} refused requests on ${direction} at the ${side}: its proxy let no layer 7 rule match${policies === '' ? '' : `; denied by ${policies}`}.`,
      ];
    case 'not-policy':
      return [`${stopped}, "${dropReasonText(code)}". No policy decided that.`];
    case 'audit':
      return [
        `Cluster ${cluster} would deny it on ${direction} at the ${side}: policies are in audit mode there${policies === '' ? '' : `; denied by ${policies}`}. It was let through.`,
      ];
    case 'allowed-by-policy':
      return [
        `Cluster ${cluster} allowed it on ${direction} at the ${side}, by ${policies}${matchText(decision)}.`,
      ];
    case 'allowed':
      return ['Nothing stopped it; no flow names a policy that allowed it.'];
    default:
      return how satisfies never;
  }
}

function matchText({ matches }: Decision): string {
  return matches.length === 0 ? '' : ` (matched on ${matches.join(', ')})`;
}

function l7Sentences({ l7 }: Connection): string[] {
  if (l7 === undefined) return [];
  const counts = (title: string, of: Readonly<Record<string, number>>) => {
    const each = Object.entries(of).map(([name, count]) => `${name}: ${count}`);
    return each.length === 0 ? '' : `; ${title} ${each.join(', ')}`;
  };
  const asked = l7.queries.length === 0 ? '' : `; asked for ${l7.queries.join(', ')}`;
  const time = l7.latency === undefined ? '' : `; answered in ${l7.latency.mean} ms on average`;
  return [
    `A proxy saw ${l7.requests} ${l7.protocol} requests and ${l7.responses} responses${counts('methods', l7.methods)}${counts('codes', l7.codes)}${asked}${counts('DNS codes', l7.rcodes)}${time}.`,
  ];
}

function unknowns(connection: Connection, decision: Decision | undefined): string[] {
  const open: string[] = [];
  const version =
    connection.hubble.length === 0 ? 'Hubble' : `Hubble ${connection.hubble.join(', ')}`;
  if (decision?.how === 'default-deny')
    open.push(
      `Which policies select the ${decision.side} is in no flow: ${version} names none for a default deny. Versions that never name denying policies report a default deny and a deny rule in the same way.`,
    );
  if (decision?.how === 'denied-by-unnamed-policy')
    open.push(`The denying policy: ${version} did not name it.`);
  if (decision?.how === 'audit' && decision.policies.length === 0)
    open.push(`The policy that would deny it: ${version} did not name one.`);
  if (decision?.how === 'allowed') {
    const views = [connection.source, connection.destination];
    open.push(
      views.some((view) => (view?.events.policyVerdict ?? 0) > 0)
        ? `The policy that allowed it: a policy verdict was seen, but ${version} did not name one.`
        : 'Whether a policy allowed it or none selects its ends: only policy verdicts name policies, and none of this connection was seen.',
    );
  }
  for (const side of ['source', 'destination'] as const) {
    const missing = connection.missing[side];
    if (missing !== undefined && missing.reason !== 'never-arrived')
      open.push(`What the ${side} side saw: ${missing.text}.`);
  }
  if (!connection.opened) open.push('How it began: its first SYN is not among the flows read.');
  return open;
}
