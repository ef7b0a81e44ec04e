// An incident in sentences: what was denied, by which policy and why, what the peer cluster saw, and what flows leave open.
// Pure.
import { dropReasonText } from '../../hubble/print/drop-reasons.ts';
import { endText, type Incident, incidentPolicyText } from '../../incident/incident.ts';
import type { Document } from '../request/document.ts';
import type { Denial } from './denial.ts';
import type { PeerView } from './peer-view.ts';
import type { incidentDetailSchema } from './schema.ts';

export type Explanation = Document<typeof incidentDetailSchema>['explanation'];

export function explainIncident(
  incident: Incident,
  denials: readonly Denial[],
  otherSide: PeerView,
): Explanation {
  return {
    sentences: [
      summary(incident),
      decision(incident),
      ...requests(denials),
      peerSentence(incident, otherSide),
      stateSentence(incident),
    ].filter((text) => text !== ''),
    unknown: unknowns(incident, otherSide),
  };
}

function summary({ source, destination, protocol, port, count, firstSeen, lastSeen }: Incident) {
  const to = port === 0 ? protocol : `${protocol} port ${port}`;
  const times = count === 1 ? 'once' : `${count} times`;
  return `${endText(source)} called ${endText(destination)} on ${to} and was denied ${times} in this window; first seen ${firstSeen}, last seen ${lastSeen}.`;
}

function decision(incident: Incident): string {
  const { cluster, direction, how, reason, code, policies } = incident;
  const side = direction === 'EGRESS' ? 'source' : 'destination';
  const named = policies.map(incidentPolicyText).join(', ');
  const dropped = `Cluster ${cluster} dropped it on ${direction} at the ${side}`;
  switch (how) {
    case 'denied-by-policy':
      return `${dropped}: ${reason}, denied by ${named}.`;
    case 'denied-by-unnamed-policy':
      return `${dropped}: ${reason}, denied by a deny rule.`;
    case 'default-deny':
      return `${dropped}: ${reason}. Policies select the ${side} and no rule allows this traffic (default deny).`;
    case 'authentication-required':
      return `${dropped}: ${reason}. A policy requires mutual authentication${named === '' ? '' : ` (${named})`}, which was missing.`;
    case 'denied-by-proxy':
      return `A proxy in cluster ${cluster} refused requests on ${direction} at the ${side}: no layer 7 rule${named === '' ? '' : ` of ${named}`} allows them.`;
    case 'denied-by-source-range':
      return `${dropped}: ${reason}. The loadBalancerSourceRanges of the service do not contain the source.`;
    case 'encryption-required':
      return `${dropped}: ${reason}. Strict encryption is enabled, and the traffic was not encrypted.`;
    case 'audit':
      return `Cluster ${cluster} would deny it on ${direction} at the ${side}, where policies are in audit mode${named === '' ? '' : `; denied by ${named}`}. It was forwarded.`;
    case 'denied':
      return `${dropped}: ${reason}, "${dropReasonText(code)}".`;
    default:
      return how satisfies never;
  }
}

function requests(denials: readonly Denial[]): string[] {
  const http = denials.flatMap(({ http: request }) =>
    request ? [`${request.method} ${request.url}`] : [],
  );
  const dns = denials.flatMap(({ dns: request }) => (request ? [request.query] : []));
  const listed = (title: string, list: readonly string[]) =>
    list.length === 0 ? [] : [`${title} ${[...new Set(list)].join(', ')}.`];
  return [...listed('Refused requests:', http), ...listed('Refused DNS queries:', dns)];
}

function peerSentence({ direction, verdict }: Incident, { flows, verdicts, text }: PeerView) {
  const forwarded = flows > 0 && Object.keys(verdicts).every((word) => word === 'FORWARDED');
  const looks =
    forwarded && direction !== 'EGRESS' && verdict === 'DROPPED'
      ? ' The source sees forwarded flows, because only the destination reports the denial.'
      : '';
  return `The other side: ${text}.${looks}`;
}

function stateSentence({ state, cluster, known, firstSeen }: Incident): string {
  const since = known ? ` Known since ${firstSeen}.` : ' It is new.';
  switch (state) {
    case 'open':
      return `It is ongoing.${since}`;
    case 'resolved':
      return `Resolved: no denial since, while cluster ${cluster} was collected.${since}`;
    case 'stale':
      return `Stale: no denial since, but cluster ${cluster} was not collected for long enough to resolve it.${since}`;
    default:
      return state satisfies never;
  }
}

function unknowns({ how, direction, policies, source, destination }: Incident, peer: PeerView) {
  const open: string[] = [];
  const side = direction === 'EGRESS' ? 'source' : 'destination';
  if (how === 'default-deny')
    open.push(
      `The policies that select the ${side}: flows name none for a default deny. Hubble versions that name no denying policy report a deny rule the same way.`,
    );
  if (how === 'denied-by-unnamed-policy')
    open.push('The denying policy: these flows, of an older Hubble version, do not name it.');
  if (how === 'audit' && policies.length === 0)
    open.push('The policy that would deny it: no flow names one.');
  for (const end of [source, destination])
    if (end.cluster === '' && end.workload !== '')
      open.push(`The cluster of ${end.text}: no flow names it.`);
  if (peer.missing !== undefined && peer.missing !== 'never-arrived')
    open.push(`What the ${peer.side} side saw: ${peer.text}.`);
  return open;
}
