// The story of an incident in plain sentences: who was denied what, by whom and why, what the other side saw, and what
// the flows leave open. Pure.

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
      otherSentence(incident, otherSide),
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
  const stopped = `Cluster ${cluster} stopped it on ${direction} at the ${side}`;
  switch (how) {
    case 'denied-by-policy':
      return `${stopped}: ${reason}, denied by ${named}.`;
    case 'denied-by-unnamed-policy':
      return `${stopped}: ${reason}, by a deny rule.`;
    case 'default-deny':
      return `${stopped}: ${reason}. Policies select the ${side}, and no rule of theirs allows this: the default deny.`;
    case 'authentication-required':
      return `${stopped}: ${reason}. A policy asks for mutual authentication${named === '' ? '' : ` (${named})`}, and there was none.`;
    case 'denied-by-proxy':
      return `A proxy in cluster ${cluster} refused requests on ${direction} at the ${side}: no layer 7 rule${named === '' ? '' : ` of ${named}`} allows them.`;
    case 'denied-by-source-range':
      return `${stopped}: ${reason}. The service's loadBalancerSourceRanges do not contain the source.`;
    case 'encryption-required':
      return `${stopped}: ${reason}. Strict encryption is on, and the traffic came unencrypted.`;
    case 'audit':
      return `Cluster ${cluster} would deny it on ${direction} at the ${side}: policies are in audit mode there${named === '' ? '' : `; denied by ${named}`}. It was let through.`;
    case 'denied':
      return `${stopped}: ${reason}, "${dropReasonText(code)}".`;
    default:
      return how satisfies never;
  }
}

function requests(denials: readonly Denial[]): string[] {
  const http = denials.flatMap(({ http: request }) =>
    request ? [`${request.method} ${request.url}`] : [],
  );
  const dns = denials.flatMap(({ dns: request }) => (request ? [request.query] : []));
  const told = (what: string, list: readonly string[]) =>
    list.length === 0 ? [] : [`${what} ${[...new Set(list)].join(', ')}.`];
  return [...told('Refused requests:', http), ...told('Refused DNS questions:', dns)];
}

function otherSentence({ direction, verdict }: Incident, { flows, verdicts, text }: PeerView) {
  const forwarded = flows > 0 && Object.keys(verdicts).every((word) => word === 'FORWARDED');
  const looks =
    forwarded && direction !== 'EGRESS' && verdict === 'DROPPED'
      ? ' To the source it looks forwarded: it left there, and the denial is only told where it arrived.'
      : '';
  return `The other side: ${text}.${looks}`;
}

function stateSentence({ state, cluster, known, firstSeen }: Incident): string {
  const since = known ? ` It is known since ${firstSeen}.` : ' It is new.';
  switch (state) {
    case 'open':
      return `It is going on.${since}`;
    case 'resolved':
      return `It has not been seen since, while cluster ${cluster} was collected: resolved.${since}`;
    case 'stale':
      return `It has not been seen since, but cluster ${cluster} was not collected for long enough to say that it is over.${since}`;
    default:
      return state satisfies never;
  }
}

function unknowns({ how, direction, policies, source, destination }: Incident, other: PeerView) {
  const open: string[] = [];
  const side = direction === 'EGRESS' ? 'source' : 'destination';
  if (how === 'default-deny')
    open.push(
      `Which policies select the ${side} is in no flow: none is named for a default deny. Hubble versions that name no denying policy at all tell a default deny and a named one alike.`,
    );
  if (how === 'denied-by-unnamed-policy')
    open.push('The denying policy: the flows do not name it, as those of older Hubble versions.');
  if (how === 'audit' && policies.length === 0)
    open.push('The policy that would deny it: no flow names one.');
  for (const end of [source, destination])
    if (end.cluster === '' && end.workload !== '')
      open.push(`Which cluster ${end.text} is in: no flow says.`);
  if (other.missing !== undefined && other.missing !== 'never-arrived')
    open.push(`What the ${other.side} side saw: ${other.text}.`);
  return open;
}
