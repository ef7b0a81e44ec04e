// Questions about denials as they come over HTTP or from flags, read into requests.
import { incidentNumber } from '../../hubble/incident.ts';
import { FieldError } from '../http/problem.ts';

/** Throws `input/invalid` for what is no incident's id. */
export function incidentIds(texts: readonly string[]): bigint[] {
  return texts.map((text) => {
    const id = incidentNumber(text);
    if (id === undefined)
      throw new FieldError(
        'incident',
        `${JSON.stringify(text)} is no incident's id; they have 16 hex digits, as \`parallax denials\` lists them`,
      );
    return id;
  });
}
