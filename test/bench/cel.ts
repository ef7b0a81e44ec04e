// What CEL expressions cost a flow, over the made corpus. `npx tsx test/bench/cel.ts`
import { compileCel } from '../../src/hubble/cel/compile.ts';
import { corpus } from '../support/cli/recorded.ts';

const ROUNDS = 15;
const EXPRESSIONS = [
  '_flow.verdict == Verdict.DROPPED',
  '_flow.verdict == Verdict.DROPPED && _flow.source.namespace == "kube-system"',
  'has(_flow.l7) && _flow.l7.http.code >= 500u',
  '"farfaraway" in [_flow.source.namespace, _flow.destination.namespace]',
  '_flow.source.labels.exists(l, l.startsWith("k8s:app="))',
  '_flow.Summary.matches("TCP Flags: (SYN|ACK).*")',
  '_flow.source.labels.exists(a, _flow.destination.labels.exists(b, a == b))',
];

const flows = (await corpus('flows.jsonl')).flatMap(({ flow }) => (flow ? [flow] : []));
const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
const ignore = () => {};

const rows = EXPRESSIONS.map((expression) => {
  const times: number[] = [];
  const compiling: number[] = [];
  let matched = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    const test = compileCel([expression]);
    const compiled = performance.now();
    matched = flows.filter((flow) => test(flow, ignore)).length;
    compiling.push((compiled - begun) * 1000);
    times.push(((performance.now() - compiled) * 1000) / flows.length);
  }
  return {
    expression,
    'µs a flow': Number(median(times).toFixed(2)),
    'µs to compile': Math.round(median(compiling)),
    matched: `${matched} of ${flows.length}`,
  };
});
console.table(rows);
