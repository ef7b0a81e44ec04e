// The story of denials with the built program: after the demo one incident is told, by the server and out of the data
// directory, and the policy suggested for it adds the workload of the other cluster.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../engines/kafka/container.ts';
import { Child } from '../support/e2e/child.ts';
import { type Command, commandOf, objects } from '../support/e2e/command.ts';
import { buildProgram, type Program } from '../support/e2e/program.ts';

const WITHIN_MS = 60_000;

let program: Program;
let directory: string;
let parallax: Command;
let up: Child | undefined;

beforeAll(async () => {
  program = await buildProgram();
  directory = await mkdtemp(join(tmpdir(), 'parallax-denials-'));
  parallax = commandOf(program, directory);
});
afterAll(async () => {
  await up?.kill();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  await program.remove();
});

test('the demo has one incident, and a policy that would open it', async () => {
  const data = join(directory, 'data');
  const listen = `127.0.0.1:${await freePort()}`;
  const started = new Child({
    name: 'up',
    directory,
    args: [program.script, 'up', '--data-dir', data, '--listen', listen],
  });
  up = started;
  onTestFailed(() => console.log(started.tail()));
  const place = ['--data-dir', data];
  const told = async () => objects((await parallax('denials', ...place, '-o', 'ndjson')).stdout);
  let incidents: unknown[] = [];
  await started.until('the incident being told', WITHIN_MS, async () => {
    incidents = await told();
    return incidents.length > 0;
  });
  expect(incidents).toHaveLength(1);
  const [incident] = incidents as { id: string }[]; // objects() parses lines that are objects
  expect(incident).toMatchObject({
    cluster: 'liz-cm-eks-6',
    direction: 'INGRESS',
    reason: 'POLICY_DENIED',
    protocol: 'TCP',
    port: 80,
    source: { cluster: 'liz-cm-gke-5', text: 'farfaraway/xwing' },
    destination: { cluster: 'liz-cm-eks-6', text: 'farfaraway/rebel-base' },
    state: 'open',
    new: true,
    otherSide: { side: 'source', cluster: 'liz-cm-gke-5' },
  });
  const table = await parallax('denials', ...place);
  expect(table.stdout).toMatch(
    /liz-cm-gke-5 farfaraway\/xwing +liz-cm-eks-6 farfaraway\/rebel-base +80\/TCP +INGRESS +default deny/,
  );
  const wide = await parallax('denials', ...place, '-o', 'wide');
  expect(wide.stdout).toMatch(/farfaraway\/rebel-base +80\/TCP +INGRESS .* POLICY_DENIED/);
  const suggest = ['suggest-policy', '--incident', incident?.id ?? ''];
  const policy = {
    kind: 'CiliumNetworkPolicy',
    metadata: { namespace: 'farfaraway' },
    spec: {
      endpointSelector: { matchLabels: expect.not.objectContaining({ 'k8s:class': 'xwing' }) },
      ingress: [
        {
          fromEndpoints: [
            {
              matchLabels: expect.objectContaining({
                'k8s:io.cilium.k8s.policy.cluster': 'liz-cm-gke-5',
                'k8s:io.kubernetes.pod.namespace': 'farfaraway',
              }),
            },
          ],
          toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }] }],
        },
      ],
    },
  };
  const suggested = await parallax(...suggest, '--server', listen);
  expect(parse(suggested.stdout)).toMatchObject(policy);
  const rows = objects((await parallax('denials', ...place, '--rows', '-o', 'ndjson')).stdout);
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row).toMatchObject({ incident: incident?.id });
  expect(await started.stop()).toEqual({ code: 0, signal: null });
  // Nobody has the directory open any more: it is read as it is.
  expect(await told()).toMatchObject([{ id: incident?.id }]);
  expect(parse((await parallax(...suggest, ...place)).stdout)).toMatchObject(policy);
});
