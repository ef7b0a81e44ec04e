// The form of an answer, by the header `accept`.
import { expect, test } from 'vitest';
import { acceptedForm } from '../../../../src/api/http/accept.ts';

const FORMS = [
  'application/x-ndjson',
  'text/csv',
  'text/event-stream',
  'application/json',
] as const;

test.each([
  [undefined, 'application/x-ndjson'],
  ['', 'application/x-ndjson'],
  ['*/*', 'application/x-ndjson'],
  ['nonsense', 'application/x-ndjson'],
  ['application/*', 'application/x-ndjson'],
  ['text/*', 'text/csv'],
  ['TEXT/CSV', 'text/csv'],
  ['application/json', 'application/json'],
  ['application/json, text/plain, */*', 'application/json'],
  ['application/json; charset=utf-8', 'application/json'],
  ['application/x-ndjson, application/json', 'application/x-ndjson'],
  ['application/x-ndjson;q=0.2, application/json;q=0.9', 'application/json'],
  ['application/x-ndjson;q=0, */*', 'text/csv'],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'application/x-ndjson'],
  ['text/event-stream', 'text/event-stream'],
  ['text/*;q=0.5, application/json;q=0.4', 'text/csv'],
])('%s takes %s', (accept, form) => {
  expect(acceptedForm(accept, FORMS)).toBe(form);
});

test.each(['image/png', 'text/html', '*/*;q=0', 'application/json;q=0, text/html'])(
  '%s takes none of them',
  (accept) => {
    expect(() => acceptedForm(accept, FORMS)).toThrow(
      /^accept: ".*" matches no representation; available are application\/x-ndjson, text\/csv/,
    );
  },
);
