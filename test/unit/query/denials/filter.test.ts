import { describe, expect, it } from 'vitest';
import { FilterBuilder } from '../../../../src/hubble/filter/flags.ts';
import { denialCondition, namesOf } from '../../../../src/query/denials/filter.ts';

function condition(...flags: readonly (readonly [string, string])[]) {
  const builder = new FilterBuilder();
  for (const [flag, value] of flags) builder.set(flag, value);
  return denialCondition(builder.build());
}

describe('a filter over denials', () => {
  it('is told of incidents where they have all that it asks for', () => {
    for (const [flag, value] of [
      ['verdict', 'DROPPED'],
      ['traffic-direction', 'ingress'],
      ['drop-reason-desc', 'POLICY_DENIED'],
      ['protocol', 'tcp'],
      ['to-port', '80'],
      ['namespace', 'shop'],
      ['workload', 'Deployment/web'],
      ['cluster', 'east*'],
    ] as const)
      expect(condition([flag, value]).ofIncidents, flag).toBe(true);
  });

  it('else of single denials', () => {
    for (const [flag, value] of [
      ['pod', 'shop/web'],
      ['ip', '10.0.0.0/8'],
      ['label', 'app=web'],
      ['identity', '70001'],
      ['from-port', '8080'],
      ['node-name', 'east/'],
      ['uuid', '00000000-0000-4000-8000-00000000000a'],
      ['fqdn', 'api.example.com'],
      ['service', 'shop/web'],
      ['http-url', '/x'],
      ['http-method', 'GET'],
      ['ipv4', 'true'],
    ] as const) {
      const found = condition([flag, value]);
      expect(found.ofIncidents, flag).toBe(false);
      expect(found.where.render().text).not.toContain(value);
    }
  });

  it('names what the table calls otherwise, and no more', () => {
    expect(namesOf('denials', condition(['pod', 'shop/web'])).render().text).toBe('');
    expect(namesOf('incidents', condition(['to-workload', 'web'])).render().text).toBe(
      "WITH substring(destination_workload, position(destination_workload, '/') + 1) AS destination_workloads ",
    );
    expect(namesOf('denials', condition(['to-cluster', 'east'])).render().text).toBe(
      'WITH destination_cluster AS destination_cluster_name ',
    );
  });

  it('shows what was denied, unless a verdict is named', () => {
    expect(condition().where.render().text).toBe('verdict = 2');
    expect(condition(['verdict', 'AUDIT']).where.render().text).not.toContain('verdict = 2');
    const all = denialCondition({ whitelist: [], blacklist: [], stream: 'all' });
    expect(all.where.render().text).toBe('1');
  });

  it('takes policies as patterns of whole lines', () => {
    const pattern = (policy: string) => {
      const { where } = denialCondition({
        ...{ whitelist: [], blacklist: [], stream: 'all' },
        policies: [policy],
      });
      // What is tested is JavaScript's reading of a plain pattern.
      return new RegExp(String(where.render().params.p1));
    };
    const lines = 'CiliumNetworkPolicy shop/a.b\nCiliumClusterwideNetworkPolicy /all';
    for (const text of ['a.b', 'shop/a.b', 'CiliumNetworkPolicy shop/a.b', 'all'])
      expect(pattern(text).test(lines), text).toBe(true);
    for (const text of ['aXb', 'b', 'op/a.b', 'x/all', 'NetworkPolicy shop/a.b', 'shop'])
      expect(pattern(text).test(lines), text).toBe(false);
  });

  it('excludes by the blacklist with the same refusals', () => {
    expect(() => denialCondition({ whitelist: [], blacklist: [{ reply: [true] }] })).toThrow(
      /cannot be filtered by reply/,
    );
    const source = [{ source_service: ['shop/web'] }];
    expect(() => denialCondition({ whitelist: [], blacklist: source })).toThrow(/source_service/);
    const either = [...source, { destination_service: ['shop/web'] }];
    expect(denialCondition({ whitelist: [], blacklist: either }).ofIncidents).toBe(false);
  });
});
