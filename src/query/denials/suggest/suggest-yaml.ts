// A suggested policy as YAML, with the evidence it is made from as comments before it. Pure.
import { Document } from 'yaml';
import { incidentPolicyText } from '../../../incident/incident.ts';
import type { IncidentDetail } from '../detail.ts';
import type { Suggestion } from './suggest.ts';

const LISTED = 5;

export function suggestionYaml(
  { policy, opens, notes }: Suggestion,
  detail: IncidentDetail,
): string {
  const comment = [
    ...evidence(detail),
    '',
    policy === undefined
      ? 'No policy is suggested:'
      : opens
        ? 'This policy admits exactly that traffic.'
        : 'This policy is not enough:',
    ...notes.map((note) => `- ${note}`),
  ]
    .map((line) => ` ${safe(line)}`.trimEnd())
    .join('\n');
  if (policy === undefined) return `${comment.replace(/^/gm, '#')}\n`;
  const document = new Document(policy, { aliasDuplicateObjects: false });
  document.commentBefore = comment;
  return document.toString({ lineWidth: 0 });
}

function evidence(detail: IncidentDetail): string[] {
  const { incident, window, examples, otherSide, coverages } = detail;
  const { id, text, firstSeen, lastSeen, count, state, reason, policies } = incident;
  const list = (title: string, names: readonly string[]) => {
    const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
    return names.length === 0 ? [] : [`${title}: ${names.slice(0, LISTED).join(', ')}${more}`];
  };
  return [
    text,
    `Incident ${id}, ${state}. Denied ${count} times from ${window.since} to ${window.until}${reason === '' ? '' : ` (${reason})`}.`,
    `First seen ${firstSeen}, last seen ${lastSeen}.`,
    ...list('Denied by', policies.map(incidentPolicyText)),
    ...list('From pods', examples.sourcePods),
    ...list('From addresses', examples.sourceAddresses),
    ...list('To pods', examples.destinationPods),
    ...list('To addresses', examples.destinationAddresses),
    ...list('On nodes', examples.nodes),
    ...list('Flows (parallax explain UUID)', examples.uuids),
    `The other side: ${otherSide.text}.`,
    ...coverages.flatMap(({ cluster, complete, text }) =>
      complete ? [] : text.map((sentence) => `Coverage of ${cluster}: ${sentence}`),
    ),
  ];
}

/** Names come from flows: none may end its line. */
function safe(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that must not get through.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g, ' ');
}
