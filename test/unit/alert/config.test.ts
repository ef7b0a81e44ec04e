// Settings of webhooks: what is refused, and that nothing secret is shown.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertConfig } from '../../../src/alert/config.ts';
import { loadParallaxConfig, parallaxConfig } from '../../../src/app/config.ts';
import { printConfig } from '../../../src/config/print.ts';
import { schemaTree } from '../../../src/config/tree.ts';
import { CONDITION_NAMES, INCIDENT_CONDITIONS } from '../../../src/incident/incident-conditions.ts';

const SECRET = 'sixteen letters or more';
const hook = { name: 'one', url: 'https://alerts.example/path-token', secret: SECRET };
const problem = (webhooks: unknown) => {
  const parsed = alertConfig.safeParse({ webhooks });
  return parsed.success ? '' : parsed.error.issues.map(({ message }) => message).join('; ');
};

describe('webhooks', () => {
  it('tell of new incidents unless told otherwise', () => {
    const { webhooks } = alertConfig.parse({ webhooks: [hook] });
    expect(webhooks[0]).toMatchObject({ events: ['new'], filter: {}, concurrency: 4 });
  });

  it.each([
    [{ ...hook, secret: undefined }, /give secret or secretFile/],
    [{ ...hook, secretFile: 'file' }, /give secret or secretFile/],
    [{ ...hook, secret: 'short' }, /16 characters/],
    [{ ...hook, url: 'ftp://alerts.example' }, /expected a URL/],
    [{ ...hook, url: 'https://me:word@alerts.example' }, /into headers/],
    [{ ...hook, events: [] }, />=1/],
    [{ ...hook, filter: { port: [70_000] } }, /65535/],
    [{ ...hook, filter: { verdict: ['DENIED'] } }, /there are DROPPED, AUDIT/],
    [{ ...hook, filter: { not: [{ direction: ['up'] }] } }, /Invalid input|there are INGRESS/],
    [{ ...hook, filter: { toPeer: ['10.0.0.0/33'] } }, /no prefix of addresses/],
    [{ ...hook, filter: { namespace: [''] } }, /leave it out/],
    [{ ...hook, filter: { namespaces: ['a'] } }, /Unrecognized/],
    [{ ...hook, headers: { 'x y': 'z' } }, /header’s name|Invalid key/],
    [{ ...hook, headers: { x: 'a\r\nb: c' } }, /printable/],
  ])('refuse what cannot work (%#)', (written, wanted) => {
    expect(problem([written])).toMatch(wanted);
  });

  it('take every condition, and what it leaves out', () => {
    const conditions = Object.fromEntries(
      CONDITION_NAMES.map((name) => {
        const { kind } = INCIDENT_CONDITIONS[name];
        return [name, kind === 'flag' ? true : kind === 'ports' ? [443] : ['*']];
      }),
    );
    const one = { ...hook, filter: { ...conditions, not: conditions } };
    const several = { ...hook, name: 'two', filter: { not: [conditions, { port: [22] }] } };
    const { webhooks } = alertConfig.parse({ webhooks: [one, several] });
    expect(webhooks.map(({ filter }) => filter)).toEqual([one.filter, several.filter]);
  });

  it('have names of their own', () => {
    expect(problem([hook, { ...hook, url: 'https://other.example' }])).toMatch(
      /give each receiver its own name/,
    );
  });

  it('show neither secrets nor headers nor addresses', () => {
    const directory = mkdtempSync(join(tmpdir(), 'parallax-alert-config-'));
    try {
      const file = join(directory, 'parallax.yaml');
      const webhooks = [{ ...hook, headers: { authorization: 'Bearer letters' } }];
      writeFileSync(file, JSON.stringify({ alert: { webhooks } }));
      const { written, origins } = loadParallaxConfig({ env: {}, file });
      const text = printConfig({ tree: schemaTree(parallaxConfig), written, origins });
      for (const word of [SECRET, 'letters', 'path-token']) expect(text).not.toContain(word);
      expect(text).toContain('name: one');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
