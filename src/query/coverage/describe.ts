import { DAY_MS } from '../../runtime/time.ts';
import type { Coverage } from './coverage.ts';
import type { Gap } from './gaps.ts';
import type { Count } from './intervals.ts';

/** Gaps listed one by one; the rest are counted. */
const LISTED = 5;

export function sentences(coverage: Coverage): string[] {
  const { gaps, collected, complete, window } = coverage;
  if (!collected) return ['nothing was collected in that window'];
  if (complete) return ['complete: every flow the nodes saw in that window is there'];
  const listed = gaps.slice(0, LISTED).map((gap) => sentence(gap, window.untilMs - window.sinceMs));
  const left = gaps.length - listed.length;
  return left > 0 ? [...listed, `and ${left} more gaps; parallax coverage lists them`] : listed;
}

function sentence(gap: Gap, windowMs: number): string {
  const { cluster, node, fromMs, toMs, reason, count } = gap;
  const where = node === '' ? `cluster ${cluster}` : `node ${node} of ${cluster}`;
  const when = `${clock(fromMs, windowMs)}–${clock(toMs, windowMs)}`;
  switch (reason) {
    case 'not-collected':
      if (count !== undefined)
        return `${flows(count)} of ${where} not collected ${when}: seen before a collector came`;
      return `nothing was collected of ${where} ${when}`;
    case 'dark':
      return `${where} dark ${when}: what it saw is not known`;
    case 'restarted':
      return `${where} restarted ${when}: what it saw before is not known`;
    case 'missing':
      return `${flows(count)} of ${where} missing ${when}: overwritten in its ring while it was not read`;
    case 'lost':
      return `${flows(count)} of ${where} lost ${when}, as the node reports`;
    case 'dropped':
      return `${flows(count)} of ${where} dropped ${when}: too large`;
    default:
      return reason satisfies never;
  }
}

function flows(count: Count | undefined): string {
  if (count === undefined) return 'flows';
  const { min, max } = count;
  if (min !== max) return `${min}–${max} flows`;
  return max === 1 ? '1 flow' : `${max} flows`;
}

/** UTC; the day only where the window is longer than one. */
function clock(ms: number, windowMs: number): string {
  const text = new Date(ms).toISOString();
  return windowMs > DAY_MS ? text.slice(0, 16).replace('T', ' ') : text.slice(11, 19);
}
